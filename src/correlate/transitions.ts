import type { TargetShare } from '../model/desired.ts'
import type { Mitigation, RouteView, Transition } from '../model/route.ts'
import { type IncidentRecord, toIso } from './record.ts'
import { appendRows, type TimelineRow } from './timeline.ts'

// How one step of a route changes its incident, and what people are told that automation did.

/** States that open an incident by themselves: automation moves, or wants to and may not. */
export function opensIncident(transition: Transition): boolean {
  return ['engaging', 'blocked', 'latched'].includes(transition.to)
}

export function foldTransition(record: IncidentRecord, transition: Transition): IncidentRecord {
  const { view, to, atUnixMs } = transition
  const isMove = to === 'engaging' && record.routeState !== 'engaging'
  const isMoved = isMove || (to === 'fallback' && record.movedUnixMs === undefined)
  // Back on the primary there is nothing left to mitigate: what was true of the outage stands.
  const mitigation = to === 'primary' ? record.mitigation : view.mitigation
  const moved = isMoved ? { ...record, movedUnixMs: atUnixMs } : record
  const mitigationText = mitigationTextAfter({ record: moved, transition, mitigation })
  const { incident } = view
  const alias = incident !== undefined && ![record.id, ...record.aliases].includes(incident)
  return {
    ...moved,
    ...(alias && { aliases: [...record.aliases, incident] }),
    ...(isMove && { state: 'open' as const, mitigatedUnixMs: undefined }),
    targets: view.targets.map((one) => one.target),
    severity: opensIncident(transition) ? 'critical' : record.severity,
    routeState: to,
    mitigation,
    mitigationText,
    timeline: appendRows(record.timeline, [transitionRow(transition)]),
  }
}

function transitionRow(transition: Transition): TimelineRow {
  const { view, data } = transition
  return {
    at: toIso(transition.atUnixMs),
    clock: 'signalbox',
    kind: transition.kind,
    text: transition.text,
    evidence: {
      ...transition.evidence,
      from: transition.from,
      to: transition.to,
      epoch: view.epoch,
      generation: view.generation,
      ...(data && { version: data.version }),
    },
  }
}

interface TextAfter {
  readonly record: IncidentRecord
  readonly transition: Transition
  readonly mitigation: Mitigation
}

const RETURNING = ', and is on its way back in steps'

/** The first sentence of every page: what was already done about it, and whether that is proven. */
function mitigationTextAfter({ record, transition, mitigation }: TextAfter): string {
  const { view, to } = transition
  if (to === 'primary') {
    const isReturn = record.movedUnixMs !== undefined && record.routeState !== 'primary'
    return isReturn
      ? `The route is back on its primary. ${record.mitigationText.replace(RETURNING, '')}`
      : record.mitigationText
  }
  if (mitigation === 'blocked') {
    const isNews = record.mitigation !== 'blocked' || ['state', 'refused'].includes(transition.kind)
    return isNews ? `NOT mitigated: ${blockedText(transition.text)}.` : record.mitigationText
  }
  const place = fallbackOf(view)?.target ?? 'the fallback'
  const took = tookText(view, record.movedUnixMs)
  switch (mitigation) {
    case 'confirmed':
      // Each step back is observed anew: that is not how long the move took.
      return to === 'ramping'
        ? `Traffic moved to ${place} (confirmed)${RETURNING}.`
        : `Traffic moved to ${place} (confirmed${took}).`
    case 'partial':
      return `Traffic moved to ${place} only in part: ${observedText(view)} follow.`
    case 'unverified':
      return `Traffic was sent to ${place}, but nothing proves that it is served there (unverified).`
    case 'latched':
      return `Traffic stays on ${place}: fail-back is latched until a person acknowledges it.`
    case 'none':
      return `NOT mitigated: no automatic move can come (${noneText(view)}).`
    case 'pending':
      return to === 'engaging'
        ? `Traffic is being moved to ${place}; not confirmed yet.`
        : 'Nothing was moved yet: evidence is being weighed.'
  }
}

function blockedText(text: string): string {
  const clean = text.replace(/\.$/, '')
  return /block/i.test(clean) ? clean : `blocked: ${clean}`
}

function fallbackOf(view: RouteView): TargetShare | undefined {
  const primary = view.targets.find((one) => one.role === 'primary')?.target
  return view.desired.targets
    .filter((one) => one.target !== primary)
    .sort((a, b) => b.weight - a.weight)[0]
}

function tookText(view: RouteView, movedUnixMs: number | undefined): string {
  if (movedUnixMs === undefined || view.proof.observed_at === undefined) return ''
  const tookS = (Date.parse(view.proof.observed_at) - movedUnixMs) / 1_000
  return tookS >= 0 ? `, ${tookS.toFixed(1)} s` : ''
}

function observedText(view: RouteView): string {
  const accountable = view.routers.filter((one) => one.accountable && !one.gone)
  const isCurrent = accountable.filter(
    ({ observed }) =>
      observed !== null && observed.epoch === view.epoch && observed.generation >= view.generation,
  )
  return `${isCurrent.length} of ${accountable.length} routers`
}

function noneText(view: RouteView): string {
  const inhibitor = view.inhibitors[0]
  if (inhibitor) return `${inhibitor.kind} by ${inhibitor.actor}: ${inhibitor.reason}`
  return `mode ${view.mode}`
}
