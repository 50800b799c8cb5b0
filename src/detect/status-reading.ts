import type { RequestOutcome } from '../model/attempt.ts'
import { type Generation, parseGeneration } from '../model/generation.ts'
import type { Observation } from '../model/observation.ts'

/** The counters of one status: what `status-observations.ts` made of it, put together again. */
export interface StatusReading {
  readonly router: string
  /** '' when it does not say. */
  readonly bootId: string
  /** By the router's clock, as its spans are; when it came, where that clock is over 5 min off. */
  readonly atUnixMs: number
  readonly counters: readonly PlaceCounters[]
}

export interface PlaceCounters {
  readonly route: string
  readonly target: string
  /** The pair that the router has applied; undefined when it does not say. */
  readonly observed: Generation | undefined
  /** Ended since boot, by `OUTCOMES`. */
  readonly ended: readonly number[]
  readonly inflight: number
  /** Age of the oldest open attempt; undefined when it does not say. */
  readonly oldestMs: number | undefined
}

export const OUTCOMES: readonly RequestOutcome[] = ['ok', 'failed', 'rejected', 'cancelled']

/** As far as an event may be off its arrival (`clock-guard.ts`). */
const OFF_MAX_MS = 300_000
/** Rules take nothing older; a little less, for the way to them. */
export const REACH_MAX_MS = OFF_MAX_MS - 10_000

/** Statuses never come together with other things; undefined for anything else. */
export function readStatus(
  observations: readonly Observation[],
  receivedUnixMs: number,
): StatusReading | undefined {
  const [first] = observations
  if (first?.unit !== 'status') return undefined
  return {
    router: first.source.id,
    bootId: String(first.field('boot_id') ?? ''),
    atUnixMs: toTime(first.field('clock'), receivedUnixMs),
    counters: observations.flatMap(({ field }) => toCounters(field)),
  }
}

function toTime(clock: unknown, receivedUnixMs: number): number {
  const unixMs = typeof clock === 'string' ? Date.parse(clock) : Number.NaN
  const isOff = !(Math.abs(unixMs - receivedUnixMs) <= OFF_MAX_MS)
  return isOff ? receivedUnixMs : Math.min(unixMs, receivedUnixMs)
}

/** A status in a rule test need not say everything. */
function toCounters(field: Observation['field']): PlaceCounters[] {
  const [route, target] = [field('route'), field('target')]
  if (typeof route !== 'string' || typeof target !== 'string') return []
  if (field('ok') === undefined && field('failed') === undefined) return []
  const generation = field('generation')
  const oldestMs = field('oldest_ms')
  return [
    {
      ...{ route, target },
      observed: typeof generation === 'string' ? parseGeneration(generation) : undefined,
      ended: OUTCOMES.map((outcome) => toCount(field(outcome))),
      inflight: toCount(field('inflight')),
      oldestMs: typeof oldestMs === 'number' ? oldestMs : undefined,
    },
  ]
}

function toCount(value: unknown): number {
  return typeof value === 'number' && value > 0 ? Math.floor(value) : 0
}
