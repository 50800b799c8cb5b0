import type { Query } from './query.ts'
import { type Range, rangeParams, within } from './range.ts'

// Single moments of attempts, for the chain t1…t9.

/** An attempt as a stamp of the chain; times unix ms with fractions. */
export interface AttemptStampRow {
  readonly startMs: number
  readonly endMs: number
  readonly receivedMs: number
  readonly router: string
}

const STAMP = `toUnixTimestamp64Micro(Timestamp) / 1e3 AS startMs, toUnixTimestamp64Micro(EndTime) / 1e3 AS endMs,
  toFloat64(toUnixTimestamp64Milli(ReceivedAt)) AS receivedMs, toString(Router) AS router`

/** At most one row: t1 and t2, the failed attempt on the primary, of those started, that ended first. */
export function firstFailedQuery(range: Range): Query {
  return {
    id: 'first_failed',
    params: rangeParams(range),
    sql: `
SELECT ${STAMP} FROM signalbox_attempts
WHERE Route = {route:String} AND ${within('Timestamp')} AND Role = 'primary' AND Outcome = 'failed'
ORDER BY EndTime, ReceivedAt, SpanId LIMIT 1`,
  }
}

interface GenerationRange extends Range {
  readonly epoch: number
  readonly generation: number
}

export interface UnderGenerationRow {
  readonly router: string
  /** First attempt of any kind: when its span came (the second witness). */
  readonly firstReceivedMs: number
  /** First start on a fallback, first end of an ok one there; 0 when there is none. */
  readonly fallbackStartMs: number
  readonly fallbackOkMs: number
}

/** One row per router that sent attempts under (epoch, generation) or a newer pair. */
export function underGenerationQuery(range: GenerationRange): Query {
  return {
    id: 'under_generation',
    params: { ...rangeParams(range), epoch: range.epoch, generation: range.generation },
    sql: `
SELECT toString(Router) AS router, toFloat64(min(toUnixTimestamp64Milli(ReceivedAt))) AS firstReceivedMs,
  minIf(toUnixTimestamp64Micro(Timestamp), Role = 'fallback') / 1e3 AS fallbackStartMs,
  minIf(toUnixTimestamp64Micro(EndTime), Role = 'fallback' AND Outcome = 'ok') / 1e3 AS fallbackOkMs
FROM signalbox_attempts
WHERE Route = {route:String} AND ${within('Timestamp')} AND (toUInt64OrZero(splitByChar('.', toString(Generation))[1]),
  toUInt64OrZero(splitByChar('.', toString(Generation))[2])) >= ({epoch:UInt64}, {generation:UInt64})
GROUP BY Router ORDER BY Router`,
  }
}
