import { LOW, MAP, renderTable, type SchemaOptions, TEXT, ZSTD } from './schema-table.ts'

// What a back-test needs to see what detection saw, in the order in which it saw it. `SeenAt` is that
// order: nanoseconds on our own clock, where the digits below the millisecond number what came within
// it; all rows of one request have the same, so that it takes next to nothing on disk. 1970: written
// before there was the column, or a correction, which rules do not see. A minmax index per granule,
// because tables are sorted by the senders' clocks, and late items must be found too.
//
// - `EventAt`: time of a data point as it was sent, where `TimeUnix` has whole seconds.
// - `Samples`: how many attempts or requests a row stands for, where a counter told them.
// - `signalbox_arrivals`: who was heard with which request (src/decode/arrival-table.ts).
// - `signalbox_router_statuses`: what routers reported, one row per route and target; a row without
//   either where nothing was started; `Kind` `goodbye` where a router left.
// - Of evaluations the effect and the moment of judging, since `insufficient` may mean either.

const SEEN_AT = 'DateTime64(9) CODEC(Delta(8), LZ4)'
const NEXT_TO_SEEN = 'INDEX IF NOT EXISTS idx_seen_at SeenAt TYPE minmax GRANULARITY 1'
const SERVED = ['signalbox_attempts', 'signalbox_requests']

const counts = (names: string) =>
  names.split(' ').map((name) => `${name} UInt64 CODEC(T64, ZSTD(1))`)

const ARRIVALS = {
  table: 'signalbox_arrivals',
  lines: [
    `SeenAt ${SEEN_AT}`,
    `Source ${TEXT}`,
    `Component ${LOW}`,
    `NewestMs Float64 ${ZSTD}`,
    'Units UInt8 CODEC(LZ4)',
    'Items UInt32 CODEC(T64, LZ4)',
    `Resource ${MAP} ${ZSTD}`,
  ],
  partitionBy: 'toDate(SeenAt)',
  orderBy: 'SeenAt',
  time: 'toDateTime(SeenAt)',
}

const STATUSES = {
  table: 'signalbox_router_statuses',
  lines: [
    `SeenAt ${SEEN_AT}`,
    `Kind ${LOW}`,
    `Router ${LOW}`,
    `BootId ${LOW}`,
    `Route ${LOW}`,
    `Target ${LOW}`,
    ...counts('Started Ok Failed Rejected Cancelled Inflight'),
    `OldestMs Float64 ${ZSTD}`,
    `Observed ${LOW}`,
  ],
  partitionBy: 'toDate(SeenAt)',
  orderBy: 'SeenAt',
  time: 'toDateTime(SeenAt)',
}

export const RECORDING_TABLES = [ARRIVALS, STATUSES]

/** @param telemetry the tables that a stream of rows goes into, and those of metrics among them */
export function createRecording(
  options: SchemaOptions,
  {
    telemetry,
    metrics,
  }: { readonly telemetry: readonly string[]; readonly metrics: readonly string[] },
): readonly string[] {
  const add = (table: string, column: string) =>
    `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ${column}`
  return [
    ...telemetry.map((table) => `${add(table, `SeenAt ${SEEN_AT}`)}, ADD ${NEXT_TO_SEEN}`),
    ...metrics.map((table) => add(table, `EventAt ${SEEN_AT}`)),
    ...SERVED.map((table) => add(table, 'Samples UInt32 DEFAULT 1 CODEC(T64, LZ4)')),
    ...RECORDING_TABLES.map((shape) => renderTable(shape, options)),
    ...RECORDING_TABLES.map(
      ({ table }) =>
        `ALTER TABLE ${table} MODIFY SETTING min_bytes_for_wide_part = 1073741824, merge_selector_base = 100`,
    ),
    add('signalbox_transitions', `SeenAt ${SEEN_AT}`),
    add('signalbox_rule_evaluations', `SeenAt ${SEEN_AT}`),
    add('signalbox_rule_evaluations', `Effect ${LOW}`),
  ]
}
