import type { FieldValue } from './observation.ts'
import type { Mitigation } from './route.ts'
import type { Group, RuleState, Severity } from './verdict.ts'

export type IncidentState = 'open' | 'mitigated' | 'resolved'

/** JSON of an incident. One per cause and route. Times RFC 3339. */
export interface Incident {
  /** `inc_…` */
  readonly id: string
  readonly title: string
  readonly state: IncidentState
  readonly severity: Severity
  readonly route?: string
  readonly labels: Readonly<Record<string, string>>
  /** T0 as a rule on failed attempts found it, else the first sign; the report computes it anew. */
  readonly t0: string
  readonly opened_at: string
  readonly acknowledged_at?: string
  readonly acknowledged_by?: string
  readonly mitigated_at?: string
  readonly resolved_at?: string
  readonly mitigation: Mitigation
  /** Failing share of requests now, 0..1; null when there is no traffic. */
  readonly user_impact: number | null
  /** One sentence for people: what automation did about it, and what it proved. */
  readonly mitigation_text?: string
  readonly runbook?: string
  /** The rules folded into it, worst first, bounded. */
  readonly rules?: readonly IncidentRule[]
  readonly timeline: readonly TimelineEntry[]
  readonly pages: readonly PageView[]
}

/** One rule and group of an incident, with its newest numbers. */
export interface IncidentRule {
  readonly rule: string
  readonly by: Group
  readonly severity: Severity
  readonly state: RuleState
  readonly title: string
  /** Event time, RFC 3339. */
  readonly since: string
  readonly value: FieldValue | null
  readonly threshold: number | null
  readonly count: number
  readonly window_s: number
}

export interface TimelineEntry {
  readonly at: string
  /** Which clock gave `at`: `signalbox`, `event`, or a router's name. */
  readonly clock: string
  /** `rule`, `state`, `generation`, `proof`, `page`, `ack`, `note`, `change`, … */
  readonly kind: string
  readonly text: string
  readonly evidence?: Readonly<Record<string, unknown>>
}

/** One page to one receiver. */
export interface PageView {
  readonly at: string
  readonly level: string
  readonly receiver: string
  readonly phase: 'opened' | 'updated' | 'acknowledged' | 'resolved'
  readonly outcome: 'delivered' | 'failed' | 'muted' | 'disabled'
  readonly attempts: number
  readonly error?: string
}

/** What `correlate` tells `page`, the journal and the console after each committed change. */
export interface IncidentChange {
  readonly phase: 'opened' | 'updated' | 'acknowledged' | 'resolved'
  readonly incident: Incident
  readonly atUnixMs: number
}

/** Request outcomes of one route in one bin, as they arrive; for the console and live impact. */
export interface OutcomeBin {
  /** Start of the bin, unix seconds (fractions when bins are shorter). */
  readonly at_s: number
  readonly primary: number
  readonly fallback: number
  readonly other: number
  readonly failed: number
}
