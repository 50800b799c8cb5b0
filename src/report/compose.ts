import type { Incident } from '../model/incident.ts'
import type { Figure, Report } from '../model/report.ts'
import { toDataQuality } from './data-quality.ts'
import { DEFINITIONS } from './definitions.ts'
import type { ReportFacts } from './facts.ts'
import { toFigure } from './figure.ts'
import { toHeadline } from './headline.ts'
import { toFallback, toImpact } from './impact.ts'
import { drawOutcomes } from './outcomes-figure.ts'
import { toActions, toFactors, toTimeline } from './story.ts'

type Texts = Readonly<Record<string, string>>

/** The canonical report of what was read: pure, so the same data gives the same bytes. */
export function composeReport(facts: ReportFacts, queries: Texts): Report {
  const { interval, binMs } = facts
  return {
    schema: 'signalbox.report/v1',
    incident: {
      ...aboutIncident(facts.incident),
      t0: new Date(interval.t0Ms).toISOString(),
      t1: interval.state === 'final' ? new Date(interval.t1Ms).toISOString() : null,
      uncertainty_s: binMs / 1000,
    },
    state: interval.state,
    headline: toHeadline(facts),
    impact: toImpact(facts),
    timeline: toTimeline(facts),
    chain: { stamps: facts.chain.stamps, durations: facts.chain.durations },
    fallback: toFallback(facts),
    factors: toFactors(facts),
    figures: [drawOutcomes(facts)],
    actions: toActions(facts),
    data_quality: toDataQuality(facts),
    definitions: DEFINITIONS,
    queries,
  }
}

const UNITS: Readonly<Record<string, Figure['unit']>> = {
  duration: 's',
  user_impact_duration: 's',
  time_on_fallback: 's',
  requests_total: 'count',
  requests_failed: 'count',
  fallback_coverage: '1',
  fallback_share: '1',
  fallback_generations: 'count',
  uptime_share_fallback: '1',
  disruption_p50: 's',
  disruption_p95: 's',
  dark_time: 's',
  switch_start_gap: 's',
  switch_over_gap: 's',
  availability: '1',
  availability_without_fallback: '1',
  budget_burnt: '1',
  budget_burnt_without_fallback: '1',
}

/** An incident that names no route: no requests are its own, so every figure says why it is null. */
export function composeWithoutRoute(incident: Incident): Report {
  const reason = 'the incident concerns no single route, so no requests are its own'
  const headline = Object.entries(UNITS).map(([definition, unit]) => [
    definition,
    toFigure({ value: null, unit, definition, n: 0, query: '', reason }),
  ])
  return {
    schema: 'signalbox.report/v1',
    incident: { ...aboutIncident(incident), t0: incident.t0, t1: incident.resolved_at ?? null },
    state: incident.resolved_at === undefined ? 'provisional' : 'final',
    headline: Object.fromEntries(headline) as Record<string, Figure>,
    impact: {},
    timeline: incident.timeline,
    chain: { stamps: [], durations: {} },
    fallback: {},
    factors: [],
    figures: [],
    actions: toActions({ incident }),
    data_quality: { notes: [reason] },
    definitions: DEFINITIONS,
    queries: {},
  }
}

/** What is stored of it; not how it stands at this moment (`user_impact`), which no one stored. */
function aboutIncident(incident: Incident): Report['incident'] {
  const { id, title, state, severity, route, labels, opened_at, acknowledged_at } = incident
  const { acknowledged_by, mitigated_at, resolved_at, mitigation, mitigation_text, runbook } =
    incident
  return {
    ...{ id, title, state, severity, route: route ?? null, labels, opened_at },
    acknowledged_at: acknowledged_at ?? null,
    acknowledged_by: acknowledged_by ?? null,
    mitigated_at: mitigated_at ?? null,
    resolved_at: resolved_at ?? null,
    ...{ mitigation, mitigation_text: mitigation_text ?? null, runbook: runbook ?? null },
    first_sign_at: incident.t0,
    pages: incident.pages.length,
  }
}
