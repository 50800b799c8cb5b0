import { bloomOf, LOW, MAP, renderTable, type SchemaOptions, TEXT, ZSTD } from './schema-table.ts'

// One table per kind of metric, columns as the exporter has them. Each kind differs only in what
// stands in place of `Value`.

const COUNT = 'Count UInt64 CODEC(Delta, ZSTD(1))'
const SUM = `Sum Float64 ${ZSTD}`
const RANGE = [`Min Float64 ${ZSTD}`, `Max Float64 ${ZSTD}`]
const TEMPORALITY = `AggregationTemporality Int32 ${ZSTD}`
const EXEMPLARS = `Exemplars Nested (FilteredAttributes ${MAP}, TimeUnix DateTime, Value Float64, SpanId String, TraceId String) ${ZSTD}`

const VALUES: Readonly<Record<string, readonly string[]>> = {
  otel_metrics_gauge: [`Value Float64 ${ZSTD}`, EXEMPLARS],
  otel_metrics_sum: [`Value Float64 ${ZSTD}`, TEMPORALITY, `IsMonotonic Bool ${ZSTD}`, EXEMPLARS],
  otel_metrics_histogram: [
    COUNT,
    SUM,
    `BucketCounts Array(UInt64) ${ZSTD}`,
    `ExplicitBounds Array(Float64) ${ZSTD}`,
    ...RANGE,
    TEMPORALITY,
    EXEMPLARS,
  ],
  otel_metrics_exponential_histogram: [
    COUNT,
    SUM,
    `Scale Int32 ${ZSTD}`,
    `ZeroCount UInt64 ${ZSTD}`,
    `PositiveOffset Int32 ${ZSTD}`,
    `PositiveBucketCounts Array(UInt64) ${ZSTD}`,
    `NegativeOffset Int32 ${ZSTD}`,
    `NegativeBucketCounts Array(UInt64) ${ZSTD}`,
    ...RANGE,
    TEMPORALITY,
    EXEMPLARS,
  ],
  otel_metrics_summary: [
    COUNT,
    SUM,
    `ValueAtQuantiles Nested (Quantile Float64, Value Float64) ${ZSTD}`,
  ],
}

export const METRICS_TABLES: readonly string[] = Object.keys(VALUES)

export const createMetricsTables = (options: SchemaOptions): readonly string[] =>
  Object.entries(VALUES).map(([table, values]) => renderTable(shapeOf(table, values), options))

function shapeOf(table: string, values: readonly string[]) {
  return {
    table,
    lines: [
      `ResourceAttributes ${MAP} ${ZSTD}`,
      `ResourceSchemaUrl ${TEXT}`,
      `ScopeName ${TEXT}`,
      `ScopeVersion ${TEXT}`,
      `ScopeAttributes ${MAP} ${ZSTD}`,
      `ScopeDroppedAttrCount UInt32 ${ZSTD}`,
      `ScopeSchemaUrl ${TEXT}`,
      `ServiceName ${LOW}`,
      `MetricName ${LOW}`,
      `MetricDescription ${TEXT}`,
      `MetricUnit ${TEXT}`,
      `Attributes ${MAP} ${ZSTD}`,
      'StartTimeUnix DateTime CODEC(Delta, ZSTD(1))',
      'TimeUnix DateTime CODEC(Delta, ZSTD(1))',
      ...values,
      `Flags UInt32 ${ZSTD}`,
      bloomOf('idx_attr_key', 'mapKeys(Attributes)'),
      bloomOf('idx_attr_value', 'mapValues(Attributes)'),
      'INDEX idx_time_minmax TimeUnix TYPE minmax GRANULARITY 1',
    ],
    partitionBy: 'toDate(TimeUnix)',
    orderBy: 'ServiceName, MetricName, toStartOfHour(TimeUnix), cityHash64(Attributes), TimeUnix',
    time: 'TimeUnix',
  }
}
