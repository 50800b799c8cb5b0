import type { FieldValue } from './observation.ts'

export type RuleState = 'ok' | 'pending' | 'firing' | 'insufficient' | 'unknown'
export type Severity = 'info' | 'warning' | 'error' | 'critical'

/**
 * Why a judgement that would have tripped or cleared did not. `stale`: the window is a backlog.
 * `unknown`: what is missing could change it. `insufficient`: too few items. `holding`: it must hold
 * for longer. `recovered`: it would trip, but the clear condition holds already. `restarted`: weights
 * changed, and the windows started anew.
 */
export type Refusal = 'stale' | 'unknown' | 'insufficient' | 'holding' | 'recovered' | 'restarted'

/** The values of a rule's `by:` keys, as text; `{}` for a rule without. */
export type Group = Readonly<Record<string, string>>

/** Where the trouble that a rule recognised began: T0 of DEFINITIONS.md, as known at that moment. */
export interface Onset {
  /** Start of the first bin of the excursion, by the clock of who sent the attempts. */
  readonly atUnixMs: number
  /** One bin, and how far the clocks of routers are known to be off. */
  readonly uncertaintyMs: number
  /** p0', what was normal before, 0..1. */
  readonly baselineRatio: number
  /** When the rule recognised it (Signalbox's own clock). */
  readonly detectUnixMs: number
  readonly from: 'cusum'
}

interface VerdictFacts {
  readonly rule: string
  readonly kind: string
  readonly by: Group
  readonly severity: Severity
  readonly labels: Readonly<Record<string, string>>
  /** Rendered from the rule's Handlebars title. */
  readonly title: string
  readonly runbook?: string
  /** Since when this state (event time). */
  readonly sinceUnixMs: number
  /** Event time of the judgement: the newest item or watermark that made it so. */
  readonly atUnixMs: number
  /** Signalbox's own clock at the judgement. */
  readonly judgedUnixMs: number
  readonly watermarkUnixMs: number
  readonly threshold: number | null
  readonly count: number
  readonly windowMs: number
  /** The last conclusive verdict, which `insufficient` and `unknown` keep. */
  readonly effect: 'firing' | 'ok'
  /** Routers whose own attempts breach the rule (rules on attempts only). */
  readonly witnesses: readonly string[]
  /** What this judgement would have said but did not; on the first of an episode only. */
  readonly refused?: { readonly why: Refusal; readonly reason: string }
  /** Of a ratio or burn rate of failed attempts that fires: when they began to fail, if it is known. */
  readonly onset?: Onset
  /** W3C trace context, so that verdict, decision and delivery are one trace. */
  readonly traceparent?: string
}

/** A verdict that is `unknown` has no number to misread. */
export type Verdict = VerdictFacts &
  (
    | { readonly state: 'unknown'; readonly reason: string; readonly value: null }
    | {
        readonly state: Exclude<RuleState, 'unknown'>
        readonly reason?: string
        readonly value: FieldValue | null
      }
  )

/** JSON of `GET /api/v1/rules`. Times RFC 3339. */
export interface RuleView {
  readonly id: string
  readonly kind: string
  readonly severity: Severity
  readonly title: string
  readonly labels: Readonly<Record<string, string>>
  readonly groups: readonly RuleGroupView[]
}

export interface RuleGroupView {
  readonly by: Group
  readonly state: RuleState
  readonly reason?: string
  readonly value: FieldValue | null
  readonly threshold: number | null
  readonly count: number
  readonly since: string
  readonly watermark: string | null
  readonly lag_ms: number | null
  readonly window_s: number
  /** Least count of the trip window; null for a kind without. */
  readonly min_count: number | null
  /** The last conclusive verdict, which `insufficient` and `unknown` keep. */
  readonly effect: 'firing' | 'ok'
  /** Routers whose own attempts breach the rule. */
  readonly witnesses: readonly string[]
}
