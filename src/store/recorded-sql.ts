import { within } from './recorded-moment.ts'
import type { ItemQuery, PointQuery, ServedQuery, Slice } from './recorded-query.ts'

// The queries of a back-test. Times leave as numbers that equal what decoding made of the same
// nanoseconds (`halvesToMs`, `toUnixMs`): whole microseconds, divided by 1,000 as a double.

export const POINT_TABLES = [
  'otel_metrics_gauge',
  'otel_metrics_sum',
  'otel_metrics_histogram',
  'otel_metrics_exponential_histogram',
  'otel_metrics_summary',
] as const
export type PointTable = (typeof POINT_TABLES)[number]

export function selectArrivals(slice: Slice): string {
  return `SELECT ${seen(slice)}, Source, Component, NewestMs, Units, Resource AS R
    FROM signalbox_arrivals WHERE ${within(slice)} ORDER BY seen`
}

/** Lines without ids, and rows of what is counted, have a random span id of 36 characters. */
const ONCE = `if(TraceId = '' OR SpanId = '' OR length(SpanId) = 36, 0, cityHash64(TraceId, SpanId))`

export function selectServed(slice: Slice, query: ServedQuery): string {
  const { table, columns, attributes } = query
  const once =
    table === 'signalbox_requests'
      ? `if(Form IN ('job', 'end', 'joined'), cityHash64('request', RequestId), ${ONCE})`
      : ONCE
  const own = [...new Set(['Router', 'Route', 'Generation', 'Weight', 'Samples', ...columns])]
  const select = `SELECT ${seen(slice)}, ${once} AS once,
      ${msOf('toUnixTimestamp64Nano(Timestamp)')} AS start,
      ${msOf('toUnixTimestamp64Nano(EndTime)')} AS end,
      ${msOf('greatest(0, toUnixTimestamp64Nano(EndTime) - toUnixTimestamp64Nano(Timestamp))')} AS duration,
      ${own.join(', ')}`
  const where = [within(slice), ...renderAnyOf(query)].join(' AND ')
  if (attributes === undefined) return `${select} FROM ${table} WHERE ${where} ORDER BY seen`
  return `SELECT served.*, spans.* FROM (
      ${select}, TraceId, SpanId FROM ${table} WHERE ${where}
    ) AS served ANY LEFT JOIN (
      SELECT TraceId, SpanId, ${SPAN} FROM otel_traces WHERE ${within(slice)}
    ) AS spans USING (TraceId, SpanId) ORDER BY seen`
}

export function selectSpans(slice: Slice, { present, isOwnOnly = false }: ItemQuery): string {
  const isPresent = (name: string) => {
    const own = `mapContains(SpanAttributes, ${quote(name)})`
    const inEvent = `arrayExists(event -> mapContains(event, ${quote(name)}), Events.Attributes)`
    return isOwnOnly ? own : `(${own} OR ${inEvent})`
  }
  return `SELECT ${seen(slice)}, ${ONCE} AS once, TraceId, ${SPAN} FROM otel_traces
    WHERE ${[within(slice), ...renderPresent(present, isPresent)].join(' AND ')} ORDER BY seen`
}

export function selectLogs(slice: Slice, { present }: ItemQuery): string {
  // An event that was sent as an object has its attributes in the body.
  const isPresent = (name: string) =>
    `(mapContains(LogAttributes, ${quote(name)}) OR startsWith(Body, '{'))`
  return `SELECT ${seen(slice)}, toUnixTimestamp64Nano(Timestamp) AS atNs, TraceId, SeverityText,
      SeverityNumber, Body, EventName, ${some('LogAttributes')} AS A, ${some('ResourceAttributes')} AS R
    FROM otel_logs
    WHERE ${[within(slice), ...renderPresent(present, isPresent)].join(' AND ')} ORDER BY seen`
}

const NO_RECORDED_VALUE = 1

export function selectPoints(slice: Slice, table: PointTable, { metrics }: PointQuery): string {
  const isNumber = table === 'otel_metrics_gauge' || table === 'otel_metrics_sum'
  const value = isNumber
    ? 'Value, toUInt64(0) AS Count, toFloat64(0) AS Sum'
    : 'toFloat64(0) AS Value, Count, Sum'
  const where = [
    within(slice),
    `bitAnd(Flags, ${NO_RECORDED_VALUE}) = 0`,
    ...(isNumber ? [] : ['Count > 0']),
    ...(metrics ? ['MetricName IN {metrics:Array(String)}'] : []),
  ]
  return `SELECT ${seen(slice)}, toUnixTimestamp64Nano(EventAt) AS atNs, MetricName, MetricUnit,
      if(toUnixTimestamp(StartTimeUnix) = 0, atNs, toInt64(toUnixTimestamp(StartTimeUnix)) * 1000000000) AS startNs,
      ${value}, cityHash64(MetricName, ResourceAttributes, Attributes) AS series,
      ${some('Attributes')} AS A, ${some('ResourceAttributes')} AS R
    FROM ${table} WHERE ${where.join(' AND ')} ORDER BY seen`
}

export function selectStatuses(slice: Slice): string {
  return `SELECT ${seen(slice)}, Kind, Router, BootId, ClockMs, Route, Target, Observed, Started, Ok,
      Failed, Rejected, Cancelled, Inflight, OldestMs
    FROM signalbox_router_statuses WHERE ${within(slice)} ORDER BY seen`
}

const some = (map: string) =>
  `CAST(mapFilter((name, _) -> name IN {names:Array(String)}, ${map}), 'Map(LowCardinality(String), String)')`

const SPAN = `TraceState, SpanName, SpanKind, StatusCode AS SpanStatus, StatusMessage,
      toUnixTimestamp64Nano(Timestamp) AS startNs, Duration AS lengthNs,
      ${some('SpanAttributes')} AS A, ${some('ResourceAttributes')} AS R,
      toUInt8(has(Events.Name, 'exception')) AS exceptions,
      ${some("arrayElement(Events.Attributes, arrayLastIndex(event -> event = 'exception', Events.Name))")} AS X,
      toString(arrayElement(Events.Name, length(Events.Name))) AS lastEvent`

const seen = ({ base }: Slice) => `toUnixTimestamp64Nano(SeenAt) - ${base} AS seen`

const msOf = (ns: string) => `intDiv(${ns}, 1000) / 1000`

function renderAnyOf({ anyOf }: ServedQuery): string[] {
  if (anyOf === undefined) return []
  const lists = anyOf.map((all, i) =>
    all.map(({ column }, j) => `${column} IN {is_${i}_${j}:Array(String)}`).join(' AND '),
  )
  return [`(${lists.map((list) => `(${list})`).join(' OR ')})`]
}

function renderPresent(
  present: ItemQuery['present'],
  isPresent: (name: string) => string,
): string[] {
  if (present === undefined) return []
  return [`(${present.map((all) => `(${all.map(isPresent).join(' AND ')})`).join(' OR ')})`]
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
