import { bloomOf, LOW, MAP, renderTable, type SchemaOptions, TEXT, ZSTD } from './schema-table.ts'

// Traces and logs. Columns, keys and codecs are the exporter's. Skip indexes are fewer and cheaper:
// its text indexes on attribute items halve the load rate, and bloom filters work on every server.
// What remains answers "this trace", "rows that have this key", "slow spans", "this word".

const NANOSECONDS = 'DateTime64(9) CODEC(Delta(8), ZSTD(1))'
const itemsOf = (map: string) =>
  `Array(String) ALIAS arrayMap(kv -> concat(kv.1, '=', kv.2), CAST(${map}, 'Array(Tuple(String, String))'))`

const TRACES = {
  table: 'otel_traces',
  lines: [
    `Timestamp ${NANOSECONDS}`,
    `TraceId ${TEXT}`,
    `SpanId ${TEXT}`,
    `ParentSpanId ${TEXT}`,
    `TraceState ${TEXT}`,
    `SpanName ${LOW}`,
    `SpanKind ${LOW}`,
    `ServiceName ${LOW}`,
    `ResourceAttributes ${MAP} ${ZSTD}`,
    `ScopeName ${TEXT}`,
    `ScopeVersion ${TEXT}`,
    `SpanAttributes ${MAP} ${ZSTD}`,
    'Duration UInt64 CODEC(T64, ZSTD(1))',
    `StatusCode ${LOW}`,
    `StatusMessage ${TEXT}`,
    `Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes ${MAP}) ${ZSTD}`,
    `Links Nested (TraceId String, SpanId String, TraceState String, Attributes ${MAP}) ${ZSTD}`,
    `ResourceAttributeItems ${itemsOf('ResourceAttributes')}`,
    `SpanAttributeItems ${itemsOf('SpanAttributes')}`,
    bloomOf('idx_trace_id', 'TraceId', 0.001),
    bloomOf('idx_res_attr_key', 'mapKeys(ResourceAttributes)'),
    bloomOf('idx_span_attr_key', 'mapKeys(SpanAttributes)'),
    'INDEX idx_duration Duration TYPE minmax GRANULARITY 1',
  ],
  partitionBy: 'toDate(Timestamp)',
  primaryKey: 'ServiceName, SpanName, toDateTime(Timestamp)',
  orderBy: 'ServiceName, SpanName, toDateTime(Timestamp), Timestamp',
  time: 'toDateTime(Timestamp)',
}

/** Where in time a trace lies, so that looking one up reads few partitions. */
const TRACE_TIMES = {
  table: 'otel_traces_trace_id_ts',
  lines: [
    `TraceId ${TEXT}`,
    `Start SimpleAggregateFunction(min, DateTime) ${ZSTD}`,
    `End SimpleAggregateFunction(max, DateTime) ${ZSTD}`,
  ],
  engine: 'AggregatingMergeTree' as const,
  partitionBy: 'toStartOfWeek(Start)',
  orderBy: 'TraceId',
  time: 'End',
}

const TRACE_TIMES_VIEW = `CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv
TO otel_traces_trace_id_ts AS
SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End
FROM otel_traces WHERE TraceId != '' GROUP BY TraceId`

/** Resource attributes that every Kubernetes query filters on, as columns of their own. */
const MATERIALIZED = [
  'k8s.cluster.name',
  'k8s.container.name',
  'k8s.deployment.name',
  'k8s.namespace.name',
  'k8s.node.name',
  'k8s.pod.name',
  'k8s.pod.uid',
  'deployment.environment.name',
]

const LOGS = {
  table: 'otel_logs',
  lines: [
    `Timestamp ${NANOSECONDS}`,
    `TraceId ${TEXT}`,
    `SpanId ${TEXT}`,
    'TraceFlags UInt8',
    `SeverityText ${LOW}`,
    'SeverityNumber UInt8',
    `ServiceName ${LOW}`,
    `Body ${TEXT}`,
    `ResourceSchemaUrl ${LOW}`,
    `ResourceAttributes ${MAP} ${ZSTD}`,
    `ScopeSchemaUrl ${LOW}`,
    `ScopeName ${TEXT}`,
    `ScopeVersion ${LOW}`,
    `ScopeAttributes ${MAP} ${ZSTD}`,
    `LogAttributes ${MAP} ${ZSTD}`,
    `EventName ${TEXT}`,
    ...MATERIALIZED.map(
      (key) =>
        `\`__otel_materialized_${key}\` LowCardinality(String) MATERIALIZED ResourceAttributes['${key}'] ${ZSTD}`,
    ),
    bloomOf('idx_trace_id', 'TraceId', 0.001),
    bloomOf('idx_res_attr_key', 'mapKeys(ResourceAttributes)'),
    bloomOf('idx_log_attr_key', 'mapKeys(LogAttributes)'),
    'INDEX idx_lower_body lower(Body) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8',
  ],
  partitionBy: 'toDate(Timestamp)',
  orderBy: 'toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp',
  time: 'toDateTime(Timestamp)',
}

export const createTracesTables = (options: SchemaOptions): readonly string[] => [
  renderTable(TRACES, options),
  renderTable(TRACE_TIMES, options),
  TRACE_TIMES_VIEW,
]

export const createLogsTable = (options: SchemaOptions): string => renderTable(LOGS, options)
