import type { FieldValue } from './observation.ts'
import type { Refusal, RuleGroupView, RuleState, RuleView } from './verdict.ts'

// JSON of `GET /api/v1/rules/{id}`: the rule as in the list, and why each group is as it is.

export interface RuleDetail extends RuleView {
  readonly runbook?: string
  readonly groups: readonly RuleGroupDetail[]
}

export interface RuleGroupDetail extends RuleGroupView {
  /** Rendered for this group. */
  readonly title: string
  readonly clear: RuleClear
  /** What would have to happen for the verdict to change, in plain words. */
  readonly next: string
  /** `router-2's counters (its spans are 40 % short)`; absent where all are spans. */
  readonly rests_on?: string
  /** Who sends to this group, by share; at most 20 of `source_count`. */
  readonly sources: readonly RuleSource[]
  readonly source_count: number
  /** The last 20 changes and refusals, oldest first. */
  readonly changes: readonly RuleChange[]
}

export interface RuleClear {
  /** In the unit of `threshold`; null for a kind that clears by something else than a level. */
  readonly level: number | null
  readonly window_s: number
  readonly min_count: number | null
  readonly for_s: number
}

export interface RuleSource {
  readonly source: string
  readonly component: string
  /** Of the group's items in the window before its newest; 0..1. */
  readonly share: number
  /** Since anything was heard of it, status included; null for one that was forgotten. */
  readonly age_ms: number | null
  readonly state: 'sending' | 'quiet' | 'silent' | 'behind'
  /** Its counters stand for its spans, of which this share is missing; 0..1. Absent while they do not. */
  readonly spans_missing?: number
}

/** A change of state or effect, or a change that was refused. */
export interface RuleChange {
  /** Event time. */
  readonly at: string
  /** Signalbox's own clock. */
  readonly judged_at: string
  /** Null for the first judgement of a group. */
  readonly from: RuleState | null
  readonly to: RuleState
  readonly effect: 'firing' | 'ok'
  readonly value: FieldValue | null
  readonly threshold: number | null
  readonly count: number
  readonly reason?: string
  readonly refused?: Refusal
}
