import type { Row } from '../model/batch.ts'
import { formatUnixNs } from './int64.ts'
import type { SpanFacts } from './span-facts.ts'

/** A row of `otel_traces`, as the Collector's ClickHouse exporter writes it. */
export function toSpanRow(span: SpanFacts): Row {
  // The exporter wraps a negative duration around; it is 0 here.
  const durationNs = span.endUnixNs - span.startUnixNs
  return {
    Timestamp: formatUnixNs(span.startUnixNs),
    TraceId: span.traceId,
    SpanId: span.spanId,
    ParentSpanId: span.parentSpanId,
    TraceState: span.traceState,
    SpanName: span.name,
    SpanKind: span.kind,
    ServiceName: span.resource.serviceName,
    ResourceAttributes: span.resource.attributes.text,
    ScopeName: span.scopeName,
    ScopeVersion: span.scopeVersion,
    SpanAttributes: span.attributes.text,
    Duration: (durationNs < 0n ? 0n : durationNs).toString(),
    StatusCode: span.status,
    StatusMessage: span.statusMessage,
    'Events.Timestamp': span.events.map((event) => formatUnixNs(event.unixNs)),
    'Events.Name': span.events.map((event) => event.name),
    'Events.Attributes': span.events.map((event) => event.attributes.text),
    'Links.TraceId': span.links.map((link) => link.traceId),
    'Links.SpanId': span.links.map((link) => link.spanId),
    'Links.TraceState': span.links.map((link) => link.traceState),
    'Links.Attributes': span.links.map((link) => link.attributes.text),
  }
}
