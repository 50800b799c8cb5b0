import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtobufLogs } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPMetricExporter as ProtobufMetrics } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufTraces } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import {
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OtlpRequest, Signal } from '../../src/model/otlp.ts'
import {
  countRows,
  createOpenDecoder,
  RECEIVED_MS,
  referenceRows,
  sealRows,
  telemetryOf,
} from './equality-fixture.ts'
import { encode } from './otlp-builder.ts'

// What is really sent is the same rows from both decoders: the protocol's own examples, and the
// bodies of the JavaScript SDK's exporters as they came over a socket.

type Sent = Omit<OtlpRequest, 'receivedUnixMs'>

/** How many rows it became. */
function mustBeEqual(request: Sent): number {
  const decoder = createOpenDecoder()
  const expected = referenceRows(request) ?? {}
  expect(decoder.decode({ ...request, receivedUnixMs: RECEIVED_MS })).toMatchObject({
    status: 'ok',
    batch: { itemCount: countRows(expected), rejectedCount: 0 },
  })
  expect(telemetryOf(sealRows(decoder))).toEqual(expected)
  return countRows(expected)
}

const EXAMPLES = [
  { file: 'trace.json', signal: 'traces', rowCount: 1 },
  { file: 'logs.json', signal: 'logs', rowCount: 1 },
  { file: 'events.json', signal: 'logs', rowCount: 1 },
  { file: 'metrics.json', signal: 'metrics', rowCount: 4 },
] as const

test.for(EXAMPLES)('$file of the protocol', ({ file, signal, rowCount }) => {
  const text = readFileSync(`test/contract/otlp-examples/${file}`, 'utf8')
  const body = encode(signal, JSON.parse(text), 'protobuf')
  expect(mustBeEqual({ signal, encoding: 'json', body: Buffer.from(text) })).toBe(rowCount)
  expect(mustBeEqual({ signal, encoding: 'protobuf', body })).toBe(rowCount)
})

test.for(EXAMPLES)('$file as it was published first, with bare numbers', ({ file, signal }) => {
  const text = readFileSync(`test/contract/otlp-examples/${file}`, 'utf8')
  const bare = text.replaceAll(/(?<!"unit": )"(\d+)"(?=[\s,\]}])/g, '$1')
  expect(bare).toContain('Nano": 15447126')
  const rowsOf = (body: string) => {
    const decoder = createOpenDecoder()
    const request = { signal, encoding: 'json', body: Buffer.from(body) } as const
    decoder.decode({ ...request, receivedUnixMs: RECEIVED_MS })
    return sealRows(decoder)
  }
  expect(rowsOf(bare)).toEqual(rowsOf(text))
})

const sent: Sent[] = []
const sink = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const isJson = request.headers['content-type'] === 'application/json'
  sent.push({
    signal: request.url?.slice('/v1/'.length) as Signal,
    encoding: isJson ? 'json' : 'protobuf',
    body: Buffer.concat(chunks),
  })
  response.setHeader('content-type', request.headers['content-type'] ?? '')
  response.end(isJson ? '{}' : '')
})
const resource = resourceFromAttributes({
  'service.name': 'gateway',
  'process.pid': 7,
  tags: ['ü'],
})
const urlOf = (signal: Signal) => ({
  url: `http://127.0.0.1:${(sink.address() as AddressInfo).port}/v1/${signal}`,
})
beforeAll(async () => {
  sink.listen(0, '127.0.0.1')
  await once(sink, 'listening')
})
afterAll(() => sink.close())

const ENCODINGS = ['json', 'protobuf'] as const
const attributes = {
  ...{ text: 'é', ok: false, big: 2 ** 53, half: -0.5, nan: Number.NaN, none: '' },
  ...{ texts: ['a', 'b'], numbers: [1, 2.5], flags: [true, false] },
}

test.for(ENCODINGS)('spans of the SDK as %s', async (encoding) => {
  const Exporter = encoding === 'json' ? JsonTraces : ProtobufTraces
  const processor = new BatchSpanProcessor(new Exporter(urlOf('traces')))
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] })
  const tracer = provider.getTracer('router', '1.2', { schemaUrl: 'https://example.com/1' })
  const first = tracer.startSpan('first', { kind: SpanKind.PRODUCER, attributes })
  const context = { ...first.spanContext(), traceFlags: TraceFlags.SAMPLED }
  const second = tracer.startSpan('', { kind: SpanKind.CONSUMER, links: [{ context, attributes }] })
  second.addEvent('retry', attributes)
  second.recordException(new Error('inference failed'))
  second.setStatus({ code: SpanStatusCode.ERROR, message: 'inference failed' })
  second.end()
  first.setStatus({ code: SpanStatusCode.OK }).end()
  await provider.shutdown()
  expect(sent.splice(0).map(mustBeEqual)).toEqual([2])
})

test.for(ENCODINGS)('log records of the SDK as %s', async (encoding) => {
  const Exporter = encoding === 'json' ? JsonLogs : ProtobufLogs
  const exporter = new Exporter(urlOf('logs'))
  const provider = new LoggerProvider({
    resource,
    processors: [new BatchLogRecordProcessor({ exporter })],
  })
  const logger = provider.getLogger('worker', '2', { attributes: { own: 1 } })
  const deep = { list: [1, 'x', { nothing: null }], bytes: new Uint8Array([1, 2, 255]) }
  const bodies = ['CUDA out of memory.', '', 7, 2.5, true, ['a', 1], deep, new Uint8Array([0])]
  for (const body of bodies) logger.emit({ body, attributes: { ...attributes, deep } })
  logger.emit({ eventName: 'oom', severityNumber: SeverityNumber.FATAL4, severityText: 'FATAL' })
  await provider.shutdown()
  expect(sent.splice(0).map(mustBeEqual)).toEqual([bodies.length + 1])
})

test.for(ENCODINGS)('metrics of the SDK as %s', async (encoding) => {
  const Exporter = encoding === 'json' ? JsonMetrics : ProtobufMetrics
  const exporter = new Exporter(urlOf('metrics'))
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const exponential = { type: AggregationType.EXPONENTIAL_HISTOGRAM } as const
  const views = [{ instrumentName: 'spread', aggregation: exponential }]
  const provider = new MeterProvider({ resource, readers: [reader], views })
  const meter = provider.getMeter('autoscaler', '3')
  meter.createCounter('jobs', { unit: '1', description: 'done' }).add(3, { pool: 'a' })
  meter.createUpDownCounter('open').add(-2.5)
  meter.createGauge('queue.depth').record(7.5, attributes)
  for (const name of ['wait', 'spread'])
    for (const value of [0, 0.001, 2, 70_000]) meter.createHistogram(name).record(value)
  await provider.shutdown()
  expect(sent.splice(0).map(mustBeEqual)).toEqual([5])
})
