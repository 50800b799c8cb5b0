import type { Observation } from './observation.ts'
import type { LineReport } from './otlp.ts'

/** A row by column name, as JSONEachRow takes it: 64-bit integers and times as text. */
export type Row = Readonly<Record<string, unknown>>

/** What one export request becomes. */
export interface DecodedBatch {
  /** Rows for each table, in the order of the bytes: the same bytes always give the same rows. */
  readonly rows: ReadonlyMap<string, readonly Row[]>
  readonly observations: readonly Observation[]
  /** Spans, log records and data points accepted. */
  readonly itemCount: number
  /** Items refused by `partial_success` (too old, over 1 h ahead), and why. */
  readonly rejectedCount: number
  readonly rejectedReason: string
  /** Of `ndjson` only. */
  readonly lines?: LineReport
}

export type DecodeResult =
  | { readonly status: 'ok'; readonly batch: DecodedBatch }
  | { readonly status: 'bad'; readonly reason: string; readonly lines?: LineReport }
