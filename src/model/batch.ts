import type { Observation } from './observation.ts'
import type { ObservationColumns } from './observation-columns.ts'
import type { LineReport } from './otlp.ts'
import type { WithheldCount } from './withheld.ts'

/** A row by column name, as JSONEachRow takes it: 64-bit integers and times as text. */
export type Row = Readonly<Record<string, unknown>>

/** What one export request becomes. */
export interface DecodedBatch {
  readonly observations: readonly Observation[]
  /** The same; of spans only. Good until the next request is decoded. */
  readonly columns?: ObservationColumns
  /** Spans, log records and data points accepted. */
  readonly itemCount: number
  /** Items refused by `partial_success` (too old, over 1 h ahead), and why. */
  readonly rejectedCount: number
  readonly rejectedReason: string
  /** Attributes that were left out or hashed, by what they are. */
  readonly withheld: readonly WithheldCount[]
  /** Rows of what was sent that went into the open blocks, and about how many bytes they are. */
  readonly rowCount: number
  readonly byteCount: number
  /** Takes those rows out again; only until the next request is decoded, or the blocks are sealed. */
  discard(): void
  /** Of `ndjson` only. */
  readonly lines?: LineReport
}

export type DecodeResult =
  | { readonly status: 'ok'; readonly batch: DecodedBatch }
  | { readonly status: 'bad'; readonly reason: string; readonly lines?: LineReport }
