import type { Attempt } from '../model/attempt.ts'
import type { Generation } from '../model/generation.ts'
import { compareGenerations } from '../model/generation.ts'
import { createLatency, type Latency } from './latency.ts'

/**
 * What came of the current generation of one route, counted on attempts that *started* under it:
 * late ends of requests from before a move prove nothing about it.
 */
export interface GenerationStats {
  readonly pair: Generation
  /** Of the primary, since the newest probing began: what failed before is why the route is away. */
  primaryOk: number
  primaryFailed: number
  /** Arrival of the newest ok attempt on the primary. */
  primaryOkUnixMs: number | undefined
  primaryOkStartUnixMs: number | undefined
  readonly primaryLatency: Latency
  focusOk: number
  focusFailed: number
  firstStartUnixMs: number | undefined
  firstOkUnixMs: number | undefined
  /** Attempts seen, and attempts that routers' counters say were started, since the decision. */
  attempts: number
  started: number
}

export function createGenerationStats(pair: Generation): GenerationStats {
  return {
    pair,
    primaryOk: 0,
    primaryFailed: 0,
    primaryOkUnixMs: undefined,
    primaryOkStartUnixMs: undefined,
    primaryLatency: createLatency(),
    focusOk: 0,
    focusFailed: 0,
    firstStartUnixMs: undefined,
    firstOkUnixMs: undefined,
    attempts: 0,
    started: 0,
  }
}

/** From here on the primary is judged by what it does while it is watched. */
export function startProbing(stats: GenerationStats): void {
  stats.primaryOk = 0
  stats.primaryFailed = 0
}

export interface NotedAttempt {
  readonly attempt: Attempt
  readonly pair: Generation | undefined
  readonly primary: string
  /** The target that has to prove itself under this generation. */
  readonly focus: string
  readonly nowMs: number
}

export function noteAttempt(stats: GenerationStats, noted: NotedAttempt): void {
  const { attempt, pair, nowMs } = noted
  if (!pair || compareGenerations(pair, stats.pair) !== 0) return
  const isOk = attempt.outcome === 'ok'
  const startUnixMs = Number(attempt.startUnixNs / 1_000n) / 1_000
  const endUnixMs = Number(attempt.endUnixNs / 1_000n) / 1_000
  stats.attempts++
  if (attempt.target === noted.primary) {
    if (isOk) {
      stats.primaryOk++
      stats.primaryOkUnixMs = nowMs
      stats.primaryOkStartUnixMs = startUnixMs
      stats.primaryLatency.add(endUnixMs - startUnixMs)
    } else if (attempt.outcome === 'failed') stats.primaryFailed++
  }
  if (attempt.target !== noted.focus) return
  stats.firstStartUnixMs = Math.min(stats.firstStartUnixMs ?? startUnixMs, startUnixMs)
  if (isOk) {
    stats.focusOk++
    stats.firstOkUnixMs = Math.min(stats.firstOkUnixMs ?? endUnixMs, endUnixMs)
  } else if (attempt.outcome === 'failed') stats.focusFailed++
}
