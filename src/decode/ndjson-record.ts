import { fromBigInt } from './int64.ts'
import type { LogRecord } from './log-message.ts'
import { takeException } from './ndjson-exception.ts'
import { type Fields, readFields, type Scalar, toFilledText } from './ndjson-fields.ts'
import type { JsonObject } from './ndjson-lines.ts'
import { takeResource } from './ndjson-resource.ts'
import { takeSeverity } from './ndjson-severity.ts'
import { readTime, TIME_NAMES } from './ndjson-time.ts'
import { toAnyValue } from './ndjson-value.ts'
import type { KeyValue } from './value-message.ts'

const MESSAGE_NAMES = ['message', 'msg', 'log', 'body', 'event', 'text', '@message']
const TRACE_NAMES = ['trace_id', 'traceid', 'trace.id', 'oteltraceid', 'dd.trace_id']
const SPAN_NAMES = ['span_id', 'spanid', 'span.id', 'otelspanid', 'dd.span_id']
const FLAG_NAMES = ['trace_flags', 'traceflags']
const EVENT_NAMES = ['event_name', 'event.name', 'eventname']

/** Twice what SDKs allow a record; the rest is left out and counted on the record. */
const ATTRIBUTES_MAX = 256
const DROPPED = 'signalbox.attributes.dropped'

/** One line in OTLP's own shape, so that what follows is the same for both. */
export interface NdjsonRecord {
  readonly record: LogRecord
  readonly resource: ReadonlyMap<string, Scalar>
}

/** @throws BadTelemetry when the line nests too deeply */
export function readRecord(object: JsonObject): NdjsonRecord {
  const fields = readFields(object)
  // First, since it knows pino and bunyan by their other fields.
  const resource = takeResource(fields)
  const unixNs = fields.take(TIME_NAMES, readTime) ?? 0n
  const severity = takeSeverity(fields)
  const traceId = fields.take(TRACE_NAMES, (value) => toId(value, 16))
  const spanId = fields.take(SPAN_NAMES, (value) => toId(value, 8))
  const flags = fields.take(FLAG_NAMES, toFlags) ?? 0
  const message = fields.take(MESSAGE_NAMES, toMessage)
  const eventName = fields.take(EVENT_NAMES, toFilledText) ?? ''
  const exception = takeException(fields)
  return {
    resource,
    record: {
      timeUnixNano: fromBigInt(unixNs, true) ?? ZERO,
      observedTimeUnixNano: ZERO,
      severityNumber: severity.number,
      severityText: severity.text,
      body: message === undefined ? null : toAnyValue(message),
      attributes: toAttributes(fields, exception),
      flags,
      traceId: traceId ?? NO_ID,
      spanId: spanId ?? NO_ID,
      eventName,
    },
  }
}

const ZERO = { low: 0, high: 0, unsigned: true }
const NO_ID = new Uint8Array()

function toAttributes(fields: Fields, exception: ReadonlyMap<string, Scalar>): KeyValue[] {
  const all = [...toKeyValues(exception), ...toKeyValues(fields.rest)]
  const droppedCount = Math.max(0, all.length - ATTRIBUTES_MAX) + fields.droppedCount
  if (droppedCount === 0) return all
  const dropped = { key: DROPPED, value: toAnyValue(droppedCount) }
  return [...all.slice(0, ATTRIBUTES_MAX), dropped]
}

export function toKeyValues(values: ReadonlyMap<string, Scalar>): KeyValue[] {
  return [...values].map(([key, value]) => ({ key, value: toAnyValue(value) }))
}

/** Docker keeps the newline that ended the line. */
function toMessage(value: Scalar): Scalar | undefined {
  if (typeof value !== 'string') return value
  return value === '' ? undefined : value.replace(/\r?\n$/, '')
}

/** Hex of the right length that is not all zeros; every other id stays an attribute. */
function toId(value: Scalar, byteCount: number): Uint8Array | undefined {
  if (typeof value !== 'string' || value.length !== 2 * byteCount) return undefined
  return /^[0-9a-f]+$/i.test(value) && /[^0]/.test(value) ? Buffer.from(value, 'hex') : undefined
}

/** A number, or two digits of hex, as instrumentations write them. */
function toFlags(value: Scalar): number | undefined {
  const number = typeof value === 'string' && /^[0-9a-f]{2}$/i.test(value) ? `0x${value}` : value
  const flags = Number(number)
  return typeof value !== 'boolean' && Number.isInteger(flags) && flags >= 0 && flags <= 0xff
    ? flags
    : undefined
}
