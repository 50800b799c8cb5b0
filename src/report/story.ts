import type { TimelineEntry } from '../model/incident.ts'
import type { Report } from '../model/report.ts'
import type { ReportFacts } from './facts.ts'
import { round } from './figure.ts'

// What happened, in order, and what may have contributed: hints with their evidence, never a cause.

/** The incident's own timeline and pages, with T0 and T1 as they were computed. */
export function toTimeline(facts: ReportFacts): TimelineEntry[] {
  const { incident, interval, binMs } = facts
  const rows: TimelineEntry[] = [
    ...incident.timeline,
    {
      at: toIso(interval.t0Ms),
      clock: 'event',
      kind: 'figure',
      text: `T0: impairment of the primary begins (± ${binMs / 1000} s)${knownThen(facts)}`,
    },
  ]
  if (interval.state === 'final') {
    rows.push({
      at: toIso(interval.t1Ms),
      clock: 'event',
      kind: 'figure',
      text: `T1: impairment of the primary ends (± ${binMs / 1000} s)`,
    })
  }
  return rows.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

/** What was known when it was recognised stands beside what is known now. */
function knownThen({ incident, interval }: ReportFacts): string {
  const told = incident.timeline.find((row) => row.kind === 'onset')
  if (!told || Date.parse(told.at) === interval.t0Ms) return ''
  return `; when it was recognised, ${told.at.slice(11, 19)} was known`
}

/** Changes within an hour before T0, and the rules that fired, earliest first. */
export function toFactors(facts: ReportFacts): Report['factors'] {
  const { incident, interval, fired, timings } = facts
  const { t0Ms, t1Ms } = interval
  const changes = incident.timeline
    .filter((row) => row.kind === 'change')
    .filter((row) => Date.parse(row.at) >= t0Ms - timings.hourMs && Date.parse(row.at) <= t0Ms)
    .map((row) => ({
      kind: 'change',
      at: row.at,
      text: row.text,
      before_t0_s: round((t0Ms - Date.parse(row.at)) / 1000),
    }))
  const rules = fired
    .filter((row) => row.firstMs <= t1Ms)
    .map((row) => ({
      kind: 'rule',
      at: toIso(row.firstMs),
      text: `${row.rule} fired${renderGroup(row.by)}`,
      before_t0_s: round((t0Ms - row.firstMs) / 1000),
      highest: round(row.highest),
      threshold: round(row.threshold),
    }))
  return [...changes, ...rules].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

/** What people wrote down to be done. */
export function toActions(facts: Pick<ReportFacts, 'incident'>): Report['actions'] {
  return facts.incident.timeline
    .filter((row) => row.kind === 'action')
    .map(({ at, text, evidence }) => ({ at, text, ...(evidence && { evidence }) }))
}

function renderGroup(by: Readonly<Record<string, string>>): string {
  const parts = Object.entries(by).map(([key, value]) => `${key} ${value}`)
  return parts.length === 0 ? '' : ` (${parts.sort().join(', ')})`
}

function toIso(ms: number): string {
  return new Date(Math.round(ms)).toISOString()
}
