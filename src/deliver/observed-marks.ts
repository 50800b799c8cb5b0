import type { Cancel, Clock } from '../lib/clock.ts'
import type { Generation } from '../model/generation.ts'
import type { StateStore } from '../model/state-store.ts'

/** What a subscription's router is known to have in force. */
export interface Mark extends Generation {
  /** Newest version it answered or reported under that pair. */
  readonly version: number
}

/** Marks survive restarts, so that only what is not observed is pushed anew. */
export interface ObservedMarks {
  get(subscription: string, route: string): Mark | undefined
  /** Kept at once, stored within a second: losing it costs one needless push. */
  set(place: { readonly subscription: string; readonly route: string }, mark: Mark): void
  forget(subscription: string): void
  flush(): void
}

export interface ObservedMarksOptions {
  readonly store: StateStore
  readonly clock: Clock
  readonly events: { marksNotSaved(failure: { readonly reason: string }): void }
}

// One synced write per mark would hold up the pushes of a hundred routers that observe together.
const FLUSH_MS = 1_000
const keyOf = (subscription: string) => `observed/${subscription}`

export function createObservedMarks(options: ObservedMarksOptions): ObservedMarks {
  const { store, clock } = options
  const marks = new Map<string, Record<string, Mark>>()
  const dirty = new Set<string>()
  let cancel: Cancel | undefined
  for (const { key, value } of store.list<Record<string, Mark>>('observed/')) {
    marks.set(key.slice('observed/'.length), value)
  }
  const flush = () => {
    cancel?.()
    cancel = undefined
    if (dirty.size === 0) return
    try {
      store.commit([...dirty].map((id) => ({ key: keyOf(id), value: marks.get(id) })))
      dirty.clear()
    } catch (fault) {
      options.events.marksNotSaved({ reason: String(fault) })
    }
  }
  const touch = (subscription: string) => {
    dirty.add(subscription)
    cancel ??= clock.after(FLUSH_MS, flush)
  }
  return {
    get: (subscription, route) => marks.get(subscription)?.[route],
    set({ subscription, route }, mark) {
      marks.set(subscription, { ...marks.get(subscription), [route]: mark })
      touch(subscription)
    },
    forget(subscription) {
      marks.delete(subscription)
      touch(subscription)
    },
    flush,
  }
}
