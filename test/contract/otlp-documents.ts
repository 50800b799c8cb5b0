import type { Signal } from '../../src/model/otlp.ts'
import { anyValue, keyValues, type Value } from '../decode/otlp-builder.ts'
import type { Document } from './otlp-fixture.ts'

// One request of each signal that uses what the protocol has, written as the specification wants it.

const at = (ms: number) => `${BigInt(Date.now() + ms) * 1_000_000n}`
const IDS = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174' }

/** Since OTLP 1.9 any value may be anywhere. */
export const VALUES: Readonly<Record<string, Value>> = {
  text: 'grüße 長 \u0000 \\ "',
  yes: true,
  int: 9_007_199_254_740_993n,
  least: -(2n ** 63n),
  double: { double: 0.1 },
  whole: { double: 3 },
  'not-a-number': { double: Number.NaN },
  infinite: { double: Number.NEGATIVE_INFINITY },
  bytes: Buffer.from([0, 255, 128]),
  empty: null,
  list: ['a', 1, null, true, [2], { map: { deep: { map: { er: 'x' } } } }],
  map: { map: { b: 2, a: [1, 'x'], c: { map: {} } } },
}
const attributes = keyValues(VALUES)

/** @param service names the sender, so that rows can be told apart */
export function documentOf(signal: Signal, service: string): Document {
  const resource = {
    attributes: [...keyValues({ 'service.name': service }), ...attributes],
    droppedAttributesCount: 1,
  }
  const scope = { name: 'lib', version: '1.2', attributes, droppedAttributesCount: 2 }
  const envelope = { schemaUrl: 'https://opentelemetry.io/schemas/1.44.0' }
  switch (signal) {
    case 'traces':
      return {
        resourceSpans: [
          { resource, scopeSpans: [{ scope, spans: [SPAN], ...envelope }], ...envelope },
        ],
      }
    case 'logs':
      return {
        resourceLogs: [
          { resource, scopeLogs: [{ scope, logRecords: [LOG], ...envelope }], ...envelope },
        ],
      }
    case 'metrics':
      return {
        resourceMetrics: [
          { resource, scopeMetrics: [{ scope, metrics: METRICS, ...envelope }], ...envelope },
        ],
      }
  }
}

const SPAN = {
  ...IDS,
  traceState: 'ot=th:8',
  parentSpanId: 'eee19b7ec3c1b173',
  flags: 0x101,
  name: 'POST /render',
  kind: 3,
  startTimeUnixNano: at(-2_000),
  endTimeUnixNano: at(-1_000),
  attributes,
  droppedAttributesCount: 3,
  events: [{ timeUnixNano: at(-1_500), name: 'exception', attributes, droppedAttributesCount: 1 }],
  droppedEventsCount: 4,
  links: [{ ...IDS, traceState: 'a=b', attributes, flags: 1 }],
  droppedLinksCount: 5,
  status: { message: 'failed', code: 2 },
}
const LOG = {
  timeUnixNano: at(-2_000),
  observedTimeUnixNano: at(-1_000),
  severityNumber: 17,
  severityText: 'ERROR',
  body: anyValue({ map: VALUES }),
  attributes,
  droppedAttributesCount: 1,
  flags: 1,
  ...IDS,
  eventName: 'oom',
}

const times = { startTimeUnixNano: at(-60_000), timeUnixNano: at(-1_000) }
const exemplars = [
  { ...IDS, filteredAttributes: attributes, timeUnixNano: at(-1_000), asDouble: 0.5 },
]
const point = { attributes, ...times, flags: 1 }
const METRICS = [
  {
    name: 'a.gauge',
    unit: 's',
    description: 'd',
    gauge: { dataPoints: [{ ...point, asInt: '-7', exemplars }] },
  },
  {
    name: 'a.sum',
    sum: {
      dataPoints: [{ ...point, asDouble: 0.1, exemplars }],
      aggregationTemporality: 2,
      isMonotonic: true,
    },
  },
  {
    name: 'a.histogram',
    histogram: {
      dataPoints: [
        {
          ...{ ...point, exemplars, count: '9007199254740993', sum: 12.5, min: 0.5, max: 8 },
          ...{ bucketCounts: ['1', '2', '9007199254740990'], explicitBounds: [1, 2.5] },
        },
      ],
      aggregationTemporality: 1,
    },
  },
  {
    name: 'an.exponential.histogram',
    exponentialHistogram: {
      dataPoints: [
        {
          ...{
            ...point,
            exemplars,
            count: '6',
            sum: 9,
            scale: -2,
            zeroCount: '1',
            zeroThreshold: 0.1,
          },
          positive: { offset: -3, bucketCounts: ['1', '2'] },
          negative: { offset: 4, bucketCounts: ['2'] },
        },
      ],
      aggregationTemporality: 2,
    },
  },
  {
    name: 'a.summary',
    summary: {
      dataPoints: [
        { ...{ ...point, count: '2', sum: 3 }, quantileValues: [{ quantile: 0.5, value: 1 }] },
      ],
    },
  },
]

export const TABLES = {
  traces: ['otel_traces'],
  logs: ['otel_logs'],
  metrics: ['gauge', 'sum', 'histogram', 'exponential_histogram', 'summary'].map(
    (kind) => `otel_metrics_${kind}`,
  ),
} as const
