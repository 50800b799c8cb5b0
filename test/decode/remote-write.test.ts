import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BadTelemetry } from '../../src/decode/bad-telemetry.ts'
import { REQUEST_TYPES } from '../../src/decode/otlp-schema.ts'
import { REMOTE_WRITE_LIMITS, toMetricsRequest } from '../../src/decode/remote-write.ts'
import { createRemoteWriteMemory } from '../../src/decode/remote-write-memory.ts'
import { createTestDecoder, decodeOk, NOW_MS, rowsOf, unitOf } from './decoder-fixture.ts'
import { encodeWriteRequest, type WriteInput, withStale } from './remote-write-builder.ts'

const limits = REMOTE_WRITE_LIMITS
const createCase = () => {
  const memory = createRemoteWriteMemory()
  return (input: WriteInput | Buffer) => {
    const body = Buffer.isBuffer(input) ? input : encodeWriteRequest(input)
    return toMetricsRequest(body, { limits, memory })
  }
}
const batchOf = (body: Uint8Array) =>
  decodeOk(createTestDecoder(), {
    signal: 'metrics',
    encoding: 'protobuf',
    body,
    receivedUnixMs: NOW_MS,
  })
const decoded = (input: WriteInput | Buffer, translate = createCase()) =>
  batchOf(translate(input).body)
const sample = (value: number, timestamp = NOW_MS - 15_000) => ({ value, timestamp })
const target = { job: 'render/vllm', instance: '10.0.0.7:8000' }
const named = (name: string, labels: Readonly<Record<string, string>> = {}) => ({
  __name__: name,
  ...target,
  ...labels,
})

test('a series becomes a point under its own name, with job and instance as resource', () => {
  const batch = decoded({
    series: [
      {
        labels: named('vllm:request_success_total', { finished_reason: 'stop', namespace: 'gpu' }),
        samples: [sample(41.5)],
      },
    ],
  })
  expect(rowsOf(batch, 'otel_metrics_sum')).toMatchObject([
    {
      MetricName: 'vllm:request_success_total',
      ServiceName: 'vllm',
      ResourceAttributes: {
        'service.namespace': 'render',
        'service.name': 'vllm',
        'service.instance.id': '10.0.0.7:8000',
      },
      Attributes: { finished_reason: 'stop', namespace: 'gpu', 'k8s.namespace.name': 'gpu' },
      Value: 41.5,
      IsMonotonic: true,
      AggregationTemporality: 2,
    },
  ])
  const [observation] = unitOf(batch, 'metric')
  expect(observation?.atUnixMs).toBe(NOW_MS - 15_000)
  expect(observation?.field('metric')).toBe('vllm:request_success_total')
  expect(observation?.field('k8s.namespace.name')).toBe('gpu')
})

const kindOf = (input: WriteInput, name: string) => {
  const batch = decoded(input)
  for (const table of ['otel_metrics_sum', 'otel_metrics_gauge'])
    for (const row of rowsOf(batch, table))
      if (row.MetricName === name) return row.IsMonotonic === true ? 'counter' : 'gauge'
  return undefined
}

test.for([
  ['a counter by its name', 'a_total', {}, undefined, 'counter'],
  ['anything else', 'a', {}, undefined, 'gauge'],
  ['a lone count, which may be a gauge', 'node_count', {}, undefined, 'gauge'],
  ['a bucket of a classic histogram', 'h_bucket', { le: '+Inf' }, undefined, 'counter'],
  ['a counter by metadata', 'envoy_cluster_upstream_rq', {}, 'COUNTER', 'counter'],
  ['a gauge by metadata, whatever its name', 'jobs_total', {}, 'GAUGE', 'gauge'],
  ['a quantile of a summary', 's', { quantile: '0.99' }, 'SUMMARY', 'gauge'],
  ['an info', 'build_info', {}, 'INFO', 'gauge'],
  ['a type that is not said', 'b_total', {}, 'UNKNOWN', 'counter'],
] as const)('%s is a %s', ([, name, labels, type, kind]) => {
  const series = [{ labels: named(name, labels), samples: [sample(1)] }]
  const metadata = type === undefined ? [] : [{ type, metricFamilyName: name }]
  expect(kindOf({ series, metadata }, name)).toBe(kind)
})

test.for([
  ['x_sum', 'HISTOGRAM', 'counter'],
  ['x_count', 'SUMMARY', 'counter'],
  ['x_bucket', 'HISTOGRAM', 'counter'],
  ['x_created', 'HISTOGRAM', 'gauge'],
  ['x_total', 'COUNTER', 'counter'],
  ['x_count', 'GAUGE', 'gauge'],
] as const)('%s of a family of type %s is a %s', ([name, type, kind]) => {
  const series = [{ labels: named(name), samples: [sample(1)] }]
  expect(kindOf({ series, metadata: [{ type, metricFamilyName: 'x' }] }, name)).toBe(kind)
})

test('a classic histogram keeps its series, and its sum and count are counters once a bucket came', () => {
  const series = ['x_count', 'x_sum', 'x_bucket'].map((name) => ({
    labels: named(name, name === 'x_bucket' ? { le: '0.5' } : {}),
    samples: [sample(3)],
  }))
  const rows = rowsOf(decoded({ series }), 'otel_metrics_sum')
  expect(rows.map(({ MetricName, IsMonotonic }) => [MetricName, IsMonotonic])).toEqual([
    ['x_count', true],
    ['x_sum', true],
    ['x_bucket', true],
  ])
})

test('metadata and target_info of an earlier request hold for later ones', () => {
  const translate = createCase()
  const info = { k8s_cluster_name: 'eu-1', 'service.name': 'another', version: '1.2' }
  const metadata = [
    { type: 'COUNTER', metricFamilyName: 'rq', help: 'Requests.', unit: 'requests' },
  ]
  const first = translate({
    metadata,
    series: [{ labels: named('target_info', info), samples: [sample(1)] }],
  })
  expect(first).toEqual({ body: Buffer.alloc(0), refusedCount: 0, refusedReason: '' })
  const series = [{ labels: named('rq'), samples: [sample(5)] }]
  expect(rowsOf(decoded({ series }, translate), 'otel_metrics_sum')).toMatchObject([
    {
      MetricDescription: 'Requests.',
      MetricUnit: 'requests',
      ServiceName: 'vllm',
      ResourceAttributes: { k8s_cluster_name: 'eu-1', version: '1.2', 'service.name': 'vllm' },
    },
  ])
})

test('a stale marker is a point without a value, and other odd numbers are values', () => {
  const values = [1.5, Number.NaN, Number.POSITIVE_INFINITY, -0]
  const series = [{ labels: named('a'), samples: values.map((value) => sample(value)) }]
  const body = withStale(encodeWriteRequest({ series }), 1.5)
  const batch = decoded(body)
  const rows = rowsOf(batch, 'otel_metrics_gauge')
  expect(rows.map(({ Flags }) => Flags)).toEqual([1, 0, 0, 0])
  expect(unitOf(batch, 'metric').map(({ field }) => field('value'))).toEqual(values.slice(1))
})

test('samples come in any order, and keep their own times', () => {
  const times = [NOW_MS - 1, NOW_MS - 60_000, NOW_MS - 30_000]
  const series = [{ labels: named('a'), samples: times.map((time) => sample(1, time)) }]
  expect(unitOf(decoded({ series }), 'metric').map(({ atUnixMs }) => atUnixMs)).toEqual(times)
})

test('scope labels become the scope, and labels without a value are none', () => {
  const labels = named('a', { otel_scope_name: 'lib', otel_scope_version: '2', empty: '' })
  const rows = rowsOf(decoded({ series: [{ labels, samples: [sample(1)] }] }), 'otel_metrics_gauge')
  expect(rows).toMatchObject([{ ScopeName: 'lib', ScopeVersion: '2', Attributes: {} }])
})

const histogram = {
  countInt: 12,
  sum: 100.5,
  schema: 1,
  zeroThreshold: 1e-128,
  zeroCountInt: 2,
  positiveSpans: [
    { offset: 3, length: 2 },
    { offset: 2, length: 1 },
  ],
  positiveDeltas: [1, 2, -1],
  negativeSpans: [{ offset: 0, length: 1 }],
  negativeDeltas: [4],
  timestamp: NOW_MS,
}
const histogramOf = (more: object) => ({
  series: [{ labels: named('h'), histograms: [{ ...histogram, ...more }] }],
})

test('a native histogram becomes an exponential one, its offset one less', () => {
  expect(rowsOf(decoded(histogramOf({})), 'otel_metrics_exponential_histogram')).toMatchObject([
    {
      MetricName: 'h',
      Count: '12',
      Sum: 100.5,
      Scale: 1,
      ZeroCount: '2',
      PositiveOffset: 2,
      PositiveBucketCounts: ['1', '3', '0', '0', '2'],
      NegativeOffset: -1,
      NegativeBucketCounts: ['4'],
      AggregationTemporality: 2,
    },
  ])
})

test('a native histogram with bounds of its own becomes a plain one', () => {
  const custom = { schema: -53, customValues: [0.5, 1, 2], negativeSpans: [], negativeDeltas: [] }
  const spans = { positiveSpans: [{ offset: 1, length: 3 }], countInt: 6 }
  const batch = decoded(histogramOf({ ...custom, ...spans }))
  expect(rowsOf(batch, 'otel_metrics_histogram')).toMatchObject([
    { Count: '6', Sum: 100.5, BucketCounts: ['0', '1', '3', '2'], ExplicitBounds: [0.5, 1, 2] },
  ])
})

test.for([
  ['float counts', { countFloat: 1.5, countInt: undefined }, 'of float counts'],
  ['a gauge', { resetHint: 'GAUGE' }, 'that is a gauge'],
  ['a schema of the future', { schema: 9 }, 'of schema 9'],
  ['fewer counts than buckets', { positiveDeltas: [1] }, 'do not fit'],
  ['a count below zero', { positiveDeltas: [1, -2, 1] }, 'do not fit'],
  ['buckets without end', { positiveSpans: [{ offset: 0, length: 4e9 }] }, 'do not fit'],
  [
    'a gap without end',
    {
      positiveSpans: [
        { offset: 0, length: 1 },
        { offset: 2e9, length: 2 },
      ],
    },
    'do not fit',
  ],
] as const)(
  'a native histogram of %s is refused, and the samples beside it are not',
  ([, more, reason]) => {
    const { series } = histogramOf(more)
    const other = { labels: named('a'), samples: [sample(1)] }
    const result = createCase()({ series: [...series, other] })
    expect(result.refusedCount).toBe(1)
    expect(result.refusedReason).toContain(reason)
    expect(rowsOf(batchOf(result.body), 'otel_metrics_gauge')).toHaveLength(1)
  },
)

test.for([
  ['no name', { job: 'a' }, [sample(1)], 'a series without a name'],
  ['no time', named('a'), [{ value: 1, timestamp: 0 }], 'a sample without a time'],
  ['a time before 1970', named('a'), [{ value: 1, timestamp: -5 }], 'a sample without a time'],
] as const)('a series with %s is refused', ([, labels, samples, reason]) => {
  const result = createCase()({ series: [{ labels, samples }] })
  expect(result).toEqual({ body: Buffer.alloc(0), refusedCount: 1, refusedReason: reason })
})

test('a label that comes twice is refused', () => {
  const twice = Buffer.concat([label('__name__', 'a'), label('b', '1'), label('b', '2')])
  const sampled = Buffer.concat([twice, field(18, Buffer.from('10e807', 'hex'))])
  const result = createCase()(field(10, sampled))
  expect(result).toMatchObject({ refusedCount: 1, refusedReason: 'a: the same label twice' })
})

test('a request that would grow beyond its limits is refused as a whole', () => {
  const memory = createRemoteWriteMemory()
  const samples = Array.from({ length: 100 }, () => sample(1))
  const series = [{ labels: named('a', { long: 'x'.repeat(1_000) }), samples }]
  const body = encodeWriteRequest({ series })
  const convert = (own: Partial<typeof limits>) => () =>
    toMetricsRequest(body, { limits: { ...limits, ...own }, memory })
  expect(convert({ bytesMax: 50_000 })).toThrow('becomes more than 50000 bytes of OTLP')
  expect(convert({ itemsMax: 99 })).toThrow('more than 99 samples')
  expect(convert({ itemsMax: 100 })).not.toThrow()
})

test('whatever the bytes, they become a request that decodes, or are refused', () => {
  const good = encodeWriteRequest({
    metadata: [{ type: 'COUNTER', metricFamilyName: 'a', help: 'h' }],
    series: [
      { labels: named('a', { b: 'c' }), samples: [sample(1), sample(2)] },
      ...histogramOf({}).series,
    ],
  })
  const broken = fc
    .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const copy = Buffer.from(good)
      for (const [at, value] of changes) copy[at] = value
      return copy
    })
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), broken), (body) => {
      try {
        const result = createCase()(Buffer.from(body))
        REQUEST_TYPES.metrics.decode(result.body)
      } catch (fault) {
        expect(fault).toBeInstanceOf(BadTelemetry)
      }
    }),
    { numRuns: 5_000 },
  )
})

function field(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag, content.length]), content])
}

function label(name: string, value: string): Buffer {
  return field(10, Buffer.concat([field(10, Buffer.from(name)), field(18, Buffer.from(value))]))
}
