import type { Timings } from '../config/timings.ts'
import type { Attempt, RequestOutcome } from '../model/attempt.ts'
import { type Bins, createBins } from './bins.ts'
import { createRecentLatency } from './latency.ts'

// What attempts say of a target, as they arrive: no watermark, because fail-back and proof must
// not wait for lateness. Bounded by the number of targets that attempts may name.

export interface TargetStats {
  readonly bins: Bins
  lastOkUnixMs: number | undefined
  readonly lastHundred: LastHundred
  readonly latency: ReturnType<typeof createRecentLatency>
}

export interface TargetBook {
  /** Of a route on a target, or of a target over all routes (`route` ''). */
  of(route: string, target: string): TargetStats
  find(route: string, target: string): TargetStats | undefined
  note(attempt: Attempt, nowMs: number): void
  /** Requests that ended per second; attempts where routers send no requests. Weighted. */
  offeredRps(route: string, nowMs: number): number
  request(route: string, outcome: RequestOutcome, at: { nowMs: number; weight: number }): void
}

/** Outcomes of the last 100 judged attempts. */
export interface LastHundred {
  readonly failedCount: number
  add(hasFailed: boolean): void
}

const STATS_MAX = 2_000
/** 10 bins make the "last 10 s" of views, 60 a full window of throughput, 600 the longest memory. */
const BIN_COUNT = 600

export function binMsOf(timings: Timings): number {
  return timings.throughputWindowMs / 60
}

export function createTargetBook(timings: Timings): TargetBook {
  /** By route, then target; asked for twice with each attempt. */
  const stats = new Map<string, Map<string, TargetStats>>()
  let count = 0
  const requests = new Map<string, Bins>()
  const attempts = new Map<string, Bins>()
  const binMs = binMsOf(timings)
  const newBins = () => createBins({ binMs, binCount: BIN_COUNT })

  const of = (route: string, target: string) => {
    const onRoute = stats.get(route)
    const known = onRoute?.get(target)
    if (known) return known
    const fresh: TargetStats = {
      bins: newBins(),
      lastOkUnixMs: undefined,
      lastHundred: createLastHundred(),
      latency: createRecentLatency(timings.hourMs / 6),
    }
    if (count >= STATS_MAX) return fresh
    count++
    if (onRoute) onRoute.set(target, fresh)
    else stats.set(route, new Map([[target, fresh]]))
    return fresh
  }
  const binsOf = (map: Map<string, Bins>, route: string) => {
    const bins = map.get(route) ?? newBins()
    if (map.size < STATS_MAX) map.set(route, bins)
    return bins
  }

  return {
    of,
    find: (route, target) => stats.get(route)?.get(target),
    note(attempt, nowMs) {
      const durationMs = Number(attempt.endUnixNs - attempt.startUnixNs) / 1e6
      for (const one of [of(attempt.route, attempt.target), of('', attempt.target)]) {
        one.bins.add(nowMs, attempt.outcome, attempt.weight)
        if (attempt.outcome === 'ok') {
          one.lastOkUnixMs = nowMs
          one.latency.add(nowMs, durationMs)
        }
        if (attempt.outcome !== 'ok' && attempt.outcome !== 'failed') continue
        one.lastHundred.add(attempt.outcome === 'failed')
      }
      binsOf(attempts, attempt.route).add(nowMs, attempt.outcome, attempt.weight)
    },
    request: (route, outcome, { nowMs, weight }) =>
      binsOf(requests, route).add(nowMs, outcome, weight),
    offeredRps(route, nowMs) {
      const rateOf = (bins: Bins | undefined) =>
        Math.max(
          bins?.ratePerS(nowMs, 10 * binMs) ?? 0,
          bins?.ratePerS(nowMs, timings.throughputWindowMs) ?? 0,
        )
      return rateOf(requests.get(route)) || rateOf(attempts.get(route))
    },
  }
}

export function failedRatio(counts: {
  readonly ok: number
  readonly failed: number
}): number | null {
  const judged = counts.ok + counts.failed
  return judged === 0 ? null : counts.failed / judged
}

function createLastHundred(): LastHundred {
  const hasFailed = new Uint8Array(100)
  let at = 0
  let failedCount = 0
  return {
    get failedCount() {
      return failedCount
    },
    add(one) {
      failedCount += Number(one) - (hasFailed[at] as number)
      hasFailed[at] = Number(one)
      at = (at + 1) % hasFailed.length
    },
  }
}
