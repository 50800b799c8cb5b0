/** The three signals of OTLP that are ingested. */
export type Signal = 'traces' | 'logs' | 'metrics'

/** One export request, inflated, still undecoded. */
export interface OtlpRequest {
  readonly signal: Signal
  readonly encoding: 'protobuf' | 'json'
  readonly body: Uint8Array
  readonly receivedUnixMs: number
}

/** What the pipeline says of one request; `receive` turns it into the protocol's answer. */
export type OtlpAnswer =
  | { readonly status: 'ok'; readonly rejectedCount: number; readonly message: string }
  | { readonly status: 'bad'; readonly reason: string }
  | { readonly status: 'retry'; readonly reason: string; readonly afterS: number }
  /** This one sender is too fast, whoever else is served. */
  | { readonly status: 'limited'; readonly reason: string; readonly afterS: number }
