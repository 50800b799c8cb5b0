import type { Signal } from '../model/otlp.ts'
import type { Telemetry } from './telemetry.ts'

/** One answered OTLP request, as its sender saw it. */
interface Answered {
  /** HTTP's number or gRPC's name. */
  readonly status: number | string
  readonly reason: string
  readonly durationMs: number
  /** Bytes of the inflated body, 0 when it was not read. */
  readonly bodyBytes: number
}

export interface ReceiveEvents {
  answered(answer: Answered): void
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
  const requests = telemetry.counter(
    'signalbox_receive_requests_total',
    'OTLP requests by status of the answer: a number over HTTP, a name over gRPC',
    ['status'],
  )
  const bytes = telemetry.counter(
    'signalbox_receive_body_bytes_total',
    'Bytes of OTLP request bodies, inflated',
  )
  const seconds = telemetry.histogram(
    'signalbox_receive_answer_seconds',
    'Time from the head of an OTLP request to its answer',
  )
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
    answered({ status, reason, durationMs, bodyBytes }) {
      requests.inc({ status: String(status) })
      bytes.inc(bodyBytes)
      seconds.observe(durationMs / 1_000)
      if (status !== 200 && status !== 'OK' && mayLog(`status ${status}`))
        log.warn({ status, reason }, 'refused an OTLP request')
    },
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
