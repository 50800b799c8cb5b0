import type { Query } from './query.ts'
import { type Range, rangeParams, within } from './range.ts'
import { IN_ORDER, requestsOnce } from './rows-once.ts'

// Request spans, each once: what is known, how much was offered, how long answers took.

const JUDGED = `('ok', 'failed')`
const STARTED = `Route = {route:String} AND ${within('Timestamp')}`

export interface KnownRow {
  /** Newest end and oldest start of the route's stored requests; null without any. */
  readonly newestMs: number | null
  readonly oldestMs: number | null
}

export function knownQuery(route: string): Query {
  return {
    id: 'known',
    params: { route },
    sql: `
SELECT if(count() = 0, NULL, toUnixTimestamp64Milli(max(EndTime))) AS newestMs,
  if(count() = 0, NULL, toUnixTimestamp64Milli(min(Timestamp))) AS oldestMs
FROM signalbox_requests WHERE Route = {route:String}`,
  }
}

/** Rows `{atMs, eligible, offered}` by start, as the request spans say it: samples, and weights. */
export function offeredQuery(
  range: Range & { readonly binMs: number; readonly id: string },
): Query {
  return {
    id: range.id,
    params: { ...rangeParams(range), binMs: range.binMs },
    sql: `
SELECT toFloat64(intDiv(toUnixTimestamp64Milli(timestamp), {binMs:Int64}) * {binMs:Int64}) AS atMs,
  toFloat64(countIf(outcome IN ${JUDGED})) AS eligible, sum(weight) AS offered
FROM ${requestsOnce({ columns: ['Timestamp', 'Weight'], where: STARTED })}
GROUP BY atMs ORDER BY atMs ${IN_ORDER}`,
  }
}

/** One row `{eligible, oldestMs}`: what the error budget is reckoned with. */
export function budgetQuery(range: Range): Query {
  return {
    id: 'budget_window',
    params: rangeParams(range),
    sql: `
SELECT sum(weight) AS eligible,
  if(count() = 0, NULL, toUnixTimestamp64Milli(min(timestamp))) AS oldestMs
FROM ${requestsOnce({ columns: ['Timestamp', 'Weight'], where: STARTED, outcomes: JUDGED })}
${IN_ORDER}`,
  }
}

export interface PatienceRow {
  /** '' = all classes. */
  readonly class: string
  readonly p95Ms: number
  readonly count: number
}

/** A request that began before the range may end in it; its deadline is not known here. */
const UNTIL = `Route = {route:String} AND Timestamp < fromUnixTimestamp64Milli({toMs:Int64})
      AND EndTime >= fromUnixTimestamp64Milli({fromMs:Int64})`

/** Baseline p95 of latency by class: ok requests that ended in the range, not by a fallback. */
export function patienceQuery(range: Range): Query {
  return {
    id: 'patience',
    params: rangeParams(range),
    sql: `
SELECT toString(class) AS class, quantileExact(0.95)(latencyMs) AS p95Ms, toFloat64(count()) AS count
FROM (
  SELECT arrayJoin(if(one.class = '', [''], ['', toString(one.class)])) AS class,
    (toUnixTimestamp64Micro(endTime) - toUnixTimestamp64Micro(timestamp)) / 1e3 AS latencyMs
  FROM ${requestsOnce({ columns: ['Timestamp', 'EndTime', 'Class', 'FinalRole'], where: UNTIL, outcomes: `('ok')` })} AS one
  WHERE ${within('endTime')} AND finalRole != 'fallback'
)
GROUP BY class ORDER BY class ${IN_ORDER}`,
  }
}

/** One row of what a reader should know about the data itself. */
export function qualityQuery(range: Range & { readonly latenessMs: number }): Query {
  return {
    id: 'quality',
    params: { ...rangeParams(range), latenessMs: range.latenessMs },
    sql: `
SELECT toFloat64(count()) AS spans, toFloat64(count() - uniqExact(TraceId, SpanId)) AS duplicates,
  toFloat64(countIf(toUnixTimestamp64Milli(ReceivedAt) - toUnixTimestamp64Milli(EndTime) > {latenessMs:Int64})) AS late,
  toFloat64(countIf(Weight != 1)) AS sampled, toFloat64(uniqExact(RequestId)) AS requests,
  toFloat64(countIf(Outcome = 'ok' AND FinalRole = '')) AS withoutTarget
FROM signalbox_requests WHERE ${STARTED} AND Revision = 0`,
  }
}
