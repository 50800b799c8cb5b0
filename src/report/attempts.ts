import type { Query } from './query.ts'
import { type Range, rangeParams, within } from './range.ts'
import { attemptsOnce, IN_ORDER } from './rows-once.ts'

// Attempts on targets, counted by the database; a span that came twice counts once.

const STARTED = `Route = {route:String} AND ${within('Timestamp')}`
const ENDED = `Route = {route:String} AND ${within('EndTime')}
  AND Timestamp < fromUnixTimestamp64Milli({toMs:Int64})`
const JUDGED = `('ok', 'failed')`
const PRIMARY_STARTED = `${STARTED} AND Role = 'primary'`
const PRIMARY_ENDED = `${ENDED} AND Role = 'primary'`

/** Rows are `PrimaryBin`s. */
export function primaryBinsQuery(range: Range & { readonly binMs: number }): Query {
  return {
    id: 'primary_bins',
    params: { ...rangeParams(range), binMs: range.binMs },
    sql: `
SELECT toFloat64(intDiv(toUnixTimestamp64Milli(timestamp), {binMs:Int64}) * {binMs:Int64}) AS atMs,
  toFloat64(count()) AS count, sumIf(weight, outcome = 'ok') AS ok, sumIf(weight, outcome = 'failed') AS failed
FROM ${attemptsOnce({ columns: ['Timestamp', 'Weight'], where: PRIMARY_STARTED, outcomes: JUDGED })}
GROUP BY atMs ORDER BY atMs ${IN_ORDER}`,
  }
}

/** One row `{count, ok, failed}` of attempts on the primary that *ended* in the range: p0. */
export function baselineQuery(range: Range): Query {
  return {
    id: 'baseline',
    params: rangeParams(range),
    sql: `
SELECT toFloat64(count()) AS count, sumIf(weight, outcome = 'ok') AS ok, sumIf(weight, outcome = 'failed') AS failed
FROM ${attemptsOnce({ columns: ['Weight'], where: PRIMARY_ENDED, outcomes: JUDGED })}
${IN_ORDER}`,
  }
}

/** Rows are `Throughput`s: ok attempts on the primary by the window in which they ended. */
export function throughputQuery(range: Range & { readonly windowMs: number }): Query {
  return {
    id: 'throughput',
    params: { ...rangeParams(range), windowMs: range.windowMs },
    sql: `
SELECT toFloat64(floor(toUnixTimestamp64Milli(endTime) / {windowMs:Float64}) * {windowMs:Float64}) AS atMs,
  sum(weight) AS ok
FROM ${attemptsOnce({ columns: ['EndTime', 'Weight'], where: PRIMARY_ENDED, outcomes: `('ok')` })}
GROUP BY atMs ORDER BY atMs ${IN_ORDER}`,
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
  SELECT cityHash64(requestId) AS key, sum(weight) AS n, sum(weight * cost) AS spent, count() AS rows,
    sumIf(weight, role = 'primary' AND outcome = 'failed') AS failedHere,
    countIf(role = 'fallback' AND outcome = 'ok') > 0 AS isServed
  FROM ${attemptsOnce({ columns: ['RequestId', 'Role', 'Weight', 'Cost'], where: STARTED })}
  GROUP BY key
)
${IN_ORDER}`,
  }
}
