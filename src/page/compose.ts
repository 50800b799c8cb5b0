import type { Incident } from '../model/incident.ts'
import type { Notice } from '../model/notice.ts'
import type { OutItem, PageState } from './page-state.ts'
import { factsOf, headlineOf, labelsOf, linksOf } from './wording.ts'

const DIGEST_LINES_MAX = 20

export interface ComposeContext {
  readonly publicUrl: string
  readonly nowMs: number
}

/** One page that waits, with the incident as it is now. */
export interface Job {
  readonly item: OutItem
  readonly state: PageState
  readonly incident: Incident
}

export function composeNotice({ item, state, incident }: Job, context: ComposeContext): Notice {
  const earlierLabels = state.told[item.receivers[0] ?? '']?.labels
  return {
    id: item.id,
    dedupKey: incident.id,
    phase: item.phase,
    level: item.level,
    incident,
    covers: [incident.id],
    labels: labelsOf(incident),
    headline: headlineOf(incident, item.phase),
    title: incident.title,
    facts: factsOf(incident),
    links: linksOf(incident, context.publicUrl),
    atUnixMs: context.nowMs,
    receivers: item.receivers,
    ...(earlierLabels && { earlierLabels }),
    failedRounds: item.failedRounds,
    views: [],
  }
}

/**
 * One message for all pages of a level that nobody could deliver for too long: when a pager comes
 * back after an hour, people need to know what is open, not to hear an hour of bells.
 */
export function composeDigest(jobs: readonly [Job, ...Job[]], context: ComposeContext): Notice {
  const [first] = jobs
  const incidents = [...new Map(jobs.map(({ incident }) => [incident.id, incident])).values()]
  const worst = incidents.find((one) => one.severity === 'critical') ?? first.incident
  const single = composeNotice({ ...first, incident: worst }, context)
  const openCount = incidents.filter((one) => one.state !== 'resolved').length
  const { level } = first.item
  return {
    ...single,
    id: `${first.item.id}_digest`,
    dedupKey: `signalbox-digest-${level}`,
    phase: 'opened',
    covers: incidents.map((one) => one.id),
    labels: { level, severity: worst.severity, digest: 'true' },
    headline: `${jobs.length} pages could not be delivered until now.`,
    title: `${openCount} of ${incidents.length} incidents are still open.`,
    facts: incidents.slice(0, DIGEST_LINES_MAX).map((incident) => ({
      name: incident.id,
      value: `${incident.state}: ${headlineOf(incident, 'updated')} ${incident.title}`,
    })),
    receivers: [...new Set(jobs.flatMap(({ item }) => item.receivers))],
  }
}
