import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtobufLogs } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtobufMetrics } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufTraces } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { expect, test } from 'vitest'
import type { Row } from '../../src/model/batch.ts'
import { createIngest } from '../../src/receive/ingest.ts'
import { createTestDecoder, sealRows } from '../decode/decoder-fixture.ts'
import { serve } from './http-fixture.ts'

// The three signals as the real SDKs send them, in both encodings, with and without gzip.

const resource = resourceFromAttributes({
  'service.name': 'gateway',
  'service.instance.id': 'router-1',
})

async function receive() {
  const batches: Map<string, readonly Row[]>[] = []
  const decoder = createTestDecoder()
  const ingest = createIngest({
    nextSeenAt: () => 1n,
    decode: decoder.decode,
    observe: () => {},
    append: async () => {
      batches.push(sealRows(decoder))
      return { status: 'ok' }
    },
    events: { decoded: () => {}, withheld: () => {} },
  })
  const { port, statuses } = await serve({ ingest })
  const rows = (table: string): Row[] => batches.flatMap((batch) => batch.get(table) ?? [])
  const options = (signal: string, compression: string) => ({
    url: `http://127.0.0.1:${port}/v1/${signal}`,
    ...(compression === 'gzip' && { compression: compression as never }),
  })
  return { rows, options, statuses }
}

const WAYS = [
  ['JSON', 'none'],
  ['JSON', 'gzip'],
  ['protobuf', 'none'],
  ['protobuf', 'gzip'],
] as const

test.for(WAYS)('spans come as %s, %s', async ([encoding, compression]) => {
  const { rows, options, statuses } = await receive()
  const Exporter = encoding === 'JSON' ? JsonTraces : ProtobufTraces
  const processor = new SimpleSpanProcessor(new Exporter(options('traces', compression)))
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] })
  const tracer = provider.getTracer('router', '1.2')
  const request = tracer.startSpan('POST /preview', {
    kind: SpanKind.SERVER,
    attributes: {
      'http.route': 'preview',
      'session.id': 's1',
      ok: true,
      ratio: 0.5,
      tags: ['a', 'b'],
    },
  })
  const attempt = tracer.startSpan('POST', {
    kind: SpanKind.CLIENT,
    attributes: {
      'signalbox.route': 'preview',
      'signalbox.target': 'cloud-eu',
      'signalbox.request.id': request.spanContext().traceId,
      'http.response.status_code': 500,
    },
  })
  attempt.recordException(new Error('inference failed'))
  attempt.setStatus({ code: SpanStatusCode.ERROR, message: 'inference failed' })
  attempt.end()
  request.end()
  await provider.shutdown()
  expect(statuses.every((status) => status === 200)).toBe(true)
  // Each span is a request of its own, and they may overtake each other.
  const spanOf = (kind: string) => rows('otel_traces').find(({ SpanKind }) => SpanKind === kind)
  const first = spanOf('Client')
  const second = spanOf('Server')
  expect(first).toMatchObject({
    SpanName: 'POST',
    SpanKind: 'Client',
    StatusCode: 'Error',
    StatusMessage: 'inference failed',
    ScopeName: 'router',
    ScopeVersion: '1.2',
    'Events.Name': ['exception'],
    'Events.Attributes': [{ 'exception.message': 'inference failed', 'exception.type': 'Error' }],
    SpanAttributes: { 'http.response.status_code': '500' },
  })
  expect(second).toMatchObject({
    TraceId: request.spanContext().traceId,
    SpanId: request.spanContext().spanId,
    ServiceName: 'gateway',
    SpanAttributes: { ok: 'true', ratio: '0.5', tags: '["a","b"]' },
  })
  expect(second?.Timestamp).toMatch(/^\d{10}\.\d{9}$/)
  expect(rows('signalbox_attempts')).toMatchObject([
    { Target: 'cloud-eu', Outcome: 'failed', Router: 'router-1', StatusCode: 500 },
  ])
  // Where the request's span came first, the attempt has revised its row: the last word counts.
  const last = rows('signalbox_requests')
    .sort((a, b) => Number(a.Revision) - Number(b.Revision))
    .at(-1)
  expect(last).toMatchObject({ Route: 'preview', Session: 's1' })
})

test.for(WAYS)('log records come as %s, %s', async ([encoding, compression]) => {
  const { rows, options } = await receive()
  const Exporter = encoding === 'JSON' ? JsonLogs : ProtobufLogs
  const exporter = new Exporter(options('logs', compression))
  const processors = [new SimpleLogRecordProcessor({ exporter })]
  const provider = new LoggerProvider({ resource, processors })
  provider.getLogger('worker').emit({
    severityNumber: SeverityNumber.ERROR,
    severityText: 'ERROR',
    body: 'CUDA out of memory.',
    eventName: 'oom',
    attributes: { 'hw.id': 'gpu-1', deep: { list: [1, 'x'] } },
  })
  await provider.shutdown()
  expect(rows('otel_logs')).toMatchObject([
    {
      SeverityNumber: 17,
      SeverityText: 'ERROR',
      Body: 'CUDA out of memory.',
      EventName: 'oom',
      LogAttributes: { deep: '{"list":[1,"x"]}', 'hw.id': 'gpu-1' },
      ScopeName: 'worker',
    },
  ])
})

test.for(WAYS)('metrics come as %s, %s', async ([encoding, compression]) => {
  const { rows, options } = await receive()
  const Exporter = encoding === 'JSON' ? JsonMetrics : ProtobufMetrics
  const exporter = new Exporter(options('metrics', compression))
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ resource, readers: [reader] })
  const meter = provider.getMeter('autoscaler')
  meter.createCounter('jobs', { unit: '1' }).add(3, { pool: 'a' })
  meter.createGauge('queue.depth').record(7.5)
  meter.createHistogram('wait', { unit: 's' }).record(2)
  await provider.forceFlush()
  await provider.shutdown()
  expect(rows('otel_metrics_sum')[0]).toMatchObject({
    MetricName: 'jobs',
    Value: 3,
    IsMonotonic: true,
    AggregationTemporality: 2,
    Attributes: { pool: 'a' },
  })
  expect(rows('otel_metrics_gauge')[0]).toMatchObject({ MetricName: 'queue.depth', Value: 7.5 })
  expect(rows('otel_metrics_histogram')[0]).toMatchObject({ MetricUnit: 's', Count: '1', Sum: 2 })
})
