import { randomBytes } from 'node:crypto'
import { REQUEST_TYPES } from '../../src/decode/otlp-schema.ts'
import type { OtlpRequest, Signal } from '../../src/model/otlp.ts'

// Builds OTLP export requests for tests and benchmarks: plain values in, an OTLP/JSON document out,
// and its bytes in either encoding.

export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly Value[]
  | { readonly double: number }
  | { readonly map: { readonly [key: string]: Value } }
export type Values = Readonly<Record<string, Value>>
type Json = Readonly<Record<string, unknown>>

export interface SpanInput {
  readonly traceId?: string
  readonly spanId?: string
  readonly parentSpanId?: string
  readonly traceState?: string
  readonly name?: string
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  readonly startMs: number
  /** Default 100. */
  readonly durationMs?: number
  readonly attributes?: Values
  readonly error?: string | true
  readonly events?: readonly {
    readonly name: string
    readonly atMs: number
    readonly attributes?: Values
  }[]
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[]
}

export interface LogInput {
  readonly atMs: number
  readonly observedMs?: number
  readonly body?: Value
  readonly severity?: number
  readonly severityText?: string
  readonly eventName?: string
  readonly traceId?: string
  readonly spanId?: string
  readonly attributes?: Values
}

export interface MetricInput {
  readonly name: string
  readonly unit?: string
  readonly kind: 'gauge' | 'sum'
  readonly points: readonly {
    readonly atMs: number
    readonly value: number
    readonly attributes?: Values
  }[]
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']

export const newTraceId = () => randomBytes(16).toString('hex')
export const newSpanId = () => randomBytes(8).toString('hex')

/** One resource with its spans. */
export function traces(resource: Values, spans: readonly SpanInput[]): Json {
  const scopeSpans = [{ scope: { name: 'test' }, spans: spans.map(span) }]
  return { resourceSpans: [{ resource: { attributes: keyValues(resource) }, scopeSpans }] }
}

export function logs(resource: Values, records: readonly LogInput[]): Json {
  const scopeLogs = [{ scope: { name: 'test' }, logRecords: records.map(log) }]
  return { resourceLogs: [{ resource: { attributes: keyValues(resource) }, scopeLogs }] }
}

export function metrics(resource: Values, items: readonly MetricInput[]): Json {
  const scopeMetrics = [{ scope: { name: 'test' }, metrics: items.map(metric) }]
  return { resourceMetrics: [{ resource: { attributes: keyValues(resource) }, scopeMetrics }] }
}

/** The bytes of an OTLP/JSON document in either encoding. */
export function encode(
  signal: Signal,
  document: Json,
  encoding: OtlpRequest['encoding'],
): Uint8Array {
  if (encoding === 'json') return Buffer.from(JSON.stringify(document))
  const type = REQUEST_TYPES[signal]
  return type.encode(type.fromObject(withBinaryIds(document) as Json)).finish()
}

/** A decodable request of it, received at `receivedUnixMs`. */
export function request(
  signal: Signal,
  document: Json,
  options: { encoding?: OtlpRequest['encoding']; receivedUnixMs: number },
): OtlpRequest {
  const encoding = options.encoding ?? 'protobuf'
  const { receivedUnixMs } = options
  return { signal, encoding, body: encode(signal, document, encoding), receivedUnixMs }
}

export function keyValues(values: Values): Json[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }))
}

export function anyValue(value: Value): Json {
  if (value === null) return {}
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint') return { intValue: String(value) }
  if (typeof value === 'number')
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: double(value) }
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') }
  if ('double' in value) return { doubleValue: double(value.double) }
  if (isList(value)) return { arrayValue: { values: value.map(anyValue) } }
  return { kvlistValue: { values: keyValues(value.map) } }
}

function isList(value: object): value is readonly Value[] {
  return Array.isArray(value)
}

/** As protobuf's JSON writes it: NaN and infinities as text. JSON.stringify would lose a −0. */
function double(value: number): number | string {
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? value : String(value)
}

function span(input: SpanInput): Json {
  const { startMs, durationMs = 100, error } = input
  return {
    traceId: input.traceId ?? newTraceId(),
    spanId: input.spanId ?? newSpanId(),
    parentSpanId: input.parentSpanId ?? '',
    traceState: input.traceState ?? '',
    name: input.name ?? 'span',
    kind: KINDS.indexOf(input.kind ?? 'internal'),
    startTimeUnixNano: toNs(startMs),
    endTimeUnixNano: toNs(startMs + durationMs),
    attributes: keyValues(input.attributes ?? {}),
    events: (input.events ?? []).map(({ name, atMs, attributes }) => ({
      timeUnixNano: toNs(atMs),
      name,
      attributes: keyValues(attributes ?? {}),
    })),
    links: input.links ?? [],
    status: error === undefined ? {} : { code: 2, message: error === true ? '' : error },
  }
}

function log(input: LogInput): Json {
  return {
    timeUnixNano: toNs(input.atMs),
    observedTimeUnixNano: toNs(input.observedMs ?? 0),
    severityNumber: input.severity ?? 0,
    severityText: input.severityText ?? '',
    body: anyValue(input.body ?? null),
    attributes: keyValues(input.attributes ?? {}),
    eventName: input.eventName ?? '',
    traceId: input.traceId ?? '',
    spanId: input.spanId ?? '',
  }
}

function metric({ name, unit = '', kind, points }: MetricInput): Json {
  const dataPoints = points.map(({ atMs, value, attributes }) => ({
    timeUnixNano: toNs(atMs),
    asDouble: double(value),
    attributes: keyValues(attributes ?? {}),
  }))
  const sum = { dataPoints, aggregationTemporality: 2, isMonotonic: true }
  return { name, unit, ...(kind === 'gauge' ? { gauge: { dataPoints } } : { sum }) }
}

function toNs(unixMs: number): string {
  return String(BigInt(Math.round(unixMs * 1_000)) * 1_000n)
}

const IDS = new Set(['traceId', 'spanId', 'parentSpanId'])

function withBinaryIds(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return IDS.has(key) ? Buffer.from(value, 'hex') : value
  if (Array.isArray(value)) return value.map((item) => withBinaryIds(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withBinaryIds(v, k)]))
}
