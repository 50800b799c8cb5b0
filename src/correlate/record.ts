import { randomBytes } from 'node:crypto'
import type { RouteState } from '../model/desired.ts'
import type { Incident, IncidentRule, IncidentState, PageView } from '../model/incident.ts'
import type { FieldValue } from '../model/observation.ts'
import type { Mitigation } from '../model/route.ts'
import type { Group, Onset, RuleState, Severity } from '../model/verdict.ts'
import { renderTimeline, type Timeline } from './timeline.ts'

/**
 * What the state store keeps of an incident: the public document plus what is needed to go on with
 * it after a restart. Immutable; every change makes a new one. Times in ms since 1970.
 */
export interface IncidentRecord {
  readonly id: string
  /** Ids that `decide` gave the route's outage after this one was open. */
  readonly aliases: readonly string[]
  /** `route/ROUTE`, or `rule/RULE` for a rule that names no route: one open incident each. */
  readonly scope: string
  readonly route?: string
  /** Targets of the route, as last seen; a rule on one of them concerns it. */
  readonly targets: readonly string[]
  readonly title: string
  readonly titleSeverity: Severity
  readonly state: IncidentState
  readonly severity: Severity
  readonly labels: Readonly<Record<string, string>>
  readonly runbook?: string
  /** Of `onset`; until one is known, the first sign: since when a rule was breached. */
  readonly t0UnixMs: number
  /** The earliest that a rule of it found. */
  readonly onset?: Onset
  readonly openedUnixMs: number
  readonly acknowledgedUnixMs?: number
  readonly acknowledgedBy?: string
  readonly mitigatedUnixMs?: number | undefined
  readonly resolvedUnixMs?: number
  readonly mitigation: Mitigation
  readonly mitigationText: string
  /** Undefined until a transition was seen. */
  readonly routeState?: RouteState
  /** Since when t9 is looked for: the last move. */
  readonly movedUnixMs?: number
  /** Since when the route is primary and every rule ok. */
  readonly quietSinceUnixMs?: number | undefined
  readonly rules: Readonly<Record<string, RuleTrack>>
  /** Groups beyond the bound on `rules`: counted only. */
  readonly untrackedCount: number
  readonly timeline: Timeline
  readonly pages: readonly PageView[]
  /** Rules that were firing when a person resolved it: they open nothing until they were ok. */
  readonly dismissed: readonly string[]
}

export interface RuleTrack {
  readonly rule: string
  readonly by: Group
  readonly severity: Severity
  readonly state: RuleState
  /** The last conclusive verdict was ok; `insufficient` keeps it. */
  readonly isCalm: boolean
  readonly title: string
  readonly sinceUnixMs: number
  readonly value: FieldValue | null
  readonly threshold: number | null
  readonly count: number
  readonly windowMs: number
  /** When its timeline row was last written (our clock). */
  readonly rowUnixMs: number
}

const RANK: Record<Severity, number> = { info: 0, warning: 1, error: 2, critical: 3 }
const RULES_SHOWN = 20

export function worseOf(a: Severity, b: Severity): Severity {
  return RANK[b] > RANK[a] ? b : a
}

/** `inc_` + time + chance, so that ids sort by age. */
export function createIncidentId(nowMs: number): string {
  return `inc_${nowMs.toString(36).padStart(9, '0')}${randomBytes(5).toString('hex')}`
}

export function isOpen(record: IncidentRecord): boolean {
  return record.state !== 'resolved'
}

/** RFC 3339 UTC with milliseconds. */
export function toIso(unixMs: number): string {
  return new Date(unixMs).toISOString()
}

/** The public document. `userImpact` is the failing share now, null without traffic. */
export function toIncident(record: IncidentRecord, userImpact: number | null): Incident {
  const { acknowledgedUnixMs, acknowledgedBy, mitigatedUnixMs, resolvedUnixMs } = record
  return {
    id: record.id,
    title: record.title,
    state: record.state,
    severity: record.severity,
    ...(record.route !== undefined && { route: record.route }),
    labels: record.labels,
    t0: toIso(record.t0UnixMs),
    opened_at: toIso(record.openedUnixMs),
    ...(acknowledgedUnixMs !== undefined && { acknowledged_at: toIso(acknowledgedUnixMs) }),
    ...(acknowledgedBy !== undefined && { acknowledged_by: acknowledgedBy }),
    ...(mitigatedUnixMs !== undefined && { mitigated_at: toIso(mitigatedUnixMs) }),
    ...(resolvedUnixMs !== undefined && { resolved_at: toIso(resolvedUnixMs) }),
    mitigation: record.mitigation,
    mitigation_text: record.mitigationText,
    user_impact: userImpact,
    ...(record.runbook !== undefined && { runbook: record.runbook }),
    rules: Object.values(record.rules)
      .sort((a, b) => RANK[b.severity] - RANK[a.severity])
      .slice(0, RULES_SHOWN)
      .map(toIncidentRule),
    timeline: renderTimeline(record.timeline),
    pages: record.pages,
  }
}

function toIncidentRule(track: RuleTrack): IncidentRule {
  return {
    rule: track.rule,
    by: track.by,
    severity: track.severity,
    state: track.state,
    title: track.title,
    since: toIso(track.sinceUnixMs),
    value: track.value,
    threshold: track.threshold,
    count: track.count,
    window_s: track.windowMs / 1_000,
  }
}
