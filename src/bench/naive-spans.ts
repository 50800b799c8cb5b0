import { toUnixNs } from '../decode/int64.ts'
import type { Row } from '../model/batch.ts'
import { readTexts } from './naive-attributes.ts'
import { readSpanId, readTraceId } from './naive-ids.ts'
import { type Origin, readOrigin } from './naive-scope.ts'
import type { Span, TracesRequest } from './naive-span-message.ts'
import { formatUnixNs } from './naive-times.ts'

const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']
const STATUSES = ['Unset', 'Ok', 'Error']

/**
 * Rows of `otel_traces`, as the Collector's ClickHouse exporter writes them, in the order of the
 * request.
 * @throws BadTelemetry for an id of wrong length
 */
export function readSpanRows(request: TracesRequest): Row[] {
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) => {
      const origin = readOrigin({ resource, scope, resourceSchemaUrl: '', scopeSchemaUrl: '' })
      return spans.map((span) => toSpanRow(span, origin))
    }),
  )
}

function toSpanRow(span: Span, origin: Origin): Row {
  const startUnixNs = toUnixNs(span.startTimeUnixNano)
  // The exporter wraps a negative duration around; it is 0 here.
  const durationNs = toUnixNs(span.endTimeUnixNano) - startUnixNs
  return {
    Timestamp: formatUnixNs(startUnixNs),
    TraceId: readTraceId(span.traceId),
    SpanId: readSpanId(span.spanId),
    ParentSpanId: readSpanId(span.parentSpanId),
    TraceState: span.traceState,
    SpanName: span.name,
    SpanKind: KINDS[span.kind] ?? 'Unspecified',
    ServiceName: origin.serviceName,
    ResourceAttributes: origin.resource,
    ScopeName: origin.scopeName,
    ScopeVersion: origin.scopeVersion,
    SpanAttributes: readTexts(span.attributes),
    Duration: (durationNs < 0n ? 0n : durationNs).toString(),
    StatusCode: STATUSES[span.status?.code ?? 0] ?? 'Unset',
    StatusMessage: span.status?.message ?? '',
    'Events.Timestamp': span.events.map((event) => formatUnixNs(toUnixNs(event.timeUnixNano))),
    'Events.Name': span.events.map((event) => event.name),
    'Events.Attributes': span.events.map((event) => readTexts(event.attributes)),
    'Links.TraceId': span.links.map((link) => readTraceId(link.traceId)),
    'Links.SpanId': span.links.map((link) => readSpanId(link.spanId)),
    'Links.TraceState': span.links.map((link) => link.traceState),
    'Links.Attributes': span.links.map((link) => readTexts(link.attributes)),
  }
}
