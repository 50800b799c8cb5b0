import { createMeanings } from '../../src/config/meanings.ts'
import { mapRulesOf, Settings } from '../../src/config/settings.ts'
import type { LogFacts } from '../../src/decode/log-facts.ts'
import { readLogs } from '../../src/decode/log-facts.ts'
import type { LogsRequest } from '../../src/decode/log-message.ts'
import type { Mappable, Mapped } from '../../src/decode/mapped.ts'
import { createMapper } from '../../src/decode/mapper.ts'
import { type PointFacts, readPoints } from '../../src/decode/metric-facts.ts'
import type { MetricsRequest } from '../../src/decode/metric-message.ts'
import { readNdjson } from '../../src/decode/ndjson.ts'
import { readRequest } from '../../src/decode/read-request.ts'
import { readSpans, type SpanFacts } from '../../src/decode/span-facts.ts'
import type { TracesRequest } from '../../src/decode/span-message.ts'
import type { OtlpRequest } from '../../src/model/otlp.ts'

// Telemetry as it really comes, through the decoder's own readers, to the mapper.

const OPTIONS = {
  meanings: createMeanings(Settings.parse({})),
  services: {},
  receivedUnixMs: Date.now(),
  retentionMs: 10 * 365 * 86_400_000,
}

/** A mapper as settings make it: `profiles` and `map` as they are written in the file. */
export function mapperOf(telemetry: { readonly profiles?: unknown[]; readonly map?: unknown[] }) {
  return createMapper({ rules: mapRulesOf(Settings.parse({ telemetry })) })
}

export function readNdjsonLines(lines: readonly (object | string)[]): Mappable[] {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  const request = { signal: 'logs', encoding: 'ndjson', receivedUnixMs: Date.now() } as const
  const { logs, lines: report } = readNdjson(
    { ...request, body: Buffer.from(text.join('\n')) },
    OPTIONS,
  )
  if (report.refusedCount > 0) throw new Error(JSON.stringify(report.refused))
  return logs.map(ofLog)
}

export function readOtlp(otlp: OtlpRequest): Mappable[] {
  const message = readRequest(otlp)
  if (otlp.signal === 'logs') return readLogs(message as LogsRequest, OPTIONS).map(ofLog)
  if (otlp.signal === 'traces') return readSpans(message as TracesRequest, OPTIONS).map(ofSpan)
  return readPoints(message as MetricsRequest, OPTIONS).map(ofPoint)
}

type Attributes = SpanFacts['attributes']

const getter = (own: Attributes, resource: Attributes) => (key: string) =>
  key.startsWith('resource.') ? resource.get(key.slice('resource.'.length)) : own.get(key)

const NO_METRIC = {
  value: undefined,
  temporality: 0,
  startOfSeriesUnixNs: 0n,
  seriesKey: () => '',
}

function ofSpan(span: SpanFacts): Mappable {
  const { name, kind, startUnixNs, endUnixNs } = span
  return {
    ...NO_METRIC,
    ...{ signal: 'span', name, kind, startUnixNs, endUnixNs, body: '' },
    service: span.resource.serviceName,
    isError: span.status === 'Error',
    get: getter(span.attributes, span.resource.attributes),
  }
}

function ofLog(log: LogFacts): Mappable {
  const { body, unixNs, origin } = log
  return {
    ...NO_METRIC,
    ...{ signal: 'log', name: log.eventName, kind: '', isError: false, body },
    ...{ startUnixNs: unixNs, endUnixNs: unixNs },
    service: origin.resource.serviceName,
    get: getter(log.attributes, origin.resource.attributes),
  }
}

function ofPoint(point: PointFacts): Mappable {
  const { metric, attributes, origin, unixNs, value } = point
  return {
    ...{ signal: 'metric', name: metric.name, kind: '', isError: false, body: '', value },
    ...{ startUnixNs: unixNs, endUnixNs: unixNs, startOfSeriesUnixNs: point.startUnixNs },
    temporality: Number(point.columns.AggregationTemporality ?? 0),
    service: origin.resource.serviceName,
    seriesKey: () =>
      JSON.stringify([metric.name, attributes.text, origin.resource.attributes.text]),
    get: getter(attributes, origin.resource.attributes),
  }
}

/** What matters of what was mapped, one short line each. */
export function brief(mapped: readonly Mapped[]): string[] {
  return mapped.map((one) => {
    const count = one.count > 1 ? ` ×${one.count}` : ''
    const status = one.ending.statusCode > 0 ? ` ${one.ending.statusCode}` : ''
    return `${one.unit} ${one.route || '?'} ${one.target || '?'} ${one.outcome}${status}${count}`
  })
}
