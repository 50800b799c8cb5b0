import type { Query } from './query.ts'

// Logical requests out of `signalbox_requests` and `signalbox_attempts`. The database groups both by
// RequestId in one pass, without a join, and gives back bins or sessions: rows of single requests
// never leave it. Every aggregate here is idempotent, so that a span that came twice counts once.
// Outcomes and roles are small numbers inside, and "the last" is a maximum over time · 16 + number:
// about 150 bytes of state per request instead of 500.

/** What of a route, and when: start times in [fromMs, toMs). */
export interface RequestScope {
  readonly route: string
  readonly fromMs: number
  readonly toMs: number
  /** The attempts of a request lie at most so far from it: the route's `deadline`. */
  readonly deadlineMs: number
}

const SPAN_COLUMNS = `cityHash64(RequestId) AS key, toUnixTimestamp64Micro(Timestamp) AS s,
    toUnixTimestamp64Micro(EndTime) AS e, indexOf(['ok', 'failed', 'rejected', 'cancelled'], Outcome) AS o,
    Weight AS w, toUInt64(Images) AS i, cityHash64(SpanId) AS span`
const SPAN_RANGE = `Route = {route:String}
      AND Timestamp >= fromUnixTimestamp64Milli({fromMs:Int64} - {marginMs:Int64})
      AND Timestamp < fromUnixTimestamp64Milli({toMs:Int64} + {marginMs:Int64})`

/**
 * One row per logical request (RequestId; without its own id that is the trace):
 * - startMs, endMs: first start and last end of its request spans;
 * - outcome: failed if its last attempt failed and none was ok; else as its last request span says.
 *   Without a request span (not come yet, or lost): by its attempts alone;
 * - role: of the target of its last ok attempt, else as the request span says; unlisted and unknown
 *   targets are `other`; '' unless ok;
 * - failedPrimary, okPrimary: it has such an attempt on the primary; failedAny: on any target;
 * - straight: it has an attempt on a fallback and none, of any outcome, on the primary.
 */
function logicalRequests({ withSession = false } = {}): string {
  const own = withSession ? ', toString(Session) AS sessionId, toString(Class) AS cls' : ''
  const picked = withSession
    ? `,
    argMaxIf(sessionId, (isRequest, e, span), sessionId != '') AS session,
    argMax(cls, (isRequest, e, span)) AS class`
    : ''
  return `SELECT *,
    if(hasSpan, spanStart, anyStart) / 1e3 AS startMs, if(hasSpan, spanEnd, anyEnd) / 1e3 AS endMs,
    multiIf(hasAttempt AND NOT hasOk AND lastAttempt = 2, 'failed',
      hasSpan, ['ok', 'failed', 'rejected', 'cancelled'][said],
      hasOk, 'ok', ['ok', 'failed', 'rejected', 'cancelled'][lastAttempt]) AS outcome,
    multiIf(outcome != 'ok', '', (hasOk ? okRole : saidRole) = 1, 'primary',
      (hasOk ? okRole : saidRole) = 2, 'fallback', 'other') AS role,
    if(hasAttempt, onFallback AND NOT onPrimary, saidRole = 2) AS straight,
    if(hasSpan, spanWeight, anyWeight) AS weight
  FROM (
    SELECT key, countIf(isRequest) > 0 AS hasSpan, countIf(NOT isRequest) > 0 AS hasAttempt,
    minIf(s, isRequest) AS spanStart, maxIf(e, isRequest) AS spanEnd, min(s) AS anyStart, max(e) AS anyEnd,
    maxIf(e * 16 + o, isRequest) % 16 AS said, maxIf(e * 16 + r, isRequest) % 16 AS saidRole,
    countIf(NOT isRequest AND o = 1) > 0 AS hasOk, maxIf(e * 16 + o, NOT isRequest) % 16 AS lastAttempt,
    maxIf(e * 16 + r, NOT isRequest AND o = 1) % 16 AS okRole,
    countIf(NOT isRequest AND o = 2) > 0 AS failedAny,
    countIf(NOT isRequest AND o = 2 AND r = 1) > 0 AS failedPrimary,
    countIf(NOT isRequest AND o = 1 AND r = 1) > 0 AS okPrimary,
    countIf(NOT isRequest AND r = 1) > 0 AS onPrimary, countIf(NOT isRequest AND r = 2) > 0 AS onFallback,
    maxIf(w, isRequest) AS spanWeight, max(w) AS anyWeight, max(i) AS images${picked}
    FROM (
      SELECT true AS isRequest, ${SPAN_COLUMNS},
        indexOf(['primary', 'fallback', 'unlisted'], FinalRole) AS r${own}
      FROM signalbox_requests WHERE ${SPAN_RANGE}
      UNION ALL
      SELECT false AS isRequest, ${SPAN_COLUMNS},
        indexOf(['primary', 'fallback', 'unlisted'], Role) AS r${own}
      FROM signalbox_attempts WHERE ${SPAN_RANGE}
    )
    GROUP BY key
  )
  WHERE startMs >= {fromMs:Int64} AND startMs < {toMs:Int64}`
}

const paramsOf = (scope: RequestScope) => ({
  route: scope.route,
  fromMs: Math.floor(scope.fromMs),
  toMs: Math.floor(scope.toMs),
  marginMs: Math.ceil(scope.deadlineMs),
})

/** Rows are `RequestBin`s. Unknown outcomes need the routers' counters, which are not stored yet. */
export function requestBinsQuery(scope: RequestScope & { readonly binMs: number }): Query {
  return {
    id: 'request_bins',
    params: { ...paramsOf(scope), binMs: scope.binMs },
    sql: `
SELECT toFloat64(floor(startMs / {binMs:Int64}) * {binMs:Int64}) AS atMs,
  toFloat64(countIf(eligible)) AS samples, sum(weight) AS offered,
  sumIf(weight, role = 'primary') AS primary, sumIf(weight, role = 'fallback') AS fallback,
  sumIf(weight, role = 'other') AS other, sumIf(weight, outcome = 'failed') AS failed, 0 AS unknown,
  sumIf(weight * images, role = 'fallback') AS fallbackImages,
  sumIf(weight, isObserved) AS observed, sumIf(weight, isObserved AND role = 'fallback') AS observedServed,
  sumIf(weight, isStraight) AS straight, sumIf(weight, isStraight AND role = 'fallback') AS straightServed,
  sumIf(weight, role = 'other' AND NOT failedPrimary AND NOT isStraight) AS otherClean,
  sumIf(weight, outcome = 'ok' AND failedAny) AS masked
FROM (
  SELECT *, outcome IN ('ok', 'failed') AS eligible,
    eligible AND failedPrimary AND NOT okPrimary AS isObserved, eligible AND straight AS isStraight
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
SELECT toFloat64(countIf(session != '' AND own <= {requestsMax:Float64})) AS active,
  toFloat64(countIf(session != '' AND own > {requestsMax:Float64})) AS machines,
  toFloat64(sum(own)) AS requests, toFloat64(sumIf(own, session = '')) AS anonymous
FROM (
  SELECT session, count() AS own
  FROM (${logicalRequests({ withSession: true })})
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
    arraySort(groupArrayIf(startMs + transform(class, {classes:Array(String)}, {patience:Array(Float64)},
      {patienceMs:Float64}), outcome = 'failed' AND startMs < {t1Ms:Int64})) AS instants,
    countIf(startMs < {t1Ms:Int64}) AS requests
  FROM (${logicalRequests({ withSession: true })})
  WHERE outcome IN ('ok', 'failed') AND session != ''
  GROUP BY session
)
WHERE notEmpty(instants) AND requests <= {requestsMax:Float64}
ORDER BY instants, okEnds`,
  }
}
