import type { TimelineEntry } from './incident.ts'

/** One published number. Unknown is `null` with a reason, never 0. */
export interface Figure {
  readonly value: number | null
  readonly unit: 's' | '1' | 'count'
  /** Definition id, explained in the report's `definitions`. */
  readonly definition: string
  /** Denominator: how many items the value is computed from. */
  readonly n: number
  readonly low?: number
  readonly high?: number
  /** Id into the report's `queries`. */
  readonly query: string
  readonly reason?: string
  readonly label?: string
}

/** One stamp of the failover chain t1…t9. */
export interface ChainStamp {
  readonly id: string
  readonly text: string
  readonly at: string | null
  readonly clock: string
  readonly router?: string
}

/** A drawing with its table twin. */
export interface ReportFigure {
  readonly id: string
  readonly title: string
  readonly svg: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (number | string | null)[])[]
}

/** Schema `signalbox.report/v1`: the canonical post-mortem; every other format renders it. */
export interface Report {
  readonly schema: 'signalbox.report/v1'
  readonly incident: Readonly<Record<string, unknown>>
  readonly state: 'provisional' | 'final'
  readonly headline: Readonly<Record<string, Figure>>
  readonly impact: Readonly<Record<string, unknown>>
  readonly timeline: readonly TimelineEntry[]
  readonly chain: {
    readonly stamps: readonly ChainStamp[]
    readonly durations: Readonly<Record<string, number | null>>
  }
  readonly fallback: Readonly<Record<string, unknown>>
  readonly factors: readonly unknown[]
  readonly figures: readonly ReportFigure[]
  readonly actions: readonly unknown[]
  readonly data_quality: Readonly<Record<string, unknown>>
  readonly definitions: Readonly<Record<string, string>>
  readonly queries: Readonly<Record<string, string>>
}
