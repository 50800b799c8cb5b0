import type { Query } from './query.ts'
import { type Range, rangeParams, within } from './range.ts'

// Attempts on targets, counted by the database; a span that came twice counts once.

const STARTED = `Route = {route:String} AND ${within('Timestamp')}`
const ENDED = `Route = {route:String} AND ${within('EndTime')}
  AND Timestamp < fromUnixTimestamp64Milli({toMs:Int64})`
const JUDGED = `Outcome IN ('ok', 'failed')`
const ONCE = 'LIMIT 1 BY TraceId, SpanId'

/** Rows are `PrimaryBin`s. */
export function primaryBinsQuery(range: Range & { readonly binMs: number }): Query {
  return {
    id: 'primary_bins',
    params: { ...rangeParams(range), binMs: range.binMs },
    sql: `
SELECT toFloat64(intDiv(toUnixTimestamp64Milli(Timestamp), {binMs:Int64}) * {binMs:Int64}) AS atMs,
  toFloat64(count()) AS count, sumIf(Weight, Outcome = 'ok') AS ok, sumIf(Weight, Outcome = 'failed') AS failed
FROM (
  SELECT Timestamp, Outcome, Weight FROM signalbox_attempts
  WHERE ${STARTED} AND Role = 'primary' AND ${JUDGED} ${ONCE}
)
GROUP BY atMs ORDER BY atMs`,
  }
}

/** One row `{count, ok, failed}` of attempts on the primary that *ended* in the range: p0. */
export function baselineQuery(range: Range): Query {
  return {
    id: 'baseline',
    params: rangeParams(range),
    sql: `
SELECT toFloat64(count()) AS count, sumIf(Weight, Outcome = 'ok') AS ok, sumIf(Weight, Outcome = 'failed') AS failed
FROM signalbox_attempts
WHERE ${ENDED} AND Role = 'primary' AND ${JUDGED}`,
  }
}

/** Rows are `Throughput`s: ok attempts on the primary by the window in which they ended. */
export function throughputQuery(range: Range & { readonly windowMs: number }): Query {
  return {
    id: 'throughput',
    params: { ...rangeParams(range), windowMs: range.windowMs },
    sql: `
SELECT toFloat64(floor(toUnixTimestamp64Milli(EndTime) / {windowMs:Float64}) * {windowMs:Float64}) AS atMs,
  sum(Weight) AS ok
FROM signalbox_attempts
WHERE ${ENDED} AND Role = 'primary' AND Outcome = 'ok'
GROUP BY atMs ORDER BY atMs`,
  }
}

export interface AttemptTotalsRow {
  readonly attempts: number
  /** GPU seconds, weighted. */
  readonly cost: number
  readonly failedOnPrimary: number
  /** Those of `failedOnPrimary` whose request had an ok attempt on a fallback. */
  readonly followed: number
  readonly samples: number
}

/** One row over the attempts of every outcome that *started* in the range. */
export function attemptTotalsQuery(range: Range): Query {
  return {
    id: 'attempt_totals',
    params: rangeParams(range),
    sql: `
SELECT sum(n) AS attempts, sum(spent) AS cost, sum(failedHere) AS failedOnPrimary,
  sumIf(failedHere, isServed) AS followed, toFloat64(sum(rows)) AS samples
FROM (
  SELECT cityHash64(RequestId) AS key, sum(Weight) AS n, sum(Weight * Cost) AS spent, count() AS rows,
    sumIf(Weight, Role = 'primary' AND Outcome = 'failed') AS failedHere,
    countIf(Role = 'fallback' AND Outcome = 'ok') > 0 AS isServed
  FROM (
    SELECT RequestId, Role, Outcome, Weight, Cost FROM signalbox_attempts WHERE ${STARTED} ${ONCE}
  )
  GROUP BY key
)`,
  }
}
