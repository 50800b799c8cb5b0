import { expect, test } from 'vitest'
import {
  createTestDecoder,
  type DecodedRows,
  decodeOk,
  NOW_MS,
  rowsOf,
  unitOf,
} from './decoder-fixture.ts'
import { keyValues, newSpanId, newTraceId, request } from './otlp-builder.ts'

const AT = String(BigInt(NOW_MS) * 1_000_000n)
const START = String(BigInt(NOW_MS - 60_000) * 1_000_000n)
const TRACE = newTraceId()
const SPAN = newSpanId()

const point = (own: object) => ({
  timeUnixNano: AT,
  startTimeUnixNano: START,
  attributes: keyValues({ pool: 'a' }),
  ...own,
})
const exemplars = [
  {
    timeUnixNano: AT,
    asInt: '-5',
    traceId: TRACE,
    spanId: SPAN,
    filteredAttributes: keyValues({ k: 1 }),
  },
]

/** Decodes one metric, in both encodings, which must agree. */
function decode(metric: object): DecodedRows {
  const document = {
    resourceMetrics: [
      {
        resource: { attributes: keyValues({ 'service.name': 'sd-worker', 'host.name': 'h1' }) },
        schemaUrl: 'r',
        scopeMetrics: [
          {
            scope: { name: 'n', version: 'v', attributes: [], droppedAttributesCount: 2 },
            schemaUrl: 's',
            metrics: [{ name: 'm', description: 'd', unit: 'u', ...metric }],
          },
        ],
      },
    ],
  }
  const [json, protobuf] = (['json', 'protobuf'] as const).map((encoding) =>
    decodeOk(
      createTestDecoder(),
      request('metrics', document, { encoding, receivedUnixMs: NOW_MS }),
    ),
  )
  expect(protobuf?.rows).toEqual(json?.rows)
  return protobuf as DecodedRows
}

const ALIKE = {
  ResourceAttributes: { 'host.name': 'h1', 'service.name': 'sd-worker' },
  ResourceSchemaUrl: 'r',
  ScopeName: 'n',
  ScopeVersion: 'v',
  ScopeAttributes: {},
  ScopeDroppedAttrCount: 2,
  ScopeSchemaUrl: 's',
  ServiceName: 'sd-worker',
  MetricName: 'm',
  MetricDescription: 'd',
  MetricUnit: 'u',
  Attributes: { pool: 'a' },
  StartTimeUnix: '1768139940',
  TimeUnix: '1768140000',
  Flags: 0,
}
const EXEMPLARS = {
  'Exemplars.FilteredAttributes': [{ k: '1' }],
  'Exemplars.TimeUnix': ['1768140000'],
  'Exemplars.Value': [-5],
  'Exemplars.SpanId': [SPAN],
  'Exemplars.TraceId': [TRACE],
}

test.for<[string, string, object, object, unknown]>([
  [
    'gauge',
    'otel_metrics_gauge',
    { gauge: { dataPoints: [point({ asDouble: 1.5, exemplars })] } },
    { Value: 1.5, ...EXEMPLARS },
    1.5,
  ],
  [
    'integer gauge',
    'otel_metrics_gauge',
    { gauge: { dataPoints: [point({ asInt: '-7', exemplars })] } },
    { Value: -7, ...EXEMPLARS },
    -7,
  ],
  [
    'gauge without end',
    'otel_metrics_gauge',
    { gauge: { dataPoints: [point({ asDouble: '-Infinity', exemplars })] } },
    { Value: '-inf', ...EXEMPLARS },
    Number.NEGATIVE_INFINITY,
  ],
  [
    'sum',
    'otel_metrics_sum',
    {
      sum: {
        dataPoints: [point({ asInt: 12, exemplars })],
        aggregationTemporality: 2,
        isMonotonic: true,
      },
    },
    { Value: 12, AggregationTemporality: 2, IsMonotonic: true, ...EXEMPLARS },
    12,
  ],
  [
    'histogram',
    'otel_metrics_histogram',
    {
      histogram: {
        dataPoints: [
          point({
            count: '4',
            sum: 10,
            bucketCounts: ['1', '3'],
            explicitBounds: [2.5],
            exemplars,
            min: 1,
            max: 4,
          }),
        ],
        aggregationTemporality: 1,
      },
    },
    {
      Count: '4',
      Sum: 10,
      BucketCounts: ['1', '3'],
      ExplicitBounds: [2.5],
      Min: 1,
      Max: 4,
      AggregationTemporality: 1,
      ...EXEMPLARS,
    },
    2.5,
  ],
  [
    'exponential histogram',
    'otel_metrics_exponential_histogram',
    {
      exponentialHistogram: {
        dataPoints: [
          point({
            count: 5,
            sum: 10,
            scale: -2,
            zeroCount: '1',
            positive: { offset: -3, bucketCounts: ['1', 2] },
            negative: { offset: 4, bucketCounts: [] },
            exemplars,
          }),
        ],
        aggregationTemporality: 'AGGREGATION_TEMPORALITY_CUMULATIVE',
      },
    },
    {
      Count: '5',
      Sum: 10,
      Scale: -2,
      ZeroCount: '1',
      PositiveOffset: -3,
      PositiveBucketCounts: ['1', '2'],
      NegativeOffset: 4,
      NegativeBucketCounts: [],
      Min: 0,
      Max: 0,
      AggregationTemporality: 2,
      ...EXEMPLARS,
    },
    2,
  ],
  [
    'summary',
    'otel_metrics_summary',
    {
      summary: {
        dataPoints: [point({ count: 2, sum: 3, quantileValues: [{ quantile: 0.5, value: 1.25 }] })],
      },
    },
    {
      Count: '2',
      Sum: 3,
      'ValueAtQuantiles.Quantile': [0.5],
      'ValueAtQuantiles.Value': [1.25],
    },
    1.5,
  ],
])('a %s becomes a row of %s', ([, table, metric, columns, value]) => {
  const batch = decode(metric)
  expect([...batch.rows.keys()]).toEqual([table, 'signalbox_arrivals'])
  const seen = { EventAt: '1768140000.000000000', SeenAt: '1768140000.000000000' }
  expect(rowsOf(batch, table)).toEqual([{ ...ALIKE, ...columns, ...seen }])
  const [observation] = unitOf(batch, 'metric')
  expect(observation).toMatchObject({
    atUnixMs: NOW_MS,
    startUnixMs: NOW_MS - 60_000,
    source: { id: 'h1', component: 'worker' },
  })
  const fields = ['metric', 'value', 'unit', 'pool', 'worker', 'resource.host.name', 'host.name']
  const values = ['m', value, 'u', 'a', 'h1', 'h1', 'h1']
  expect(fields.map((key) => observation?.field(key))).toEqual(values)
})

test('a distribution shows its count and sum too', () => {
  const dataPoints = [point({ count: 4, sum: 10 })]
  const [observation] = unitOf(decode({ histogram: { dataPoints } }), 'metric')
  expect([observation?.field('count'), observation?.field('sum')]).toEqual([4, 10])
})

test('a point that recorded nothing is stored and not judged', () => {
  const batch = decode({
    gauge: { dataPoints: [point({ flags: 1, asDouble: 0 }), point({ flags: 0, asDouble: 0 })] },
  })
  expect(rowsOf(batch, 'otel_metrics_gauge').map((row) => row.Flags)).toEqual([1, 0])
  expect(unitOf(batch, 'metric').map((observation) => observation.field('value'))).toEqual([0])
})

test('a point without time has the time it was received', () => {
  const batch = decode({ gauge: { dataPoints: [{ asDouble: 1 }] } })
  expect(rowsOf(batch, 'otel_metrics_gauge')).toMatchObject([
    { TimeUnix: '1768140000', StartTimeUnix: '0000000000' },
  ])
})

test('an exemplar with a wrong id makes the request bad', () => {
  const bad = [{ ...exemplars[0], spanId: '00' }]
  expect(() => decode({ gauge: { dataPoints: [point({ asInt: 1, exemplars: bad })] } })).toThrow(
    'a span id has 8 bytes, not 1',
  )
})
