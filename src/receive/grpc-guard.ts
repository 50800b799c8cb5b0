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
import type { ReceiveEvents, RefusalCause } from '../telemetry/receive-events.ts'
import { createBodyMemory } from './body-bytes.ts'
import type { Connections } from './connections.ts'
import { hasDetails, toDetailed, toGrpcStatus } from './grpc-answer.ts'
import { onBytes, replaceInflating, replaceStatus } from './grpc-library.ts'
import { inflate } from './inflate.ts'
import { createIntake, type Intake, type Place } from './intake.ts'
import type { ReceiveLimits } from './limits.ts'
import { LATER, type Refusal, tooFast, tooLarge } from './refusal.ts'
import type { Senders } from './senders.ts'

export interface GrpcGuardOptions {
  readonly authorize: Authorize
  readonly senders: Senders
  readonly connections: Connections
  readonly clock: Clock
  readonly events: Pick<ReceiveEvents, 'answered' | 'open'>
  readonly limits: ReceiveLimits
}

/** Stands before every call: who may come in, how many at once, and with how much. */
export interface GrpcGuard {
  readonly interceptor: ServerInterceptor
  /** From now on every new call is told to come again, elsewhere. */
  drain(): void
}

/** Nothing is kept: the library does not tell when it is done with a message. */
const memory = createBodyMemory(0)

/**
 * Judges a call by its head, before a byte of its message is read: the library holds a message back
 * by flow control until its head was let through.
 */
export function createGrpcGuard(options: GrpcGuardOptions): GrpcGuard {
  const { clock, events, limits } = options
  const changed = (open: { requestCount: number; byteCount: number }) =>
    events.open({ transport: 'grpc', ...open })
  const intake = createIntake({ clock, limits, changed })
  const state = { isDraining: false }
  return {
    interceptor: (_method, call) => guardCall(call, { ...options, intake, state }),
    drain() {
      state.isDraining = true
    },
  }
}

interface CallOptions extends GrpcGuardOptions {
  readonly intake: Intake
  readonly state: { readonly isDraining: boolean }
}

interface Visitor {
  readonly sender: string
  readonly place: Place
}

/** In this order, so that a call that is refused anyway spends nothing of its sender's rate. */
function letIn(
  call: { readonly metadata: Metadata; readonly address: string; putOut(): void },
  { authorize, senders, intake, state }: CallOptions,
): Visitor | Refusal {
  const header = call.metadata.get('authorization')[0]?.toString()
  const authority = authorize(header, 'ingest')
  if (authority.status !== 'ok') return { cause: authority.status, reason: authority.reason }
  if (state.isDraining) return LATER.stopping
  const place = intake.enter(call.putOut)
  if (!place) return LATER.tooMany
  const sender = senders.nameOf({ actor: authority.actor, address: call.address })
  const waitS = senders.admit(sender)
  if (waitS === 0) return { sender, place }
  place.leave()
  return tooFast(waitS)
}

function guardCall(call: ServerInterceptingCallInterface, options: CallOptions) {
  const { clock, connections, limits, senders } = options
  const report = createReport(options)
  let visitor: Visitor | undefined
  let cancelLate = () => {}
  let notBusy = () => {}
  const refuse = (refusal: Refusal) => {
    report.cause = refusal.cause
    call.sendStatus(toGrpcStatus(refusal))
  }
  const leave = () => {
    cancelLate()
    visitor?.place.leave()
  }
  replaceStatus(call, (sent) => {
    const own = toOwnStatus(sent, report, limits)
    report.answered(own)
    // What still comes of a refused message is thrown away by the library.
    if (own.code !== status.OK) leave()
    return own
  })
  replaceInflating(call, async (wire, coding) => {
    visitor?.place.arrived()
    const hold = (byteCount: number) => visitor?.place.hold(byteCount) ?? false
    const into = memory.open()
    const refusal = await inflate(wire, { coding, ...limits, hold, into })
    if (refusal === undefined) return into.bytes()
    report.cause = refusal.cause
    throw toGrpcStatus(refusal)
  })
  const listener = new ServerListenerBuilder()
    .withOnReceiveMetadata((metadata, next) => {
      notBusy = connections.busy(call.getPeer())
      const address = call.getConnectionInfo().remoteAddress ?? ''
      const one = letIn({ metadata, address, putOut: () => refuse(LATER.putOut) }, options)
      if ('cause' in one) return refuse(one)
      visitor = one
      cancelLate = clock.after(limits.receiveMsMax, () => refuse(LATER.late))
      onBytes(call, (byteCount) => {
        report.wireBytes += byteCount
        if (!report.isAnswered && !one.place.hold(byteCount)) refuse(LATER.tooMuch)
      })
      next(metadata)
    })
    .withOnReceiveMessage((message: Buffer, next) => {
      cancelLate()
      if (report.isAnswered) return
      visitor?.place.arrived()
      report.bodyBytes = message.length
      report.isWhole = true
      senders.charge(visitor?.sender ?? '', message.length)
      next(message)
    })
    // Called once at the end of every call, however it ended.
    .withOnCancel(() => {
      leave()
      notBusy()
      report.cause ||= 'gone'
      const details = 'past its deadline, or its sender is gone'
      report.answered({ code: status.CANCELLED, details })
    })
    .build()
  return new ServerInterceptingCall(call, { start: (next) => next(listener) })
}

interface Report {
  cause: RefusalCause | ''
  bodyBytes: number
  wireBytes: number
  /** Its message was handed on. */
  isWhole: boolean
  readonly isAnswered: boolean
  answered(sent: Pick<StatusObject, 'code' | 'details'>): void
}

/** Counts a call once, as its sender sees it. */
function createReport({ clock, events }: CallOptions): Report {
  const startMs = clock.monotonicMs()
  let isAnswered = false
  return {
    ...{ cause: '', bodyBytes: 0, wireBytes: 0, isWhole: false },
    get isAnswered() {
      return isAnswered
    },
    answered({ code, details }) {
      if (isAnswered) return
      isAnswered = true
      const { bodyBytes, wireBytes } = this
      const isOk = code === status.OK
      const cause = isOk ? '' : this.cause || causeOf(code, details)
      const durationMs = clock.monotonicMs() - startMs
      const reason = isOk ? '' : details
      events.answered({
        ...{ status: status[code], cause, reason },
        durationMs,
        bodyBytes,
        wireBytes,
      })
    },
  }
}

/** Of what the pipeline answered, or the library by itself. */
function causeOf(code: status, reason: string): RefusalCause {
  if (reason === LATER.fault.reason) return LATER.fault.cause
  if (code === status.INVALID_ARGUMENT) return 'unreadable'
  if (code === status.RESOURCE_EXHAUSTED) return 'rate'
  if (code === status.UNAVAILABLE) return 'storage'
  if (code === status.DEADLINE_EXCEEDED || code === status.CANCELLED) return 'gone'
  return code === status.UNIMPLEMENTED ? 'coding' : 'fault'
}

/** The library's own answers, as the protocol wants them: with details, and never INTERNAL. */
function toOwnStatus(sent: StatusObject, report: Report, limits: ReceiveLimits): StatusObject {
  if (sent.code === status.OK || hasDetails(sent)) return sent
  if (sent.code === status.RESOURCE_EXHAUSTED) return toGrpcStatus(tooLarge(limits.bodyBytesMax))
  const { details: reason } = sent
  if (sent.code === status.INTERNAL)
    return toGrpcStatus(report.isWhole ? LATER.fault : { cause: 'unreadable', reason })
  return toDetailed({ code: sent.code, reason })
}
