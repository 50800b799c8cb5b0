// What loading and merging cost was measured column by column, on a million spans (385 B each in
// protobuf, one trace each, in inserts of 262,144 rows; CPU-seconds of the embedded engine, two
// cores): 3.6 as the exporter has it with our first indexes, 1.9 with what stands here.
//
// - LZ4 instead of ZSTD, but for ids: attributes repeat, and LZ4 writes them four times as fast; hex
//   digits do not repeat, and only an entropy coder halves them. On disk it comes out even.
// - Young parts in one file each (compact) instead of one per column: fewer files to make and sync.
// - Merges of twenty parts instead of five: each row is rewritten less often; fifty for the lookup
//   table, where a read looks at one granule per part anyway.
// - No GROUP BY in the lookup's view: sorting the insert brings the same trace together as well.
// - No skip indexes on attribute keys: they took a sixth of an insert, and keys alone are so small
//   that reading all of them costs a query less than it cost every insert.
//
// Later, by the same measure (thirteen inserts of 230,000 rows):
// - Spans of a name are sorted to the second, no longer to the nanosecond: they come nearly in order,
//   so that an insert hardly moves a row and a merge takes long runs; 1.19 became 0.90, and a merge
//   of all 26 parts 0.93 became 0.85. Readers look for seconds anyway: the primary key has no more.
// - Merges of forty parts: 2.42 with all merges became 2.25. A day at one insert per second then has
//   some sixty parts at a time.

const FAST = 'CODEC(LZ4)'
const IDS = 'CODEC(ZSTD(1))'

const SPAN_CODECS: Readonly<Record<string, string>> = {
  Timestamp: 'CODEC(Delta(8), LZ4)',
  TraceId: IDS,
  SpanId: IDS,
  ParentSpanId: IDS,
  TraceState: FAST,
  SpanName: FAST,
  SpanKind: FAST,
  ServiceName: FAST,
  ResourceAttributes: FAST,
  ScopeName: FAST,
  ScopeVersion: FAST,
  SpanAttributes: FAST,
  Duration: 'CODEC(T64, LZ4)',
  StatusCode: FAST,
  StatusMessage: FAST,
  'Events.Timestamp': FAST,
  'Events.Name': FAST,
  'Events.Attributes': FAST,
  'Links.TraceId': IDS,
  'Links.SpanId': IDS,
  'Links.TraceState': FAST,
  'Links.Attributes': FAST,
}

const COMPACT_BYTES = 2 ** 30
const MERGED_PARTS = 20
const MERGED_LOOKUP_PARTS = 50

const TRACE_TIMES_VIEW = `CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv
TO otel_traces_trace_id_ts AS
SELECT TraceId, toDateTime(Timestamp) AS Start, toDateTime(Timestamp) AS End
FROM otel_traces WHERE TraceId != ''`

/** @param telemetry the other tables that a stream of rows goes into */
export function createCheaperLoading(telemetry: readonly string[]): readonly string[] {
  const codecs = Object.entries(SPAN_CODECS).map(
    ([column, codec]) => `MODIFY COLUMN \`${column}\` ${codec}`,
  )
  return [
    `ALTER TABLE otel_traces ${codecs.join(', ')}`,
    'ALTER TABLE otel_traces DROP INDEX IF EXISTS idx_res_attr_key',
    'ALTER TABLE otel_traces DROP INDEX IF EXISTS idx_span_attr_key',
    ...['otel_traces', ...telemetry].map((table) => modify(table, MERGED_PARTS)),
    modify('otel_traces_trace_id_ts', MERGED_LOOKUP_PARTS),
    'DROP VIEW IF EXISTS otel_traces_trace_id_ts_mv',
    TRACE_TIMES_VIEW,
  ]
}

export const SORT_TO_THE_SECOND: readonly string[] = [
  'ALTER TABLE otel_traces MODIFY ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))',
  'ALTER TABLE otel_traces MODIFY SETTING merge_selector_base = 40',
]

function modify(table: string, mergedParts: number): string {
  const settings = [
    `min_bytes_for_wide_part = ${COMPACT_BYTES}`,
    `merge_selector_base = ${mergedParts}`,
  ]
  return `ALTER TABLE ${table} MODIFY SETTING ${settings.join(', ')}`
}
