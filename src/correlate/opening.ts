import type { Reason } from '../model/desired.ts'
import type { Transition } from '../model/route.ts'
import type { Severity, Verdict } from '../model/verdict.ts'
import { withOnset } from './beginning.ts'
import { type IncidentRecord, toIso } from './record.ts'
import { EMPTY_TIMELINE, type TimelineRow } from './timeline.ts'
import { foldTransition } from './transitions.ts'
import { foldVerdict, labelsOf } from './verdicts.ts'

export interface Opening {
  readonly id: string
  readonly scope: string
  readonly route?: string
  readonly nowMs: number
  /** The verdict that opens it; absent when a state of the route does. */
  readonly cause?: Verdict
  /** Everything else that is breached and belongs to it. */
  readonly breached: readonly Verdict[]
  /** Steps of the route since it left `primary`, oldest first. */
  readonly transitions: readonly Transition[]
  readonly changes: readonly TimelineRow[]
}

/** A new incident that already knows what led to it. */
export function openRecord(opening: Opening): IncidentRecord {
  const { nowMs, cause, route, transitions } = opening
  const newest = transitions.at(-1)
  const empty: IncidentRecord = {
    id: opening.id,
    aliases: [],
    scope: opening.scope,
    ...(route !== undefined && { route }),
    targets: [],
    title: cause?.title ?? (newest ? titleOf(newest.view.reason, newest) : opening.scope),
    titleSeverity: cause?.severity ?? 'info',
    state: 'open',
    severity: cause?.severity ?? ('warning' satisfies Severity),
    labels: labelsOfOpening(opening),
    t0UnixMs: cause?.sinceUnixMs ?? ruleTrueMs(newest) ?? transitions[0]?.atUnixMs ?? nowMs,
    openedUnixMs: nowMs,
    mitigation: route === undefined ? 'none' : 'pending',
    mitigationText:
      route === undefined
        ? 'NOT mitigated: no automatic move belongs to this.'
        : 'Nothing was moved yet: evidence is being weighed.',
    rules: {},
    untrackedCount: 0,
    timeline: { ...EMPTY_TIMELINE, first: opening.changes },
    pages: [],
    dismissed: [],
  }
  const begun = cause?.onset ? withOnset(empty, cause.onset) : empty
  const verdicts = cause ? [cause, ...opening.breached] : opening.breached
  const judged = verdicts.reduce((one, verdict) => foldVerdict(one, verdict, nowMs).record, begun)
  const record = transitions.reduce(foldTransition, judged)
  const row = { at: toIso(nowMs), clock: 'signalbox', kind: 'opened', text: 'Incident opened' }
  return {
    ...record,
    timeline: { ...record.timeline, first: [...record.timeline.first, row] },
  }
}

/** `decide` says since when the rule was true by the clock of the events. */
function ruleTrueMs(transition: Transition | undefined): number | undefined {
  const atMs = transition?.evidence.ruleTrueUnixMs
  return typeof atMs === 'number' ? atMs : undefined
}

function labelsOfOpening({ cause, breached, route }: Opening): Record<string, string> {
  const leading = cause ?? breached.find((one) => one.severity === 'critical') ?? breached[0]
  const own = route === undefined ? {} : { route }
  return leading ? labelsOf(leading, own) : own
}

function titleOf(reason: Reason, { route, text }: Transition): string {
  if (reason.rule === undefined || reason.value === undefined) return `${route}: ${text}`
  const limit = reason.threshold === undefined ? '' : `, limit ${reason.threshold}`
  return `${route}: ${reason.rule} at ${Number(reason.value.toPrecision(3))}${limit}`
}
