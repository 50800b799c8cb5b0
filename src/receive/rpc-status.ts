import protobuf from 'protobufjs'

// The protocol's answers in protobuf, by hand: four small messages, the same for all signals.

/** A `google.rpc.Status`, with the details that OTLP senders understand. */
export interface RpcStatus {
  /** `google.rpc.Code` */
  readonly code: number
  readonly reason: string
  /** Adds a `BadRequest` that repeats the reason. */
  readonly isBadRequest?: boolean
  /** Adds a `RetryInfo`: come again, but not before. */
  readonly retryAfterS?: number
}

export const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest'
const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo'

/** `Status { code = 1, message = 2, details = 3 }` */
export function encodeStatus({ code, reason, isBadRequest, retryAfterS }: RpcStatus): Uint8Array {
  const writer = protobuf.Writer.create()
  writer.uint32(1 << 3).int32(code)
  writer.uint32(field(2)).string(reason)
  if (isBadRequest) {
    // BadRequest { field_violations = 1 { description = 2 } }
    openDetail(writer, BAD_REQUEST).uint32(field(1)).fork().uint32(field(2)).string(reason)
    writer.ldelim().ldelim().ldelim()
  }
  if (retryAfterS !== undefined) {
    // RetryInfo { retry_delay = 1: Duration { seconds = 1 } }
    openDetail(writer, RETRY_INFO)
      .uint32(field(1))
      .fork()
      .uint32(1 << 3)
      .int64(retryAfterS)
    writer.ldelim().ldelim().ldelim()
  }
  return writer.finish()
}

/** `Export…ServiceResponse { partial_success = 1 { rejected = 1, error_message = 2 } }` */
export function encodePartial(rejectedCount: number, message: string): Uint8Array {
  const writer = protobuf.Writer.create().uint32(field(1)).fork()
  if (rejectedCount > 0) writer.uint32(1 << 3).int64(rejectedCount)
  if (message !== '') writer.uint32(field(2)).string(message)
  return writer.ldelim().finish()
}

/** `details = 3: Any { type_url = 1, value = 2 }`, open for the value; two `ldelim` close it. */
function openDetail(writer: protobuf.Writer, type: string): protobuf.Writer {
  return writer.uint32(field(3)).fork().uint32(field(1)).string(type).uint32(field(2)).fork()
}

/** Tag of a length-delimited field. */
function field(number: number): number {
  return (number << 3) | 2
}
