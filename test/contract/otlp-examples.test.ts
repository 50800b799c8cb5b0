import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { Signal } from '../../src/model/otlp.ts'
import { encode } from '../decode/otlp-builder.ts'
import { EXPORT } from '../receive/grpc-fixture.ts'
import { type Document, POLL, startServer, TYPES } from './otlp-fixture.ts'

// The protocol's own examples (opentelemetry-proto, folder `examples`) in all its wire forms are the
// same rows.

const server = startServer()
const FOLDER = 'test/contract/otlp-examples'
const SIGNAL_OF: Readonly<Record<string, Signal>> = {
  'trace.json': 'traces',
  'logs.json': 'logs',
  'events.json': 'logs',
  'metrics.json': 'metrics',
}
const TABLES_OF: Readonly<Record<string, readonly string[]>> = {
  'trace.json': ['otel_traces'],
  'logs.json': ['otel_logs'],
  'events.json': ['otel_logs'],
  'metrics.json': ['gauge', 'sum', 'histogram', 'exponential_histogram'].map(
    (kind) => `otel_metrics_${kind}`,
  ),
}

const WAYS = ['json', 'protobuf', 'grpc'].flatMap((form) =>
  ['identity', 'gzip'].map((coding) => ({ form, coding, service: `${form} ${coding}` })),
)

/** In a given form, under a name of its own: the same bytes twice would be one request. */
async function send(file: string, { form, coding, service }: (typeof WAYS)[number]) {
  const signal = SIGNAL_OF[file] ?? 'traces'
  const text = readFileSync(`${FOLDER}/${file}`, 'utf8').replace('my.service', service)
  const isGzip = coding === 'gzip'
  if (form === 'grpc') {
    const body = encode(signal, JSON.parse(text) as Document, 'protobuf')
    return (await server.call({ path: EXPORT[signal], body, isGzip })).code
  }
  const encoding = form === 'json' ? 'json' : 'protobuf'
  // The JSON goes as it was written, not as we would write it.
  const body =
    encoding === 'json' ? Buffer.from(text) : encode(signal, JSON.parse(text) as Document, encoding)
  const headers = { 'content-type': TYPES[encoding], ...(isGzip && { 'content-encoding': 'gzip' }) }
  const path = `/v1/${signal}`
  return (await server.post({ path, headers, body: isGzip ? gzipSync(body) : body })).status
}

/** One row of each way. */
async function rowsOf(table: string, isEvent: boolean) {
  const events = table === 'otel_logs' ? `WHERE (EventName != '') = ${isEvent}` : ''
  return await server.sql<{ ServiceName: string }>(
    `SELECT * EXCEPT (ResourceAttributes, SeenAt),
       mapFilter((k, v) -> k != 'service.name', ResourceAttributes) AS Resource
     FROM ${table} ${events} ORDER BY ServiceName`,
  )
}

test('the four examples are there', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(SIGNAL_OF).sort())
})

test.concurrent.for(Object.keys(SIGNAL_OF))(
  '%s is the same rows in every wire form',
  async (file, { expect }) => {
    const answers = await Promise.all(WAYS.map((way) => send(file, way)))
    expect(new Set(answers)).toEqual(new Set([200, 'OK']))
    for (const table of TABLES_OF[file] ?? []) {
      const rows = () => rowsOf(table, file === 'events.json')
      await expect.poll(rows, POLL).toHaveLength(WAYS.length)
      const [first, ...others] = await rows()
      expect(first).toMatchObject(EXPECTED[file === 'metrics.json' ? table : file] ?? {})
      for (const other of others)
        expect(other).toEqual({ ...first, ServiceName: other.ServiceName })
      const services = [first, ...others].map((row) => row?.ServiceName)
      expect(services).toEqual(WAYS.map(({ service }) => service).sort())
    }
  },
)

const SCOPE = { ScopeName: 'my.library', ScopeVersion: '1.0.0', Resource: {} }
const POINT = { ...SCOPE, TimeUnix: '2018-12-13 14:51:00', MetricUnit: '1' }
const EXPECTED: Readonly<Record<string, object>> = {
  'trace.json': {
    ...SCOPE,
    Timestamp: '2018-12-13 14:51:00.000000000',
    TraceId: '5b8efff798038103d269b633813fc60c',
    SpanId: 'eee19b7ec3c1b174',
    ParentSpanId: 'eee19b7ec3c1b173',
    SpanName: "I'm a server span",
    SpanKind: 'Server',
    SpanAttributes: { 'my.span.attr': 'some value' },
    Duration: 1_000_000_000,
    StatusCode: 'Unset',
  },
  'logs.json': {
    ...SCOPE,
    Timestamp: '2018-12-13 14:51:00.300000000',
    TraceId: '5b8efff798038103d269b633813fc60c',
    SpanId: 'eee19b7ec3c1b174',
    SeverityText: 'Information',
    SeverityNumber: 10,
    Body: 'Example log record',
    ScopeAttributes: { 'my.scope.attribute': 'some scope attribute' },
    LogAttributes: {
      'array.attribute': '["many","values"]',
      'boolean.attribute': 'true',
      'double.attribute': '637.704',
      'int.attribute': '10',
      'map.attribute': '{"some.map.key":"some value"}',
      'string.attribute': 'some string',
    },
  },
  'events.json': {
    ...SCOPE,
    EventName: 'browser.page_view',
    SeverityNumber: 9,
    Body: '{"referrer":"https://wwww.google.com","title":"Free Online GUID Generator","type":0,"url":"https://www.guidgenerator.com/online-guid-generator.aspx"}',
    LogAttributes: { 'event.attribute': 'some event attribute' },
  },
  otel_metrics_gauge: { ...POINT, MetricName: 'my.gauge', Value: 10 },
  otel_metrics_sum: { ...POINT, Value: 5, AggregationTemporality: 1, IsMonotonic: true },
  otel_metrics_histogram: {
    ...POINT,
    ...{ Count: 2, Sum: 2, Min: 0, Max: 2, BucketCounts: [1, 1], ExplicitBounds: [1] },
  },
  otel_metrics_exponential_histogram: {
    ...POINT,
    ...{ Count: 3, Sum: 10, Scale: 0, ZeroCount: 1, PositiveOffset: 1 },
    PositiveBucketCounts: [0, 2],
  },
}
