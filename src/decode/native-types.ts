// Column types as they stand in a `Native` block. ClickHouse makes low cardinality of plain text.

type Types = Readonly<Record<string, string>>

const all = (type: string, names: string): Types =>
  Object.fromEntries(names.split(' ').map((name) => [name, type]))
const TEXT = 'String'
const MAP = 'Map(String, String)'
const NANOSECONDS = 'DateTime64(9)'

const POINT: Types = {
  ...all(MAP, 'ResourceAttributes ScopeAttributes Attributes'),
  ...all(TEXT, 'ResourceSchemaUrl ScopeName ScopeVersion ScopeSchemaUrl ServiceName'),
  ...all(TEXT, 'MetricName MetricDescription MetricUnit'),
  ...all('UInt32', 'ScopeDroppedAttrCount Flags'),
  ...all('DateTime', 'StartTimeUnix TimeUnix'),
}
const EXEMPLARS: Types = {
  'Exemplars.FilteredAttributes': `Array(${MAP})`,
  'Exemplars.TimeUnix': 'Array(DateTime)',
  'Exemplars.Value': 'Array(Float64)',
  ...all('Array(String)', 'Exemplars.SpanId Exemplars.TraceId'),
}
const RANGE: Types = { ...all('Float64', 'Sum Min Max'), Count: 'UInt64' }
const SERVED: Types = {
  ...all(NANOSECONDS, 'Timestamp EndTime'),
  ReceivedAt: 'DateTime64(3)',
  ...all(TEXT, 'TraceId SpanId RequestId Route Router Outcome ErrorType Generation Session'),
  ...all(TEXT, 'Model Region Tenant Tier Class Variant'),
  StatusCode: 'UInt16',
  Images: 'UInt32',
  ...all('Float64', 'Cost Weight'),
}

export const COLUMN_TYPES: Readonly<Record<string, Types>> = {
  otel_traces: {
    Timestamp: NANOSECONDS,
    ...all(TEXT, 'TraceId SpanId ParentSpanId TraceState SpanName SpanKind ServiceName'),
    ...all(TEXT, 'ScopeName ScopeVersion StatusCode StatusMessage'),
    ...all(MAP, 'ResourceAttributes SpanAttributes'),
    Duration: 'UInt64',
    'Events.Timestamp': `Array(${NANOSECONDS})`,
    ...all('Array(String)', 'Events.Name Links.TraceId Links.SpanId Links.TraceState'),
    ...all(`Array(${MAP})`, 'Events.Attributes Links.Attributes'),
  },
  otel_logs: {
    Timestamp: NANOSECONDS,
    ...all(TEXT, 'TraceId SpanId SeverityText ServiceName Body ResourceSchemaUrl ScopeSchemaUrl'),
    ...all(TEXT, 'ScopeName ScopeVersion EventName'),
    ...all('UInt8', 'TraceFlags SeverityNumber'),
    ...all(MAP, 'ResourceAttributes ScopeAttributes LogAttributes'),
  },
  otel_metrics_gauge: { ...POINT, ...EXEMPLARS, Value: 'Float64' },
  otel_metrics_sum: {
    ...{ ...POINT, ...EXEMPLARS, Value: 'Float64' },
    ...{ AggregationTemporality: 'Int32', IsMonotonic: 'Bool' },
  },
  otel_metrics_histogram: {
    ...{ ...POINT, ...EXEMPLARS, ...RANGE, AggregationTemporality: 'Int32' },
    ...{ BucketCounts: 'Array(UInt64)', ExplicitBounds: 'Array(Float64)' },
  },
  otel_metrics_exponential_histogram: {
    ...{ ...POINT, ...EXEMPLARS, ...RANGE },
    ...all('Int32', 'AggregationTemporality Scale PositiveOffset NegativeOffset'),
    ZeroCount: 'UInt64',
    ...all('Array(UInt64)', 'PositiveBucketCounts NegativeBucketCounts'),
  },
  otel_metrics_summary: {
    ...{ ...POINT, Count: 'UInt64', Sum: 'Float64' },
    ...all('Array(Float64)', 'ValueAtQuantiles.Quantile ValueAtQuantiles.Value'),
  },
  signalbox_attempts: { ...SERVED, ...all(TEXT, 'Target Role') },
  signalbox_requests: {
    ...{ ...SERVED, ...all(TEXT, 'FinalTarget FinalRole') },
    ...{ AttemptCount: 'UInt16', AbandonedAfterMs: 'Float64' },
  },
}
