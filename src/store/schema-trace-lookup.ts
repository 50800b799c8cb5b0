import { renderTable, type SchemaOptions, TEXT } from './schema-table.ts'

// The second shape of the lookup of traces, since the first cost as much as half an insert of spans.
// Sorting it by the hash of an id is sorting numbers, and finds an id as well: ClickHouse hashes what
// the id is compared with. One row per span, as the exporter has it, instead of one per trace: equal
// ids stand close to each other and take next to nothing, while bringing them together cost every
// insert and every merge. Loading and merging 11.8 million spans of one trace each took 0.77
// CPU-seconds per million for the lookup before, and 0.29 with this.
//
// The third keeps 13 bits of the hash. Rows of one part then stand some thirty in a row with one key,
// which a merge takes at once where it took one by one (0.29 became 0.21 per merge, 0.06 less per
// insert), and a part of ten million rows has all of a key in one granule or two; of a thousand
// million, in fifteen.

const timesBy = (orderBy: string) => ({
  table: 'otel_traces_trace_id_ts',
  lines: [`TraceId ${TEXT}`, 'Start DateTime CODEC(LZ4)', 'End DateTime CODEC(LZ4)'],
  partitionBy: 'toStartOfWeek(Start)',
  orderBy,
  time: 'End',
})

const TIMES = `SELECT TraceId, toDateTime(Timestamp) AS Start, toDateTime(Timestamp) AS End
FROM otel_traces WHERE TraceId != ''`

export const createTraceLookup = (options: SchemaOptions): readonly string[] =>
  buildAnew('cityHash64(TraceId)', options)

export const createCoarserLookup = (options: SchemaOptions): readonly string[] =>
  buildAnew('(cityHash64(TraceId) % 8192)', options)

/** From the spans: it holds nothing that they do not. */
const buildAnew = (orderBy: string, options: SchemaOptions): readonly string[] => [
  'DROP VIEW IF EXISTS otel_traces_trace_id_ts_mv',
  'DROP TABLE IF EXISTS otel_traces_trace_id_ts',
  renderTable(timesBy(orderBy), options),
  // A read looks at one granule per part anyway.
  `ALTER TABLE otel_traces_trace_id_ts MODIFY SETTING
   min_bytes_for_wide_part = 1073741824, merge_selector_base = 100`,
  `INSERT INTO otel_traces_trace_id_ts ${TIMES} SETTINGS max_partitions_per_insert_block = 0`,
  `CREATE MATERIALIZED VIEW otel_traces_trace_id_ts_mv TO otel_traces_trace_id_ts AS ${TIMES}`,
]
