import type { Clock } from '../lib/clock.ts'
import type { StateData, StateDocument } from '../model/desired.ts'
import type { Generation } from '../model/generation.ts'

/** Tells waiting polls and open streams of every new version. Bounded in listeners. */
export interface StateFeed {
  /** Called after the state is committed. */
  publish(data: StateData): void
  /** The current document, once its version differs from `since` or `waitMs` has passed. */
  wait(since: number, options: { waitMs: number; signal: AbortSignal }): Promise<StateDocument>
  /** Returns undefined, and listens to nothing, when `listenersMax` are listening. */
  listen(listener: (data: StateData) => void): (() => void) | undefined
  pairs(): HeartbeatData
}

export interface HeartbeatData {
  readonly version: number
  readonly pairs: Readonly<Record<string, Generation>>
}

export interface StateFeedOptions {
  readonly state: () => StateDocument
  readonly clock: Clock
  readonly listenersMax?: number
}

export function createStateFeed({
  state,
  clock,
  listenersMax = 2_000,
}: StateFeedOptions): StateFeed {
  const listeners = new Set<(data: StateData) => void>()
  const listen: StateFeed['listen'] = (listener) => {
    if (listeners.size >= listenersMax) return undefined
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  return {
    publish(data) {
      for (const listener of [...listeners]) listener(data)
    },
    wait(since, { waitMs, signal }) {
      if (state().version !== since || waitMs <= 0 || signal.aborted)
        return Promise.resolve(state())
      return new Promise((resolve) => {
        const finish = () => {
          stopListening?.()
          cancel()
          signal.removeEventListener('abort', finish)
          resolve(state())
        }
        const cancel = clock.after(waitMs, finish)
        const stopListening = listen(finish)
        signal.addEventListener('abort', finish, { once: true })
        if (!stopListening) finish()
      })
    },
    listen,
    pairs() {
      const { version, routes } = state()
      const pairs = Object.fromEntries(
        Object.entries(routes).map(([route, { epoch, generation }]) => [
          route,
          { epoch, generation },
        ]),
      )
      return { version, pairs }
    },
  }
}
