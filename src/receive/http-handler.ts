import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../lib/clock.ts'
import type { Authorize } from '../model/authority.ts'
import type { OtlpAnswer, OtlpRequest } from '../model/otlp.ts'
import type { ReceiveEvents } from '../telemetry/receive-events.ts'
import { type HttpAnswer, toHttpAnswer, toRefusal } from './answer.ts'
import { type Body, createCutOff, readBody } from './body.ts'
import { createBodyMemory } from './body-bytes.ts'
import { createIntake, type Place } from './intake.ts'
import type { ReceiveLimits } from './limits.ts'
import { LATER, type Refusal, tooFast } from './refusal.ts'
import { type RequestHead, readHead } from './request-head.ts'
import type { Senders } from './senders.ts'
import { withinDeadline } from './within-deadline.ts'
import { writeAnswer } from './write-answer.ts'

export interface HttpHandlerOptions {
  readonly limits: ReceiveLimits
  readonly clock: Clock
  readonly authorize: Authorize
  readonly senders: Senders
  /** Has read the body when it returns: its memory is another's then. */
  ingest(request: OtlpRequest): Promise<OtlpAnswer>
  readonly events: Pick<ReceiveEvents, 'answered' | 'faulted' | 'open'>
}

export interface HttpHandler {
  handle(request: IncomingMessage, exchange: HttpExchange): Promise<void>
  /** From now on every new request is told to come again, elsewhere. */
  drain(): void
}

interface HttpExchange {
  readonly response: ServerResponse
  /** The sender waits to be told that its body is wanted. */
  isWaiting: boolean
}

type GoodHead = Extract<RequestHead, { readonly status: 'ok' }>
type GoodBody = Extract<Body, { readonly status: 'ok' }>

interface Taken {
  readonly answer: HttpAnswer
  readonly bodyBytes: number
  readonly wireBytes: number
}

/** What becomes of one HTTP request: head, body, pipeline, answer. Bounded in every step. */
export function createHttpHandler(options: HttpHandlerOptions): HttpHandler {
  const { authorize, clock, events, limits, senders } = options
  const { bodyBytesMax } = limits
  const changed = (open: { requestCount: number; byteCount: number }) =>
    events.open({ transport: 'http', ...open })
  const intake = createIntake({ clock, limits, changed })
  const memory = createBodyMemory()
  let isDraining = false

  /** In this order, so that a sender that is refused anyway spends nothing of its rate. */
  const letIn = (sender: string, putOut: () => void): Place | Refusal => {
    if (isDraining) return LATER.stopping
    const place = intake.enter(putOut)
    if (!place) return LATER.tooMany
    const waitS = senders.admit(sender)
    if (waitS === 0) return place
    place.leave()
    return tooFast(waitS)
  }

  const take = async (
    request: IncomingMessage,
    head: GoodHead,
    exchange: HttpExchange,
  ): Promise<Taken | undefined> => {
    const refused = (refusal: Refusal) => unread(toRefusal(refusal, head.encoding))
    const { actor } = head
    const sender = senders.nameOf({ actor, address: request.socket.remoteAddress ?? '' })
    const cutOff = createCutOff()
    const place = letIn(sender, () => cutOff.cut(LATER.putOut))
    if ('cause' in place) return refused(place)
    const cancelLate = clock.after(limits.receiveMsMax, () => cutOff.cut(LATER.late))
    try {
      if (exchange.isWaiting) exchange.response.writeContinue()
      exchange.isWaiting = false
      const { coding } = head
      const body = await readBody(request, { coding, bodyBytesMax, place, cutOff, memory })
      if (body.status === 'gone') return undefined
      if (body.status === 'refused') return refused(body.refusal)
      const { wireBytes } = body
      const bodyBytes = body.bytes.length
      senders.charge(sender, bodyBytes)
      const answer = await withinDeadline(handOver(options, head, body), limits.handleMsMax)
      return { answer: toHttpAnswer(answer, head), bodyBytes, wireBytes }
    } catch (fault) {
      // Never a 500: senders drop the data on that, and wait and repeat on a 503.
      events.faulted(fault)
      return refused(LATER.fault)
    } finally {
      cancelLate()
      // Before the answer is written: a sender that reads slowly holds nothing.
      place.leave()
    }
  }

  return {
    drain() {
      isDraining = true
    },
    async handle(request, exchange) {
      const startMs = clock.monotonicMs()
      // Without a listener a sender that goes away would be a fault of ours.
      request.on('error', () => {})
      const head = readHead(request, { authorize, bodyBytesMax })
      const taken =
        head.status === 'ok'
          ? await take(request, head, exchange)
          : unread(toRefusal(head.refusal, head.encoding))
      if (!taken) return
      const { answer, bodyBytes, wireBytes } = taken
      const durationMs = clock.monotonicMs() - startMs
      const { status, reason, cause } = answer
      events.answered({ status, reason, cause, durationMs, bodyBytes, wireBytes })
      await writeAnswer({ request, exchange, answer, isLast: isDraining, bodyBytesMax })
    },
  }
}

function handOver(
  { clock, ingest }: HttpHandlerOptions,
  { signal, encoding }: GoodHead,
  { bytes, release }: GoodBody,
): Promise<OtlpAnswer> {
  try {
    return ingest({ signal, encoding, body: bytes, receivedUnixMs: clock.nowMs() })
  } finally {
    release()
  }
}

function unread(answer: HttpAnswer): Taken {
  return { answer, bodyBytes: 0, wireBytes: 0 }
}
