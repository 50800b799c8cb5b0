import type { Attempt } from '../model/attempt.ts'
import { createAttemptMemory, type KnownAttempt } from './attempt-memory.ts'
import type { DerivedSpan } from './derive.ts'
import { createRecentMap } from './recent-map.ts'

// What is mapped joined with what came as items of their own, in any batch: attempts with their
// request, and the route of a trace, which attempts may leave to their request.

export interface MapJoins {
  /** A router that sends attempts; its requests are none. */
  addSender(router: string, nowMs: number): void
  sendsAttempts(router: string, nowMs: number): boolean
  /** `key` is the attempt's own: the same again changes nothing. */
  addAttempt(attempt: Attempt, of: { readonly key: string; readonly requestSpanId: string }): void
  attemptsOf(request: JoinedRequest, nowMs: number): readonly KnownAttempt[]
  addRoute(request: TraceRoute, nowMs: number): void
  /** '' when no request of that router and trace is known. */
  routeOf(trace: Omit<TraceRoute, 'route'>, nowMs: number): string
  /** What spans say by themselves, which the mapping of other spans of that router is joined with. */
  addDerived(derived: readonly DerivedSpan[]): void
}

export interface TraceRoute {
  readonly router: string
  readonly traceId: string
  readonly route: string
}

export interface JoinedRequest extends Omit<TraceRoute, 'route'> {
  readonly requestId: string
  readonly spanId: string
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
}

const ROUTERS_MAX = 10_000
/** Half a minute of 1,500 requests per second. */
const TRACES_MAX = 50_000

export function createMapJoins(options: { readonly ageMaxMs: number }): MapJoins {
  const { ageMaxMs } = options
  const senders = createRecentMap<true>({ countMax: ROUTERS_MAX, ageMaxMs })
  const routes = createRecentMap<string>({ countMax: TRACES_MAX, ageMaxMs })
  const memory = createAttemptMemory({ ageMaxMs })
  // Routers may stand behind each other in one trace: an attempt is of its own router's request.
  const at = (router: string, id: string) => (id === '' ? '' : `${router}\0${id}`)

  const joins: MapJoins = {
    addSender: (router, nowMs) => senders.set(router, true, nowMs),
    sendsAttempts: (router, nowMs) => senders.get(router, nowMs) === true,
    addAttempt(attempt, { key, requestSpanId }) {
      const { outcome, target, startUnixNs } = attempt
      const requestId = at(attempt.router, attempt.requestId)
      const known = { requestId, spanId: key, requestSpanId, outcome, target, startUnixNs }
      memory.add(known, attempt.receivedUnixMs)
    },
    attemptsOf({ router, requestId, traceId, ...request }, nowMs) {
      const ids = { requestId: at(router, requestId), traceId: at(router, traceId) }
      return memory.of({ ...request, ...ids }, nowMs)
    },
    addRoute({ router, traceId, route }, nowMs) {
      if (traceId !== '' && route !== '') routes.set(at(router, traceId), route, nowMs)
    },
    routeOf: ({ router, traceId }, nowMs) => routes.get(at(router, traceId), nowMs) ?? '',
    addDerived(derived) {
      for (const { attempt, request } of derived) {
        if (request) joins.addRoute(request, request.receivedUnixMs)
        if (!attempt) continue
        joins.addSender(attempt.router, attempt.receivedUnixMs)
        joins.addAttempt(attempt, { key: attempt.spanId, requestSpanId: '' })
      }
    },
  }
  return joins
}
