import { formatDurationMs } from '../lib/duration.ts'
import type { Verdict } from '../model/verdict.ts'
import type { MoveCheck, Next, RouteFacts, Step } from './facts.ts'
import { idsOf, renderRefusals } from './safety.ts'

// The way out: primary → suspect → engaging, or blocked.

export const stepPrimary: Step = ({ policy, evidence }) => {
  if (policy.mode === 'off' || !evidence.isSuspicious) return undefined
  return {
    to: 'suspect',
    text: `${policy.primary} is suspect: ${renderLead(evidence.lead)}`,
    evidence: evidenceOf(evidence),
    ...(evidence.lead && { lead: evidence.lead }),
  }
}

/** `suspect` and `blocked` differ only in whether safety has refused. */
export const stepSuspect: Step = (facts) => {
  const { policy, record, evidence, inhibitedBy } = facts
  if (!evidence.isSuspicious || policy.mode === 'off') return backToPrimary(facts)
  const isBlocked = record.state === 'blocked'
  if (!evidence.isMet) {
    return isBlocked
      ? { to: 'suspect', text: 'The evidence no longer suffices', patch: { blockedBy: [] } }
      : undefined
  }
  if (inhibitedBy.length > 0) return undefined
  const check = facts.move()
  if (policy.mode !== 'auto') return wouldAct(facts, check)
  if (check.status === 'allowed') return engage(facts, check.phase)
  const blockedBy = idsOf(check.refusals)
  if (isBlocked && blockedBy.join() === record.blockedBy.join()) return undefined
  return {
    to: 'blocked',
    text: `The move off ${policy.primary} is blocked: ${renderRefusals(check.refusals)}`,
    patch: { blockedBy },
    evidence: { ...evidenceOf(evidence), refusals: check.refusals },
    ...(isBlocked && { kind: 'refused' as const }),
    ...(evidence.lead && { lead: evidence.lead }),
  }
}

function backToPrimary({ policy, record, timings, nowMs }: RouteFacts): Next {
  const wasLong = nowMs - record.sinceUnixMs >= timings.suspectOpensMs
  const isIncidentOpen = record.isIncidentOpen || wasLong
  return {
    to: 'primary',
    text: `${policy.primary} is no longer suspect`,
    patch: { blockedBy: [], isIncidentOpen },
  }
}

function wouldAct(facts: RouteFacts, check: MoveCheck): Next | undefined {
  const { record, policy, evidence } = facts
  if (record.wouldActUnixMs !== undefined) return undefined
  const what =
    check.status === 'allowed'
      ? `would move ${policy.route} to ${check.phase.target}`
      : `would be blocked: ${renderRefusals(check.refusals)}`
  return {
    to: record.state,
    kind: 'would_act',
    text: `Mode ${policy.mode}: ${what}`,
    patch: { wouldActUnixMs: facts.nowMs },
    evidence: { ...evidenceOf(evidence), check },
  }
}

export function engage(
  facts: RouteFacts,
  phase: Extract<MoveCheck, { status: 'allowed' }>['phase'],
): Next {
  const { policy, record, evidence, nowMs, timings } = facts
  const isRelapse =
    record.returnedUnixMs !== undefined &&
    nowMs - record.returnedUnixMs <= 2 * policy.failback.stable_for
  const k = record.k + (isRelapse ? 1 : 0)
  const part = phase.part < 1 ? `${Math.round(phase.part * 100)} % of ` : ''
  const baselineP95Ms = facts.baselineP95Ms() ?? record.baselineP95Ms
  return {
    to: 'engaging',
    phase,
    text: `Moving ${part}${policy.route} from ${policy.primary} to ${phase.target}: ${renderLead(evidence.lead)}`,
    patch: {
      k,
      arrivedUnixMs: nowMs,
      blockedBy: [],
      isIncidentOpen: true,
      triedTargets: [phase.target],
      movesUnixMs: [...recentMoves(facts), nowMs].slice(-20),
      ...(baselineP95Ms !== undefined && { baselineP95Ms }),
    },
    evidence: {
      ...evidenceOf(evidence),
      decidedUnixMs: nowMs,
      target: phase.target,
      part: phase.part,
      holdMs: Math.min(policy.timing.max_hold, policy.timing.min_hold * 2 ** k),
      hourMs: timings.hourMs,
    },
    ...(evidence.lead && { lead: evidence.lead }),
  }
}

export function recentMoves({ record, nowMs, timings }: RouteFacts): readonly number[] {
  return record.movesUnixMs.filter((atMs) => nowMs - atMs < timings.hourMs)
}

/** For the chain of the report: what was known, by which clock, when it was decided. */
export function evidenceOf(evidence: RouteFacts['evidence']): Readonly<Record<string, unknown>> {
  const { lead } = evidence
  return {
    ...(lead && {
      rule: lead.rule,
      value: lead.value,
      threshold: lead.threshold,
      count: lead.count,
      windowMs: lead.windowMs,
      ruleTrueUnixMs: lead.sinceUnixMs,
      judgedUnixMs: lead.judgedUnixMs,
    }),
    witnesses: evidence.witnesses,
    pieces: evidence.pieces,
    need: evidence.need,
  }
}

export function renderLead(lead: Verdict | undefined): string {
  if (!lead) return 'its own probe failed'
  const window = formatDurationMs(lead.windowMs)
  if (typeof lead.value !== 'number' || lead.threshold === null)
    return `${lead.rule} is ${lead.state}`
  const value = Number(lead.value.toPrecision(3))
  return `${lead.rule} is ${lead.state} at ${value} (limit ${lead.threshold}, ${lead.count} in ${window})`
}
