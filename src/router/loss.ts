import type { Clock } from '../lib/clock.ts'
import type { StateData } from '../model/desired.ts'
import type { RouterEvent } from './router-event.ts'

/** What to do when the controller is not heard: hold the last state, or go back to a healthy primary. */
export interface Loss {
  /** Something authentic came from the controller, whatever it said. */
  heard(): void
  /** Judges anew; called every second. */
  judge(): void
  /** True while the route serves its static primary because the controller is lost. */
  isReverted(route: string): boolean
}

export interface LossOptions {
  readonly clock: Clock
  documents(): ReadonlyMap<string, StateData>
  primaryOf(route: string): string | undefined
  /** Ends of attempts there within the last 30 s. */
  recent(place: { readonly route: string; readonly target: string }): {
    readonly ok: number
    readonly failed: number
  }
  emit(event: RouterEvent): void
}

// A primary that is coming back is judged by few attempts (its trickle), one that serves by more.
const HEALTHY_OK_MIN = 3
const HEALTHY_FAILED_MAX = 0.1
const SICK_COUNT_MIN = 5
const SICK_FAILED_MIN = 0.5

export function createLoss(options: LossOptions): Loss {
  const { clock, documents, emit } = options
  const lost = new Set<string>()
  const reverted = new Set<string>()
  let heardMs = clock.monotonicMs()

  const judgeRoute = (route: string, data: StateData, silentMs: number) => {
    const { after_s: afterS, then } = data.on_controller_loss
    if (silentMs < afterS * 1_000) {
      if (lost.delete(route)) emit({ kind: 'controller_back', route })
      reverted.delete(route)
      return
    }
    if (!lost.has(route)) {
      lost.add(route)
      emit({ kind: 'controller_lost', route, then })
    }
    const target = options.primaryOf(route)
    if (then !== 'revert' || target === undefined) return
    const { ok, failed } = options.recent({ route, target })
    const failedRatio = failed / Math.max(1, ok + failed)
    if (ok >= HEALTHY_OK_MIN && failedRatio <= HEALTHY_FAILED_MAX) reverted.add(route)
    // An overloaded primary looks well until it is loaded again: then the last state is better.
    if (ok + failed >= SICK_COUNT_MIN && failedRatio >= SICK_FAILED_MIN) reverted.delete(route)
  }

  return {
    heard() {
      heardMs = clock.monotonicMs()
      // Back at once: what the controller decided holds again.
      for (const route of lost) emit({ kind: 'controller_back', route })
      lost.clear()
      reverted.clear()
    },
    judge() {
      const silentMs = clock.monotonicMs() - heardMs
      for (const [route, data] of documents()) judgeRoute(route, data, silentMs)
    },
    isReverted: (route) => reverted.has(route),
  }
}
