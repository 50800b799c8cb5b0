import { toBigInt, toUnixNs } from '../decode/int64.ts'
import type { Int64 } from '../decode/value-message.ts'
import { readTexts } from './naive-attributes.ts'
import type { Exemplar, Numeric } from './naive-exemplar-message.ts'
import { readSpanId, readTraceId } from './naive-ids.ts'
import type { ExponentialPoint, HistogramPoint, SummaryPoint } from './naive-metric-message.ts'
import { formatUnixSeconds } from './naive-times.ts'

/** Columns of one row, as JSONEachRow takes them. */
export type Columns = Readonly<Record<string, unknown>>

export function histogramColumns(point: HistogramPoint, temporality: number): Columns {
  return {
    Count: toDecimal(point.count),
    Sum: toFloat(point.sum),
    BucketCounts: point.bucketCounts.map(toDecimal),
    ExplicitBounds: point.explicitBounds.map(toFloat),
    ...exemplarColumns(point.exemplars),
    Min: toFloat(point.min),
    Max: toFloat(point.max),
    AggregationTemporality: temporality,
  }
}

export function exponentialColumns(point: ExponentialPoint, temporality: number): Columns {
  return {
    Count: toDecimal(point.count),
    Sum: toFloat(point.sum),
    Scale: point.scale,
    ZeroCount: toDecimal(point.zeroCount),
    PositiveOffset: point.positive?.offset ?? 0,
    PositiveBucketCounts: (point.positive?.bucketCounts ?? []).map(toDecimal),
    NegativeOffset: point.negative?.offset ?? 0,
    NegativeBucketCounts: (point.negative?.bucketCounts ?? []).map(toDecimal),
    ...exemplarColumns(point.exemplars),
    Min: toFloat(point.min),
    Max: toFloat(point.max),
    AggregationTemporality: temporality,
  }
}

export function summaryColumns(point: SummaryPoint): Columns {
  return {
    Count: toDecimal(point.count),
    Sum: toFloat(point.sum),
    'ValueAtQuantiles.Quantile': point.quantileValues.map(({ quantile }) => toFloat(quantile)),
    'ValueAtQuantiles.Value': point.quantileValues.map(({ value }) => toFloat(value)),
  }
}

/** @throws BadTelemetry for an id of wrong length */
export function exemplarColumns(exemplars: readonly Exemplar[]): Columns {
  return {
    'Exemplars.FilteredAttributes': exemplars.map((exemplar) =>
      readTexts(exemplar.filteredAttributes),
    ),
    'Exemplars.TimeUnix': exemplars.map(({ timeUnixNano }) =>
      formatUnixSeconds(toUnixNs(timeUnixNano)),
    ),
    'Exemplars.Value': exemplars.map((exemplar) => toFloat(toNumber(exemplar))),
    'Exemplars.SpanId': exemplars.map(({ spanId }) => readSpanId(spanId)),
    'Exemplars.TraceId': exemplars.map(({ traceId }) => readTraceId(traceId)),
  }
}

/** 0 when the sender set neither. */
export function toNumber(numeric: Numeric): number {
  return numeric.value === 'asInt' ? Number(toBigInt(numeric.asInt)) : numeric.asDouble
}

/** JSON knows no NaN and no infinities; ClickHouse reads their names. */
export function toFloat(value: number): number | string {
  if (Number.isFinite(value)) return value
  if (Number.isNaN(value)) return 'nan'
  return value > 0 ? 'inf' : '-inf'
}

function toDecimal(value: Int64): string {
  return toBigInt(value).toString()
}
