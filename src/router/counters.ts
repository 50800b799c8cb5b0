import type { Clock } from '../lib/clock.ts'
import type { RouterStatus, TargetCounters } from '../model/router-status.ts'

export type AttemptOutcome = 'ok' | 'failed' | 'rejected' | 'cancelled'

/** Attempts since boot, per route and target, as the status tells them. */
export interface Counters {
  /** Returns the function that ends it; only the first call counts. */
  started(place: {
    readonly route: string
    readonly target: string
  }): (outcome: AttemptOutcome) => void
  routes(): RouterStatus['routes']
  /** Attempts on a target that ended within the last 30 s. */
  recent(place: { readonly route: string; readonly target: string }): {
    readonly ok: number
    readonly failed: number
  }
}

const PLACES_MAX = 1_000
const RECENT_S = 30

interface Tally {
  readonly total: Record<AttemptOutcome | 'started', number>
  /** Start times (monotonic) of what is open, oldest first: a Set keeps the order of insertion. */
  readonly open: Set<{ readonly startMs: number }>
  /** Per second, the last 30: index = second modulo 30. */
  readonly seconds: { atS: number; ok: number; failed: number }[]
}

export function createCounters(clock: Clock): Counters {
  const routes = new Map<string, Map<string, Tally>>()
  let placeCount = 0
  const find = (route: string, target: string) => routes.get(route)?.get(target)
  const findOrAdd = (route: string, target: string): Tally => {
    const known = find(route, target)
    if (known) return known
    const tally: Tally = {
      total: { started: 0, ok: 0, failed: 0, rejected: 0, cancelled: 0 },
      open: new Set(),
      seconds: [],
    }
    // Names come from configuration and documents; a bound all the same.
    if (placeCount >= PLACES_MAX) return tally
    placeCount += 1
    const targets = routes.get(route) ?? new Map<string, Tally>()
    routes.set(route, targets.set(target, tally))
    return tally
  }

  return {
    started({ route, target }) {
      const tally = findOrAdd(route, target)
      const attempt = { startMs: clock.monotonicMs() }
      tally.total.started += 1
      tally.open.add(attempt)
      return (outcome) => {
        if (!tally.open.delete(attempt)) return
        tally.total[outcome] += 1
        if (outcome === 'ok' || outcome === 'failed') addRecent(tally, clock, outcome)
      }
    },
    routes: () =>
      Object.fromEntries(
        [...routes].map(([route, targets]) => [
          route,
          {
            targets: Object.fromEntries(
              [...targets].map(([target, tally]) => [target, toCounters(tally, clock)]),
            ),
          },
        ]),
      ),
    recent({ route, target }) {
      const sinceS = clock.monotonicMs() / 1_000 - RECENT_S
      const seconds = find(route, target)?.seconds.filter((one) => one.atS > sinceS) ?? []
      return {
        ok: seconds.reduce((sum, one) => sum + one.ok, 0),
        failed: seconds.reduce((sum, one) => sum + one.failed, 0),
      }
    },
  }
}

function addRecent(tally: Tally, clock: Clock, outcome: 'ok' | 'failed'): void {
  const atS = Math.floor(clock.monotonicMs() / 1_000)
  const last = tally.seconds[atS % RECENT_S]
  const second = last?.atS === atS ? last : { atS, ok: 0, failed: 0 }
  second[outcome] += 1
  tally.seconds[atS % RECENT_S] = second
}

function toCounters({ total, open }: Tally, clock: Clock): TargetCounters {
  const [oldest] = open
  return {
    ...total,
    inflight: open.size,
    oldest_ms: oldest ? Math.max(0, Math.round(clock.monotonicMs() - oldest.startMs)) : 0,
  }
}
