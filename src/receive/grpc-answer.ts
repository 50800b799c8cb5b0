import { Metadata, type StatusObject, status } from '@grpc/grpc-js'
import type { OtlpAnswer } from '../model/otlp.ts'
import { encodePartial, encodeStatus, type RpcStatus } from './rpc-status.ts'

/**
 * A reason travels in headers: once as text, where a character may take nine bytes, and once or
 * twice in the details. Senders built on gRPC's C core drop answers with more than 8 KiB of them.
 */
const REASON_CHARS_MAX = 300
/** In the body there is room. */
const MESSAGE_CHARS_MAX = 2_000

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
    case 'bad': {
      const { reason } = answer
      return refused({ code: status.INVALID_ARGUMENT, reason, isBadRequest: true })
    }
    case 'retry':
      return { isOk: false, status: retryLater(answer.reason, answer.afterS) }
    case 'limited': {
      // With RetryInfo: without one it would mean "too large", which is not to be repeated.
      const { reason, afterS } = answer
      return refused({ code: status.RESOURCE_EXHAUSTED, reason, retryAfterS: afterS })
    }
  }
}

export function retryLater(reason: string, afterS: number): StatusObject {
  return toGrpcStatus({ code: status.UNAVAILABLE, reason, retryAfterS: afterS })
}

/** The status with all it says also as `google.rpc.Status`, where senders look for details. */
export function toGrpcStatus(refusal: RpcStatus): StatusObject {
  const reason = shorten(refusal.reason, REASON_CHARS_MAX)
  const metadata = new Metadata()
  metadata.set('grpc-status-details-bin', toBuffer(encodeStatus({ ...refusal, reason })))
  return { code: refusal.code, details: reason, metadata }
}

function refused(refusal: RpcStatus): GrpcAnswer {
  return { isOk: false, status: toGrpcStatus(refusal) }
}

/** Half a surrogate pair, from the sender or from cutting, cannot be written into a header. */
function shorten(text: string, charsMax: number): string {
  return Buffer.from(text.slice(0, charsMax)).toString()
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
