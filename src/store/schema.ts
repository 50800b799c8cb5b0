import { createCheaperLoading, SORT_TO_THE_SECOND } from './schema-cheaper.ts'
import { createFewerMerges } from './schema-merges.ts'
import { createMetricsTables, METRICS_TABLES } from './schema-metrics.ts'
import { createOwnTables, OWN_TABLES, QUALITY_TABLE, reviseOwnTables } from './schema-own.ts'
import { createRecording, RECORDING_TABLES } from './schema-recording.ts'
import { createLogsTable, createTracesTables } from './schema-records.ts'
import { ADD_REFUSALS } from './schema-refusals.ts'
import { ADD_ROUTER_CLOCKS } from './schema-router-clocks.ts'
import type { SchemaOptions } from './schema-table.ts'
import { createCoarserLookup, createTraceLookup } from './schema-trace-lookup.ts'

// The schema as a list that only grows. A migration that has been released is never edited: a
// change is a new one. The names and columns of `otel_*` are those of the OpenTelemetry
// Collector's ClickHouse exporter (contrib v0.162), so that its readers work unchanged.

export interface Migration {
  readonly name: string
  /** Each must be able to run twice. One that only sets what a server does not know is left out. */
  readonly statements: (options: SchemaOptions) => readonly string[]
}

/** Beside spans, those that a stream of rows goes into. */
const STREAMED_TABLES = ['otel_logs', ...METRICS_TABLES, 'signalbox_attempts', 'signalbox_requests']

/** In order; the version of each is its place, from 1. */
export const MIGRATIONS: readonly Migration[] = [
  {
    name: 'telemetry tables as of the Collector exporter',
    statements: (options) => [
      ...createTracesTables(options),
      createLogsTable(options),
      ...createMetricsTables(options),
    ],
  },
  { name: 'tables of our own', statements: createOwnTables },
  {
    name: 'cheaper to load and to merge',
    statements: () => createCheaperLoading(STREAMED_TABLES),
  },
  { name: 'revisions of attempts and requests, and quality', statements: reviseOwnTables },
  { name: 'spans sorted to the second', statements: () => SORT_TO_THE_SECOND },
  { name: 'traces looked up by hash', statements: createTraceLookup },
  { name: 'traces looked up by a part of the hash', statements: createCoarserLookup },
  { name: 'fewer merges', statements: () => createFewerMerges(STREAMED_TABLES) },
  {
    name: 'what detection saw, in its order',
    statements: (options) =>
      createRecording(options, {
        telemetry: ['otel_traces', ...STREAMED_TABLES],
        metrics: METRICS_TABLES,
      }),
  },
  { name: 'refused evaluations', statements: () => ADD_REFUSALS },
  { name: 'clocks of routers', statements: () => ADD_ROUTER_CLOCKS },
]

/** Tables whose rows end with the retention, and the expression of a row's time. */
export const RETAINED_TABLES: readonly { readonly table: string; readonly time: string }[] = [
  { table: 'otel_traces', time: 'toDateTime(Timestamp)' },
  { table: 'otel_traces_trace_id_ts', time: 'End' },
  { table: 'otel_logs', time: 'toDateTime(Timestamp)' },
  ...METRICS_TABLES.map((table) => ({ table, time: 'TimeUnix' })),
  ...[...OWN_TABLES, QUALITY_TABLE].map(({ table, time }) => ({
    table,
    time: `toDateTime(${time})`,
  })),
  ...RECORDING_TABLES.map(({ table, time }) => ({ table, time })),
]
