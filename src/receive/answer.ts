import type { LineReport, OtlpAnswer, OtlpRequest, Signal } from '../model/otlp.ts'
import type { RefusalCause } from '../telemetry/receive-events.ts'
import { ANSWERS, type Refusal, toPipelineRefusal } from './refusal.ts'
import { BAD_REQUEST, encodePartial, encodeStatus } from './rpc-status.ts'

/** One HTTP answer, ready to be written. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** For metrics and the log; '' when all is well. */
  readonly reason: string
  readonly cause: RefusalCause | ''
}

type Encoding = OtlpRequest['encoding']

export const CONTENT_TYPES = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
  ndjson: 'application/json',
  'remote-write': 'text/plain; charset=utf-8',
} as const satisfies Record<Encoding, string>

/** Answers are bounded by the protocol; nobody reads more of a reason than this. */
const REASON_CHARS_MAX = 2_000

const HEADERS: { readonly [cause in RefusalCause]?: Readonly<Record<string, string>> } = {
  method: { allow: 'POST' },
  unauthenticated: { 'www-authenticate': 'Bearer' },
}

/** @param kind signal and encoding of the request, whose type the answer must have */
export function toHttpAnswer(
  answer: OtlpAnswer,
  { signal, encoding }: { readonly signal: Signal; readonly encoding: Encoding },
): HttpAnswer {
  if ('lines' in answer && answer.lines) return toLinesAnswer(answer.lines, answer.status)
  if (answer.status !== 'ok') return toRefusal(toPipelineRefusal(answer), encoding)
  if (encoding === 'remote-write') return toRemoteWriteAnswer(answer)
  const { rejectedCount } = answer
  const message = answer.message.slice(0, REASON_CHARS_MAX)
  // An unset partial_success says "all accepted"; a set one, even with 0, is a warning.
  const isPlain = rejectedCount === 0 && message === ''
  const body =
    encoding !== 'protobuf'
      ? text(isPlain ? '{}' : partialJson({ signal, rejectedCount, message }))
      : isPlain
        ? new Uint8Array()
        : encodePartial(rejectedCount, message)
  return {
    status: 200,
    headers: { 'content-type': CONTENT_TYPES[encoding] },
    body,
    reason: '',
    cause: '',
  }
}

/** Of plain log lines: 400 only when none of them could be taken. */
function toLinesAnswer(
  { acceptedCount, refusedCount, refused }: LineReport,
  status: 'ok' | 'bad',
): HttpAnswer {
  const body = text(
    JSON.stringify({ accepted: acceptedCount, refused, refused_count: refusedCount }),
  )
  const headers = { 'content-type': CONTENT_TYPES.ndjson }
  if (status === 'ok') return { status: 200, headers, body, reason: '', cause: '' }
  const [first] = refused
  const reason = first ? `line ${first.line}: ${first.reason}` : 'no line could be read'
  return { status: 400, headers, body, reason, cause: 'unreadable' }
}

/**
 * 204, or 400 when anything was refused, even if the rest was taken: a 2xx says that all was (remote
 * write 2.0, "Partial Write", which Prometheus' own receiver follows in 1.0 too). It is logged by the
 * sender, and not sent again.
 */
function toRemoteWriteAnswer({
  rejectedCount,
  message,
}: Extract<OtlpAnswer, { status: 'ok' }>): HttpAnswer {
  const done = { headers: {}, body: new Uint8Array(), reason: '', cause: '' } as const
  if (rejectedCount === 0) return { status: 204, ...done }
  const reason = `${rejectedCount} samples refused, all others taken: ${message}`
  return toRefusal({ cause: 'unreadable', reason }, 'remote-write')
}

/** A `google.rpc.Status` in the request's type; plain text where that is not known, or not OTLP. */
export function toRefusal(refusal: Refusal, encoding: Encoding | undefined): HttpAnswer {
  const { cause, afterS } = refusal
  const { http, rpc } = ANSWERS[cause]
  const reason = refusal.reason.slice(0, REASON_CHARS_MAX)
  const isText = encoding === undefined || encoding === 'remote-write'
  const type = isText ? CONTENT_TYPES['remote-write'] : CONTENT_TYPES[encoding]
  const facts = { code: rpc, reason, isBadRequest: http === 400 }
  const body = isText
    ? text(`${reason}\n`)
    : encoding === 'protobuf'
      ? encodeStatus(facts)
      : text(statusJson(facts))
  const headers = {
    ...HEADERS[cause],
    ...(afterS !== undefined && { 'retry-after': String(afterS) }),
    'content-type': type,
  }
  return { status: http, headers, body, reason, cause }
}

const REJECTED_FIELD: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
}

interface Partial {
  readonly signal: Signal
  readonly rejectedCount: number
  readonly message: string
}

function partialJson({ signal, rejectedCount, message }: Partial): string {
  // A 64-bit integer, so a string in protobuf's JSON.
  const partialSuccess = { [REJECTED_FIELD[signal]]: String(rejectedCount), errorMessage: message }
  return JSON.stringify({ partialSuccess })
}

interface StatusFacts {
  readonly code: number
  readonly reason: string
  readonly isBadRequest: boolean
}

function statusJson({ code, reason, isBadRequest }: StatusFacts): string {
  const details = [{ '@type': BAD_REQUEST, fieldViolations: [{ description: reason }] }]
  return JSON.stringify({ code, message: reason, ...(isBadRequest && { details }) })
}

function text(value: string): Uint8Array {
  return Buffer.from(value)
}
