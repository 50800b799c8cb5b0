// How often a row is merged costs more than how it is inserted: once is 0.65 CPU-seconds per million
// spans, and 0.3 more for the lookup. A stream of inserts makes a part a second, and from ten parts of
// a partition on, ClickHouse lowers `merge_selector_base`, until at fifty any two parts will do. So
// the base that rewrites least is found by simulating its selector (SimpleMergeSelector.cpp), two
// hours of a part a second; times that a row is rewritten, and parts at once on average:
//
//   base 5 (the default) 4.4 and 10; 20: 2.8 and 19; 40: 2.6 and 24; 100: 1.9 and 28; 200: 1.9 and
//   31; 1000: 3.3 and 45. At least 50 or 100 parts (`min_parts_to_merge_at_once`): 5 to 360 times,
//   because then the large part of the merge before is always taken along.
//
// Over a day, 60 rewrites 3.6 times, 100 3.0 times, and 150 to 500, which come too close to fifty
// parts, 3.0 to 3.9 times.
//
// And no statistics per column: they count distinct ids, a fifteenth of a merge, and decide nothing
// that we ask; parts are told apart by time without them.

const MERGED_PARTS = 100

const set = (table: string, setting: string) => `ALTER TABLE ${table} MODIFY SETTING ${setting}`

/** @param telemetry the other tables that a stream of rows goes into */
export function createFewerMerges(telemetry: readonly string[]): readonly string[] {
  const tables = ['otel_traces', ...telemetry]
  return [
    ...tables.map((table) => set(table, `merge_selector_base = ${MERGED_PARTS}`)),
    ...[...tables, 'otel_traces_trace_id_ts'].map((table) =>
      set(table, "auto_statistics_types = ''"),
    ),
  ]
}
