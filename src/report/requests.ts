import type { Query } from './query.ts'

// Logical requests out of `signalbox_requests` and `signalbox_attempts`. The database groups both by
// RequestId in one pass, without a join, and gives back bins or sessions: rows of single requests
// never leave it. Every aggregate here is idempotent, so that a span that came twice counts once.
// Ids are hashed to 64 bits, outcomes and roles are small numbers inside, and "the last" is a maximum
// over one wide number: about 100 bytes of state per request instead of 700.

/** What of a route, and when: start times in [fromMs, toMs). */
export interface RequestScope {
  readonly route: string
  readonly fromMs: number
  readonly toMs: number
  /** The attempts of a request lie at most so far from it: the route's `deadline`. */
  readonly deadlineMs: number
}

const SPAN_COLUMNS = `cityHash64(RequestId) AS key, toUnixTimestamp64Micro(Timestamp) AS s,
        toUnixTimestamp64Micro(EndTime) AS e, indexOf(['ok', 'failed', 'rejected', 'cancelled', 'unknown'], Outcome) AS o,
        Weight AS w, toUInt64(Images) AS i`
const SPAN_RANGE = `Route = {route:String}
        AND Timestamp >= fromUnixTimestamp64Milli({fromMs:Int64} - {marginMs:Int64})
        AND Timestamp < fromUnixTimestamp64Milli({toMs:Int64} + {marginMs:Int64})`
const ROLES = `['primary', 'fallback', 'unlisted']`
const OUTCOMES = `['ok', 'failed', 'rejected', 'cancelled', 'unknown']`

/** Bits of what the spans of one request say together. */
const BITS = {
  span: 1,
  attempt: 2,
  ok: 4,
  failedAny: 8,
  failedPrimary: 16,
  okPrimary: 32,
  onPrimary: 64,
  onFallback: 128,
  job: 256,
} as const
const has = (bit: keyof typeof BITS) => `bitAnd(bits, ${BITS[bit]}) > 0`
const ATTEMPT_BITS = `2 + 4 * (o = 1) + 8 * (o = 2) + 16 * (o = 2 AND r = 1) + 32 * (o = 1 AND r = 1)
        + 64 * (r = 1) + 128 * (r = 2)`

/** 2^64 and 2^62: of the two halves of what a request span says, and of an asynchronous request. */
const HALF = `toUInt128('18446744073709551616')`
const JOB = 'toUInt64(4611686018427387904)'
const IS_JOB = `Form IN ('job', 'end')`
/**
 * What a request span says, so that the greatest is the word that counts: of an asynchronous request
 * the last revision, whatever polls say; else the last end, and of one span its last revision.
 */
const SAID_BY_SPAN = `toUInt128(if(${IS_JOB}, ${JOB} + Revision, toUInt64(e))) * ${HALF}
          + toUInt64(if(${IS_JOB}, toUInt64(e), Revision) * 64 + o * 8 + r)`
/** Attempts that were written again (Revision > 0) count by their last word; they are few. */
const CURRENT_ATTEMPTS = `Outcome != '' AND if(Revision = 0,
          cityHash64(TraceId, SpanId) NOT IN (SELECT cityHash64(TraceId, SpanId) FROM signalbox_attempts
            WHERE ${SPAN_RANGE} AND Revision > 0),
          (cityHash64(TraceId, SpanId), Revision) IN (SELECT cityHash64(TraceId, SpanId), max(Revision)
            FROM signalbox_attempts WHERE ${SPAN_RANGE} AND Revision > 0 GROUP BY 1))`

/**
 * One row per logical request (RequestId; without its own id that is the trace):
 * - startMs, endMs: first start and last end of its request spans; an asynchronous request begins
 *   with the first record of it, also an attempt, and ends as its last word says;
 * - outcome: unknown while an asynchronous request has no end; failed if its last attempt failed and none was ok; else as its last request span says.
 *   Without a request span (not come yet, or lost): by its attempts alone;
 * - role: of the target of its last ok attempt, else as the request span says; unlisted and unknown
 *   targets are `other`; '' unless ok;
 * - failedPrimary, okPrimary: it has such an attempt on the primary; failedAny: on any target;
 * - straight: it has an attempt on a fallback and none, of any outcome, on the primary;
 * - session, 0 = none, and patience: only with `sessions`.
 */
function logicalRequests({ sessions = '' } = {}): string {
  const own = sessions === '' ? '' : `,\n        ${sessions}`
  const picked =
    sessions === ''
      ? ''
      : `,\n      max(sessionKey) AS session, if(countIf(isSpan) > 0, maxIf(p, isSpan), max(p)) AS patience`
  return `
  SELECT *, ${has('span')} AS hasSpan, ${has('attempt')} AS hasAttempt, ${has('ok')} AS hasOk,
    ${has('failedAny')} AS failedAny, ${has('failedPrimary')} AS failedPrimary, ${has('okPrimary')} AS okPrimary,
    ${has('job')} AS isJob,
    multiIf(NOT hasSpan, attemptStart, isJob AND hasAttempt, least(spanStart, attemptStart), spanStart) / 1e3 AS startMs,
    multiIf(NOT hasSpan, intDiv(lastAttempt, 64), isJob, intDiv(toUInt64(lastSpan % ${HALF}), 64),
      toUInt64(intDiv(lastSpan, ${HALF}))) / 1e3 AS endMs,
    multiIf(hasSpan AND intDiv(spanSays, 8) = 5, 'unknown',
      hasAttempt AND NOT hasOk AND intDiv(lastAttempt % 64, 8) = 2, 'failed',
      hasSpan, ${OUTCOMES}[intDiv(spanSays, 8)],
      hasOk, 'ok', ${OUTCOMES}[intDiv(lastAttempt % 64, 8)]) AS outcome,
    if(hasOk, lastOk % 8, spanSays % 8) AS servedBy,
    multiIf(outcome != 'ok', '', servedBy = 1, 'primary', servedBy = 2, 'fallback', 'other') AS role,
    if(hasAttempt, ${has('onFallback')} AND NOT ${has('onPrimary')}, spanSays % 8 = 2) AS straight,
    if(hasSpan, spanWeight, attemptWeight) AS weight
  FROM (
    SELECT key, groupBitOr(bit) AS bits,
      minIf(s, isSpan) AS spanStart, minIf(s, NOT isSpan) AS attemptStart,
      max(spanSaid) AS lastSpan, toUInt8(lastSpan % 64) AS spanSays,
      max(attemptSaid) AS lastAttempt, maxIf(attemptSaid, o = 1) AS lastOk,
      maxIf(w, isSpan) AS spanWeight, maxIf(w, NOT isSpan) AS attemptWeight, max(i) AS images${picked}
    FROM (
      SELECT ${SPAN_COLUMNS}, indexOf(${ROLES}, FinalRole) AS r,
        toUInt16(1 + 256 * (${IS_JOB})) AS bit, true AS isSpan,
        ${SAID_BY_SPAN} AS spanSaid, toInt64(0) AS attemptSaid${own}
      FROM signalbox_requests WHERE ${SPAN_RANGE}
      UNION ALL
      SELECT ${SPAN_COLUMNS}, indexOf(${ROLES}, Role) AS r,
        toUInt16(${ATTEMPT_BITS}) AS bit, false AS isSpan,
        toUInt128(0) AS spanSaid, toInt64(e * 64 + o * 8 + r) AS attemptSaid${own}
      FROM signalbox_attempts WHERE ${SPAN_RANGE} AND ${CURRENT_ATTEMPTS}
    )
    GROUP BY key
  )
  WHERE startMs >= {fromMs:Int64} AND startMs < {toMs:Int64}`
}

const SESSION = `if(Session = '', 0, cityHash64(Session)) AS sessionKey`

const paramsOf = (scope: RequestScope) => ({
  route: scope.route,
  fromMs: Math.floor(scope.fromMs),
  toMs: Math.floor(scope.toMs),
  marginMs: Math.ceil(scope.deadlineMs),
})

/** Rows are `RequestBin`s. Unknown are asynchronous requests; routers' counters are not stored yet. */
export function requestBinsQuery(scope: RequestScope & { readonly binMs: number }): Query {
  return {
    id: 'request_bins',
    params: { ...paramsOf(scope), binMs: scope.binMs },
    sql: `
SELECT toFloat64(floor(startMs / {binMs:Int64}) * {binMs:Int64}) AS atMs,
  toFloat64(countIf(eligible)) AS samples, sum(weight) AS offered,
  sumIf(weight, role = 'primary') AS primary, sumIf(weight, role = 'fallback') AS fallback,
  sumIf(weight, role = 'other') AS other, sumIf(weight, outcome = 'failed') AS failed,
  sumIf(weight, outcome = 'unknown') AS unknown,
  sumIf(weight * images, role = 'fallback') AS fallbackImages,
  sumIf(weight, isObserved) AS observed, sumIf(weight, isObserved AND role = 'fallback') AS observedServed,
  sumIf(weight, isStraight) AS straight, sumIf(weight, isStraight AND role = 'fallback') AS straightServed,
  sumIf(weight, role = 'other' AND NOT failedPrimary AND NOT isStraight) AS otherClean,
  sumIf(weight, outcome = 'ok' AND failedAny) AS masked
FROM (
  SELECT *, outcome IN ('ok', 'failed', 'unknown') AS eligible, eligible AND outcome != 'unknown' AS isKnown,
    isKnown AND failedPrimary AND NOT okPrimary AS isObserved, isKnown AND straight AS isStraight
  FROM (${logicalRequests()})
)
GROUP BY atMs ORDER BY atMs`,
  }
}

export interface SessionsRow {
  /** Sessions with an eligible request in I, machines apart. */
  readonly active: number
  /** Sessions above 1 request/s over I: excluded. */
  readonly machines: number
  /** Eligible requests with and without a session id (samples). */
  readonly requests: number
  readonly anonymous: number
}

/** One row over I = [fromMs, toMs). */
export function sessionsQuery(scope: RequestScope): Query {
  return {
    id: 'sessions',
    params: { ...paramsOf(scope), requestsMax: (scope.toMs - scope.fromMs) / 1000 },
    sql: `
SELECT toFloat64(countIf(session != 0 AND own <= {requestsMax:Float64})) AS active,
  toFloat64(countIf(session != 0 AND own > {requestsMax:Float64})) AS machines,
  toFloat64(sum(own)) AS requests, toFloat64(sumIf(own, session = 0)) AS anonymous
FROM (
  SELECT session, count() AS own
  FROM (${logicalRequests({ sessions: `${SESSION}, 0 AS p` })})
  WHERE outcome IN ('ok', 'failed') GROUP BY session
)`,
  }
}

export interface SessionFailuresRow {
  /** [instant, end of the first ok answer after it or 0], unix ms. */
  readonly failures: readonly (readonly [number, number])[]
}

export interface SessionFailuresScope extends RequestScope {
  /** T1; the scope itself reaches to T1 + c, for the answers. */
  readonly t1Ms: number
  readonly patience: ReadonlyMap<string, number>
  /** For classes without a baseline. */
  readonly patienceMs: number
}

const PATIENCE = `transform(toString(Class), {classes:Array(String)}, {patience:Array(Float64)}, {patienceMs:Float64})`

/** One row per session with a failed request in I, machines left out; in no order of meaning. */
export function sessionFailuresQuery(scope: SessionFailuresScope): Query {
  const classes = [...scope.patience.keys()].sort()
  return {
    id: 'session_failures',
    params: {
      ...paramsOf(scope),
      t1Ms: scope.t1Ms,
      requestsMax: (scope.t1Ms - scope.fromMs) / 1000,
      // Never empty: the two lists must have a type of their own.
      classes: ['', ...classes],
      patience: [scope.patienceMs, ...classes.map((one) => scope.patience.get(one) ?? 0)],
      patienceMs: scope.patienceMs,
    },
    sql: `
SELECT arrayMap(f -> (f, arrayFirst(e -> e > f, okEnds)), instants) AS failures
FROM (
  SELECT session, arraySort(groupArrayIf(endMs, outcome = 'ok')) AS okEnds,
    arraySort(groupArrayIf(startMs + patience, outcome = 'failed' AND startMs < {t1Ms:Int64})) AS instants,
    countIf(startMs < {t1Ms:Int64}) AS requests
  FROM (${logicalRequests({ sessions: `${SESSION}, ${PATIENCE} AS p` })})
  WHERE outcome IN ('ok', 'failed') AND session != 0
  GROUP BY session
)
WHERE notEmpty(instants) AND requests <= {requestsMax:Float64}
ORDER BY instants, okEnds`,
  }
}
