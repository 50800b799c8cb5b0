import type { Group } from './verdict.ts'

/** What a back-test is asked: `POST /api/v1/backtests`. */
export interface BacktestRequest {
  readonly fromUnixMs: number
  readonly toUnixMs: number
  /** Rule files to try, by name, as YAML; absent: the rules in force. */
  readonly rules?: Readonly<Record<string, string>>
  /** How long before `from` reading begins; absent: the longest window, at most an hour. */
  readonly warmUpMs?: number
  /** Makes a rule test of the first trip of this rule. */
  readonly fixture?: { readonly rule: string; readonly by?: Group }
}

export type BacktestAnswer =
  | { readonly status: 'ok'; readonly result: BacktestResult }
  | { readonly status: 'invalid'; readonly errors: readonly RuleFault[] }
  /** Another one runs. */
  | { readonly status: 'busy' }
  | { readonly status: 'failed'; readonly reason: string }

/** Where a given rule file is wrong. */
interface RuleFault {
  readonly file?: string
  readonly line?: number
  readonly key?: string
  readonly message: string
}

/** How far the one that runs is. */
export interface BacktestProgress {
  readonly from: string
  readonly to: string
  /** 0 to 1. */
  readonly done_ratio: number
}

/** `signalbox.backtest/v1`. Times RFC 3339, by event time; `_s` are seconds. */
export interface BacktestResult {
  readonly schema: 'signalbox.backtest/v1'
  readonly from: string
  readonly to: string
  /** Reading began here, so that windows are full at `from`. */
  readonly warm_up_from: string
  readonly took_s: number
  readonly cpu_s: number
  readonly observations: number
  readonly batches: number
  /** Whether the rules are those in force, or others. */
  readonly rule_set: 'in_force' | 'given'
  readonly rules: readonly BacktestRule[]
  /** What may make it differ from what happened. */
  readonly notes: readonly string[]
  /** A rule test as YAML, when one was asked for. */
  readonly fixture?: string
}

export interface BacktestRule {
  readonly rule: string
  readonly trips: readonly Trip[]
  readonly trips_per_30d: number
  readonly against_live: Difference
  /** The same against a replay of the rules in force; only when others were given. */
  readonly against_in_force?: Difference
}

export interface Trip {
  readonly by: Group
  readonly fired_at: string
  /** Null: it had not cleared at the end of the range. */
  readonly cleared_at: string | null
}

export interface Difference {
  /** `41 s earlier, 3 more trips in 30 days`; `the same`. */
  readonly summary: string
  readonly matched: readonly MatchedTrip[]
  readonly extra: readonly Trip[]
  readonly missing: readonly Trip[]
}

export interface MatchedTrip extends Trip {
  readonly reference: Trip
  /** Above 0: this one fired first. */
  readonly fired_earlier_s: number
  readonly cleared_earlier_s: number | null
}
