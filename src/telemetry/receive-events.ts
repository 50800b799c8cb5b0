import type { Gauge } from 'prom-client'
import type { Signal } from '../model/otlp.ts'
import type { Telemetry } from './telemetry.ts'

/** One answered OTLP request, as its sender saw it. */
interface Answered {
  /** HTTP's number or gRPC's name. */
  readonly status: number | string
  readonly reason: string
  /** '' when it was taken. */
  readonly cause: RefusalCause | ''
  readonly durationMs: number
  /** Bytes of the inflated body, 0 when it was not read. */
  readonly bodyBytes: number
  /** The same as they came. */
  readonly wireBytes: number
}

/** Why requests are not taken; metrics count by it. */
export type RefusalCause =
  | 'unreadable'
  | 'coding'
  | 'unauthenticated'
  | 'forbidden'
  | 'path'
  | 'method'
  | 'content_type'
  | 'too_large'
  | 'rate'
  | 'requests'
  | 'memory'
  | 'slow'
  | 'stopping'
  | 'storage'
  | 'fault'
  | 'gone'

/** What one transport holds at this moment. */
interface Open {
  readonly transport: 'http' | 'grpc'
  readonly requestCount: number
  readonly byteCount: number
}

export interface ReceiveEvents {
  answered(answer: Answered): void
  /** Requests came or went, or bytes of them. */
  open(open: Open): void
  /** What a decoded request held. */
  decoded(items: { signal: Signal; itemCount: number; rejectedCount: number }): void
  /** The same bytes came again within ten minutes: answered, and not counted. */
  repeated(request: { signal: Signal }): void
  /** Requests are forgotten before their ten minutes are over: more came than are remembered. */
  forgotten(requests: { requestCount: number }): void
  /** Attributes (and bodies of prompt events) that were kept out of log and rules. */
  withheld(attributes: { action: string; reason: string; count: number }): void
  /** A bug or an outage behind the door; the sender is told to come again. */
  faulted(fault: unknown): void
}

/** A sender that is refused repeats itself; one line says as much as a thousand. */
const LOG_EVERY_MS = 10_000

export function createReceiveEvents(telemetry: Telemetry): ReceiveEvents {
  const { log } = telemetry
  const items = telemetry.counter(
    'signalbox_receive_items_total',
    'Spans, log records and data points read, also those that the log then refused',
    ['signal'],
  )
  const rejected = telemetry.counter(
    'signalbox_receive_items_rejected_total',
    'Items refused by partial success: too old, or ahead of our clock',
    ['signal'],
  )
  const doors = createDoorEvents(telemetry)
  const once = createOnceEvents(telemetry)
  const loggedMs = new Map<string, number>()
  /** True at most once per period and kind; kinds are few and fixed. */
  const mayLog = (kind: string) => {
    const nowMs = performance.now()
    if (nowMs - (loggedMs.get(kind) ?? Number.NEGATIVE_INFINITY) < LOG_EVERY_MS) return false
    loggedMs.set(kind, nowMs)
    return true
  }
  return {
    answered(answer) {
      doors.answered(answer)
      const { status, cause, reason } = answer
      if (cause !== '' && mayLog(`${status} ${cause}`))
        log.warn({ status, cause, reason }, 'refused an OTLP request')
    },
    open: doors.open,
    decoded({ signal, itemCount, rejectedCount }) {
      items.inc({ signal }, itemCount)
      if (rejectedCount === 0) return
      rejected.inc({ signal }, rejectedCount)
      if (mayLog(`rejected ${signal}`))
        log.warn({ signal, rejectedCount }, 'refused items by partial success')
    },
    ...once,
    faulted(fault) {
      if (mayLog('fault')) log.error({ err: fault }, 'could not handle an OTLP request')
    },
  }
}

function createDoorEvents({
  counter,
  gauge,
  histogram,
}: Telemetry): Pick<ReceiveEvents, 'answered' | 'open'> {
  const requests = counter(
    'signalbox_receive_requests_total',
    'OTLP requests by status of the answer: a number over HTTP, a name over gRPC',
    ['status'],
  )
  const refused = counter(
    'signalbox_receive_refused_total',
    'OTLP requests that were not taken, by cause; rate is 429, too_large is 413',
    ['cause'],
  )
  const bytes = counter(
    'signalbox_receive_body_bytes_total',
    'Bytes of OTLP request bodies, inflated',
  )
  const wireBytes = counter(
    'signalbox_receive_wire_bytes_total',
    'Bytes of OTLP request bodies as they came, compressed or not',
  )
  const seconds = histogram(
    'signalbox_receive_answer_seconds',
    'Time from the head of an OTLP request to its answer',
  )
  const openRequests = gauge(
    'signalbox_receive_open_requests',
    'OTLP requests that are coming or being handled, by transport',
    ['transport'],
  )
  const openBytes = gauge(
    'signalbox_receive_open_bytes',
    'Bytes of bodies held by open OTLP requests, by transport',
    ['transport'],
  )
  // Changes with every piece of every request, so the gauges are set when somebody looks.
  const open: { [transport in Open['transport']]?: Open } = {}
  const setWhenSeen = (gauge: Gauge, read: (now: Open) => number) =>
    Object.assign(gauge, {
      collect() {
        for (const now of Object.values(open)) gauge.set({ transport: now.transport }, read(now))
      },
    })
  setWhenSeen(openRequests, ({ requestCount }) => requestCount)
  setWhenSeen(openBytes, ({ byteCount }) => byteCount)
  return {
    answered(answer) {
      requests.inc({ status: String(answer.status) })
      if (answer.cause !== '') refused.inc({ cause: answer.cause })
      bytes.inc(answer.bodyBytes)
      wireBytes.inc(answer.wireBytes)
      seconds.observe(answer.durationMs / 1_000)
    },
    open: (now) => {
      open[now.transport] = now
    },
  }
}

function createOnceEvents({
  counter,
}: Telemetry): Pick<ReceiveEvents, 'repeated' | 'forgotten' | 'withheld'> {
  const repeated = counter(
    'signalbox_receive_repeated_total',
    'Requests that came again with the same bytes within 10 minutes: answered, not counted again',
    ['signal'],
  )
  const forgotten = counter(
    'signalbox_receive_forgotten_total',
    'Requests forgotten before 10 minutes, because too many came; repeated, they count again',
  )
  const withheld = counter(
    'signalbox_receive_private_attributes_total',
    'Attributes dropped or hashed before anything is stored or judged, by reason',
    ['action', 'reason'],
  )
  return {
    repeated: ({ signal }) => repeated.inc({ signal }),
    forgotten: ({ requestCount }) => forgotten.inc(requestCount),
    withheld: ({ action, reason, count }) => withheld.inc({ action, reason }, count),
  }
}
