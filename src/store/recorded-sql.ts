import { within } from './recorded-moment.ts'
import type { ItemQuery, PointQuery, ServedQuery, Slice } from './recorded-query.ts'
import type { ItemTable, PointTable } from './recorded-tables.ts'

// The queries of a back-test. What costs least leaves: times as the nanoseconds that they are, words
// by their dictionaries, resources as a hash, and rows as they lie, since whoever reads them puts the
// rows of each moment together anyway.

export function selectArrivals(slice: Slice): string {
  return `SELECT ${seen(slice)}, Source, Component, NewestMs, Units,
      CAST(Resource, 'Map(LowCardinality(String), LowCardinality(String))') AS R
    FROM signalbox_arrivals WHERE ${within(slice)} ORDER BY seen`
}

/** 53 bits of a hash: as many as a number holds. */
const hashOf = (what: string) => `bitAnd(cityHash64(${what}), ${2 ** 53 - 1})`

/** Lines without ids, and rows of what is counted, have a random span id of 36 characters. */
const ONCE = `${hashOf('TraceId, SpanId')} * (TraceId != '' AND length(SpanId) NOT IN (0, 36))`

const TIMES = `toUnixTimestamp64Nano(Timestamp) AS start, toUnixTimestamp64Nano(EndTime) AS end`

const IS_NAMED = `Form IN ('job', 'end', 'joined')`

export function selectServed(slice: Slice, query: ServedQuery): string {
  const { table, columns, span, isPlain = false } = query
  const mayBeNamed = table === 'signalbox_requests'
  const named = `if(${IS_NAMED}, ${hashOf("'request', RequestId")}, ${ONCE})`
  const own = [
    'Router',
    'Route',
    'Generation',
    ...(isPlain ? [] : ['Weight', 'Samples']),
    ...columns,
  ]
  const odd = `toUInt8(Weight != 1 OR Samples != 1${mayBeNamed ? ` OR ${IS_NAMED}` : ''}) AS odd`
  const select = `SELECT ${seen(slice)}, ${!isPlain && mayBeNamed ? named : ONCE} AS once, ${TIMES},
      ${isPlain ? `${odd}, ` : ''}${[...new Set(own)].join(', ')}`
  const where = [within(slice), ...renderAnyOf(query)].join(' AND ')
  if (span === undefined) return `${select} FROM ${table} WHERE ${where}`
  const withoutIds = span.columns.filter((column) => column !== 'TraceId')
  return `SELECT served.*, spans.* FROM (
      ${select}, TraceId, SpanId FROM ${table} WHERE ${where}
    ) AS served ANY LEFT JOIN (
      SELECT TraceId, SpanId, ${spanOf({ columns: withoutIds })} FROM otel_traces WHERE ${within(slice)}
    ) AS spans USING (TraceId, SpanId)`
}

export function selectSpans(slice: Slice, query: ItemQuery): string {
  const { present, isOwnOnly = false } = query
  const isPresent = (name: string) => {
    const own = `mapContains(SpanAttributes, ${quote(name)})`
    const inEvent = `arrayExists(event -> mapContains(event, ${quote(name)}), Events.Attributes)`
    return isOwnOnly ? own : `(${own} OR ${inEvent})`
  }
  return `SELECT ${seen(slice)}, ${ONCE} AS once, toUnixTimestamp64Nano(Timestamp) AS start,
      toUnixTimestamp64Nano(Timestamp) + toInt64(Duration) AS end, ${spanOf(query)} FROM otel_traces
    WHERE ${[within(slice), ...renderPresent(present, isPresent)].join(' AND ')}`
}

export function selectLogs(slice: Slice, { present }: ItemQuery): string {
  // An event that was sent as an object has its attributes in the body.
  const isPresent = (name: string) =>
    `(mapContains(LogAttributes, ${quote(name)}) OR startsWith(Body, '{'))`
  return `SELECT ${seen(slice)}, toUnixTimestamp64Nano(Timestamp) AS start, TraceId, SeverityText,
      SeverityNumber, Body, toUInt8(startsWith(Body, '{')) AS isObject,
      toLowCardinality(EventName) AS EventName, ${some('LogAttributes')} AS A, ${RESOURCE} AS R
    FROM otel_logs
    WHERE ${[within(slice), ...renderPresent(present, isPresent)].join(' AND ')}`
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
  return `SELECT ${seen(slice)}, toUnixTimestamp64Nano(EventAt) AS end,
      toLowCardinality(MetricName) AS MetricName, toLowCardinality(MetricUnit) AS MetricUnit,
      if(toUnixTimestamp(StartTimeUnix) = 0, end, toInt64(toUnixTimestamp(StartTimeUnix)) * 1000000000) AS start,
      ${value}, cityHash64(MetricName, ResourceAttributes, Attributes) AS series,
      ${some('Attributes')} AS A, ${RESOURCE} AS R
    FROM ${table} WHERE ${where.join(' AND ')}`
}

/** The resources of rows, by the hash that stands in them. */
export function selectResources(slice: Slice, table: ItemTable): string {
  return `SELECT H, ${some('whole')} AS R FROM (
      SELECT ${RESOURCE} AS H, any(ResourceAttributes) AS whole FROM ${table}
      WHERE ${within(slice)} AND H IN {hashes:Array(UInt64)} GROUP BY H
    )`
}

export function selectStatuses(slice: Slice): string {
  return `SELECT ${seen(slice)}, Kind, Router, BootId, ClockMs, Route, Target, Observed, Started, Ok,
      Failed, Rejected, Cancelled, Inflight, OldestMs
    FROM signalbox_router_statuses WHERE ${within(slice)} ORDER BY seen`
}

/** Names and values as numbers: values repeat as well. */
const some = (map: string) =>
  `CAST(mapFilter((name, _) -> name IN {names:Array(String)}, ${map}), 'Map(LowCardinality(String), LowCardinality(String))')`

const RESOURCE = hashOf('ResourceAttributes')

const EXCEPTION = `arrayElement(Events.Attributes, arrayLastIndex(event -> event = 'exception', Events.Name))`
const SPAN_COLUMNS: Readonly<Record<string, string>> = {
  TraceId: 'TraceId',
  StatusMessage: 'StatusMessage',
  LastEvent:
    'toLowCardinality(toString(arrayElement(Events.Name, length(Events.Name)))) AS LastEvent',
}

function spanOf({ columns }: Pick<ItemQuery, 'columns'>): string {
  return [
    ...['TraceState', 'SpanName', 'SpanKind', 'StatusCode AS SpanStatus'],
    ...columns.flatMap((column) => SPAN_COLUMNS[column] ?? []),
    ...[`${some('SpanAttributes')} AS A`, `${RESOURCE} AS R`],
    `toUInt8(has(Events.Name, 'exception')) AS exceptions`,
    `${some(EXCEPTION)} AS X`,
  ].join(', ')
}

const seen = ({ base }: Slice) => `toUnixTimestamp64Nano(SeenAt) - ${base} AS seen`

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
