import type { StateStore } from '../model/state-store.ts'
import type { PageEvents } from '../telemetry/page-events.ts'
import { createPageState, type PageState } from './page-state.ts'

/** The paging of every open incident, saved at each change under `page/ID`. */
export interface PageBook {
  all(): readonly PageState[]
  get(incidentId: string): PageState | undefined
  /** Nothing is written when `change` gives back what it got. */
  update(incidentId: string, change: (state: PageState) => PageState): PageState
  remove(incidentId: string): void
  /** Writes again what the store refused. */
  flush(): void
}

export function createPageBook(options: {
  readonly store: StateStore
  readonly events: PageEvents
}): PageBook {
  const { store, events } = options
  const states = new Map<string, PageState>()
  const revisions = new Map<string, number>()
  const dirty = new Set<string>()
  const keyOf = (id: string) => `page/${id}`

  // A store that refuses (a full disk) must not keep people from being paged.
  const save = (id: string, state: PageState | undefined) => {
    dirty.add(id)
    try {
      const expect = revisions.get(id) ?? 0
      if (store.commit([{ key: keyOf(id), value: state, expect }])) {
        if (state) revisions.set(id, expect + 1)
        else revisions.delete(id)
        dirty.delete(id)
        return
      }
      revisions.set(id, store.get(keyOf(id))?.revision ?? 0)
      events.saveFailed({ incident: id, reason: 'the stored revision is another one' })
    } catch (fault) {
      events.saveFailed({ incident: id, reason: String(fault) })
    }
  }
  for (const { value, revision } of store.list<PageState>('page/')) {
    states.set(value.incident, value)
    revisions.set(value.incident, revision)
  }
  return {
    all: () => [...states.values()],
    get: (id) => states.get(id),
    update(id, change) {
      const before = states.get(id) ?? createPageState(id)
      const after = change(before)
      if (after === before && states.has(id)) return after
      states.set(id, after)
      save(id, after)
      return after
    },
    remove(id) {
      if (states.delete(id)) save(id, undefined)
    },
    flush() {
      for (const id of [...dirty]) save(id, states.get(id))
    },
  }
}
