import type { Readable } from 'node:stream'
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  ServerListenerBuilder,
  type StatusObject,
  status,
} from '@grpc/grpc-js'
import type { Clock } from '../lib/clock.ts'
import type { Authorize } from '../model/authority.ts'
import type { ReceiveEvents } from '../telemetry/receive-events.ts'
import { retryLater, toGrpcStatus } from './grpc-answer.ts'

export interface GrpcGuardOptions {
  readonly authorize: Authorize
  readonly clock: Clock
  readonly events: Pick<ReceiveEvents, 'answered'>
  readonly limits: {
    readonly requestsMax: number
    readonly memoryBytesMax: number
    readonly receiveMsMax: number
  }
}

/** Stands before every call: who may come in, how many at once, and with how much. */
export interface GrpcGuard {
  readonly interceptor: ServerInterceptor
  /** From now on every new call is told to come again, elsewhere. */
  drain(): void
}

/**
 * Judges a call by its head, before a byte of its message is read: the library holds a message back
 * by flow control until its head was let through.
 */
export function createGrpcGuard(options: GrpcGuardOptions): GrpcGuard {
  const { authorize, limits } = options
  const held = { callCount: 0, byteCount: 0 }
  let isDraining = false

  const refuseEarly = (metadata: Metadata): StatusObject | undefined => {
    const header = metadata.get('authorization')[0]?.toString()
    const authority = authorize(header, 'ingest')
    if (authority.status === 'unauthenticated')
      return toGrpcStatus({ code: status.UNAUTHENTICATED, reason: authority.reason })
    if (authority.status === 'forbidden')
      return toGrpcStatus({ code: status.PERMISSION_DENIED, reason: authority.reason })
    if (isDraining) return retryLater('shutting down', 1)
    if (held.callCount > limits.requestsMax) return retryLater('too many requests at once', 1)
    return undefined
  }

  return {
    interceptor: (_method, call) => guardCall(call, { ...options, held, refuseEarly }),
    drain() {
      isDraining = true
    },
  }
}

interface CallOptions extends GrpcGuardOptions {
  /** By all calls together. */
  readonly held: { callCount: number; byteCount: number }
  refuseEarly(metadata: Metadata): StatusObject | undefined
}

function guardCall(call: ServerInterceptingCallInterface, options: CallOptions) {
  const { clock, events, held, limits, refuseEarly } = options
  const startMs = clock.monotonicMs()
  let ownBytes = 0
  let bodyBytes = 0
  let isAnswered = false
  const answered = (code: status, reason: string) => {
    if (isAnswered) return
    isAnswered = true
    const durationMs = clock.monotonicMs() - startMs
    events.answered({ status: status[code], reason, durationMs, bodyBytes })
  }
  const hold = (byteCount: number) => {
    held.byteCount += byteCount - ownBytes
    ownBytes = byteCount
    if (held.byteCount > limits.memoryBytesMax && !isAnswered)
      guarded.sendStatus(retryLater('too much is being received at once', 1))
  }
  let cancelLate = () => {}
  const listener = new ServerListenerBuilder()
    .withOnReceiveMetadata((metadata, next) => {
      held.callCount++
      const refusal = refuseEarly(metadata)
      if (refusal) return guarded.sendStatus(refusal)
      cancelLate = clock.after(limits.receiveMsMax, () =>
        guarded.sendStatus(retryLater('the request did not arrive in time', 1)),
      )
      onBytes(call, (byteCount) => {
        // The rest of a refused message still comes, and is thrown away by the library.
        if (!isAnswered) hold(ownBytes + byteCount)
      })
      next(metadata)
    })
    .withOnReceiveMessage((message: Buffer, next) => {
      cancelLate()
      bodyBytes = message.length
      hold(bodyBytes)
      if (!isAnswered) next(message)
    })
    // Called once at the end of every call, however it ended.
    .withOnCancel(() => {
      cancelLate()
      held.callCount--
      hold(0)
      answered(status.CANCELLED, 'too large, unreadable, past its deadline, or its sender is gone')
    })
    .build()
  const guarded = new ServerInterceptingCall(call, {
    start: (next) => next(listener),
    sendStatus(end, next) {
      answered(end.code, end.code === status.OK ? '' : end.details)
      next(end)
    },
  })
  return guarded
}

/**
 * The library shows a message when it is whole; what has come of it until then is only seen on its
 * stream, which is not in the published types. Without one, messages count once they are whole.
 */
function onBytes(call: ServerInterceptingCallInterface, count: (byteCount: number) => void): void {
  const { stream } = call as ServerInterceptingCallInterface & { readonly stream?: Readable }
  stream?.on('data', (chunk: Buffer) => count(chunk.length))
}
