import type { Attempt, Request, Served } from '../model/attempt.ts'
import type { Row } from '../model/batch.ts'
import { formatUnixMs, formatUnixNs } from './int64.ts'

/** A row of `signalbox_attempts`. */
export function toAttemptRow(attempt: Attempt): Row {
  return { ...toServedRow(attempt), Target: attempt.target, Role: attempt.role }
}

/** A row of `signalbox_requests`. */
export function toRequestRow(request: Request): Row {
  return {
    ...toServedRow(request),
    FinalTarget: request.finalTarget,
    FinalRole: request.finalRole,
    AttemptCount: request.attemptCount,
    AbandonedAfterMs: request.abandonedAfterMs,
  }
}

function toServedRow(served: Served): Row {
  return {
    Timestamp: formatUnixNs(served.startUnixNs),
    EndTime: formatUnixNs(served.endUnixNs),
    ReceivedAt: formatUnixMs(served.receivedUnixMs),
    TraceId: served.traceId,
    SpanId: served.spanId,
    RequestId: served.requestId,
    Route: served.route,
    Router: served.router,
    Outcome: served.outcome,
    ErrorType: served.errorType,
    StatusCode: served.statusCode,
    Generation: served.generation,
    Session: served.session,
    Model: served.model,
    Region: served.region,
    Tenant: served.tenant,
    Tier: served.tier,
    Class: served.class,
    Variant: served.variant,
    Images: served.images,
    Cost: served.cost,
    Weight: served.weight,
  }
}
