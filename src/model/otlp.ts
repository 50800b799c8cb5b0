/** The three signals of OTLP that are ingested. */
export type Signal = 'traces' | 'logs' | 'metrics'

/**
 * One export request, inflated, still undecoded. `ndjson` are plain log lines, of signal `logs`;
 * `remote-write` is Prometheus', of signal `metrics`, which is decoded as `protobuf`.
 */
export interface OtlpRequest {
  readonly signal: Signal
  readonly encoding: 'protobuf' | 'json' | 'ndjson' | 'remote-write'
  /** Good until the call that it is given to returns. */
  readonly body: Uint8Array
  readonly receivedUnixMs: number
  /** When detection sees it (`lib/sequence.ts`); without it, when it was received. */
  readonly seenAtUnixNs?: bigint
  /**
   * Identity of the bytes as they came, before anything was taken out of them: 16 bytes, one per
   * character. Absent: not to be remembered.
   */
  readonly onceKey?: string
  /** Detection has seen these bytes already: storage refused them when they came before. */
  readonly isObserved?: boolean
}

/** What is remembered of a request that was taken, so that it is answered again and not counted. */
export interface TakenRequest {
  readonly onceKey: string
  readonly receivedUnixMs: number
  readonly itemCount: number
  readonly rejectedCount: number
}

/** A request that comes again within this was sent again; exporters give up long before. */
export const ONCE_MS = 600_000

/** What the pipeline says of one request; `receive` turns it into the protocol's answer. */
export type OtlpAnswer =
  | {
      readonly status: 'ok'
      readonly rejectedCount: number
      readonly message: string
      /** Of `ndjson` only. */
      readonly lines?: LineReport
    }
  | { readonly status: 'bad'; readonly reason: string; readonly lines?: LineReport }
  | { readonly status: 'retry'; readonly reason: string; readonly afterS: number }
  /** This one sender is too fast, whoever else is served. */
  | { readonly status: 'limited'; readonly reason: string; readonly afterS: number }

/** What became of the lines of an `ndjson` request. */
export interface LineReport {
  readonly acceptedCount: number
  readonly refusedCount: number
  /** The first of the refused ones. */
  readonly refused: readonly LineRefusal[]
}

/** `line` counts from 1, blank lines too. */
export interface LineRefusal {
  readonly line: number
  readonly reason: string
}
