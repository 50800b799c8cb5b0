import type { OtlpAnswer } from '../model/otlp.ts'
import type { RefusalCause } from '../telemetry/receive-events.ts'

/** Why a request is not taken. Both transports say it in the same words. */
export interface Refusal {
  readonly cause: RefusalCause
  readonly reason: string
  /** Seconds to wait before coming again; absent: this request never gets better. */
  readonly afterS?: number
}

/**
 * The answer of each cause: HTTP's status, and the `google.rpc.Code` of its body and of gRPC. Only
 * 429 and 503 make a sender come again; on 500 it would drop its data, so that we never say it.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#failures
 */
export const ANSWERS: Readonly<
  Record<RefusalCause, { readonly http: number; readonly rpc: number }>
> = {
  unreadable: { http: 400, rpc: 3 }, // INVALID_ARGUMENT
  coding: { http: 400, rpc: 3 },
  unauthenticated: { http: 401, rpc: 16 },
  forbidden: { http: 403, rpc: 7 }, // PERMISSION_DENIED
  path: { http: 404, rpc: 12 }, // UNIMPLEMENTED
  method: { http: 405, rpc: 12 },
  too_large: { http: 413, rpc: 8 }, // RESOURCE_EXHAUSTED
  content_type: { http: 415, rpc: 3 },
  rate: { http: 429, rpc: 8 },
  requests: { http: 503, rpc: 14 }, // UNAVAILABLE
  memory: { http: 503, rpc: 14 },
  slow: { http: 503, rpc: 14 },
  stopping: { http: 503, rpc: 14 },
  storage: { http: 503, rpc: 14 },
  fault: { http: 503, rpc: 14 },
  // Nobody is there to be answered.
  gone: { http: 503, rpc: 1 }, // CANCELLED
}

/** What may be sent again, as it is. */
export const LATER = {
  stopping: { cause: 'stopping', reason: 'shutting down', afterS: 1 },
  tooMany: { cause: 'requests', reason: 'too many requests at once', afterS: 1 },
  tooMuch: { cause: 'memory', reason: 'too much is being received at once', afterS: 1 },
  late: { cause: 'slow', reason: 'the request did not arrive in time', afterS: 1 },
  putOut: { cause: 'slow', reason: 'the request came too slowly while others wait', afterS: 1 },
  fault: { cause: 'fault', reason: 'internal fault', afterS: 2 },
} as const satisfies Record<string, Refusal>

export function tooLarge(bodyBytesMax: number): Refusal {
  return { cause: 'too_large', reason: `the body exceeds ${bodyBytesMax} bytes, inflated or not` }
}

export function tooFast(afterS: number): Refusal {
  return { cause: 'rate', reason: 'this sender is above its limit (receive.sender_max_*)', afterS }
}

/** What the pipeline refused. */
export function toPipelineRefusal(answer: Exclude<OtlpAnswer, { readonly status: 'ok' }>): Refusal {
  const { reason } = answer
  switch (answer.status) {
    case 'bad':
      return { cause: 'unreadable', reason }
    case 'retry':
      return { cause: 'storage', reason, afterS: answer.afterS }
    case 'limited':
      return { cause: 'rate', reason, afterS: answer.afterS }
  }
}
