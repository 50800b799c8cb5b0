import { Metadata, type StatusObject, status } from '@grpc/grpc-js'
import type { OtlpAnswer } from '../model/otlp.ts'
import { ANSWERS, type Refusal, toPipelineRefusal } from './refusal.ts'
import { encodePartial, encodeStatus } from './rpc-status.ts'

/**
 * A reason travels in headers: once as text, where a character may take nine bytes, and once or
 * twice in the details. Senders built on gRPC's C core drop answers with more than 8 KiB of them.
 */
const REASON_CHARS_MAX = 300
/** In the body there is room. */
const MESSAGE_CHARS_MAX = 2_000

const DETAILS = 'grpc-status-details-bin'

export type GrpcAnswer =
  | { readonly isOk: true; readonly response: Buffer }
  | { readonly isOk: false; readonly status: StatusObject }

export function toGrpcAnswer(answer: OtlpAnswer): GrpcAnswer {
  switch (answer.status) {
    case 'ok': {
      const { rejectedCount } = answer
      const message = shorten(answer.message, MESSAGE_CHARS_MAX)
      // An unset partial_success says "all accepted"; a set one, even with 0, is a warning.
      const isPlain = rejectedCount === 0 && message === ''
      const response = isPlain ? Buffer.alloc(0) : toBuffer(encodePartial(rejectedCount, message))
      return { isOk: true, response }
    }
    default:
      return { isOk: false, status: toGrpcStatus(toPipelineRefusal(answer)) }
  }
}

/** The status with all it says also as `google.rpc.Status`, where senders look for details. */
export function toGrpcStatus(refusal: Refusal): StatusObject {
  const { rpc: code } = ANSWERS[refusal.cause]
  return toDetailed({ ...refusal, code, isBadRequest: code === status.INVALID_ARGUMENT })
}

/**
 * With `RetryInfo` only where it says when to come again: RESOURCE_EXHAUSTED without one means
 * "too large", which is not to be repeated.
 */
export function toDetailed({ afterS, ...said }: Detailed): StatusObject {
  const reason = shorten(said.reason, REASON_CHARS_MAX)
  const retry = afterS !== undefined && { retryAfterS: afterS }
  const metadata = new Metadata()
  metadata.set(DETAILS, toBuffer(encodeStatus({ ...said, reason, ...retry })))
  return { code: said.code, details: reason, metadata }
}

interface Detailed {
  readonly code: number
  readonly reason: string
  readonly isBadRequest?: boolean
  readonly afterS?: number
}

export function hasDetails({ metadata }: StatusObject): boolean {
  return (metadata?.get(DETAILS).length ?? 0) > 0
}

/** Half a surrogate pair, from the sender or from cutting, cannot be written into a header. */
function shorten(text: string, charsMax: number): string {
  return Buffer.from(text.slice(0, charsMax)).toString()
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
