import { formatDurationMs } from '../lib/duration.ts'
import type { Next, RouteFacts, Step } from './facts.ts'
import { recentMoves } from './leaving.ts'
import { ramp } from './ramping.ts'
import { renderRefusals } from './safety.ts'

// The way back, first half: engaging → fallback → probing. Slow on purpose: a primary that was
// relieved looks healthy at once.

export const stepEngaging: Step = ({ policy, record, proof, nowMs }) => {
  if (proof.isObserved || (proof.awaitedCount === 0 && proof.isVerified)) {
    return {
      to: 'fallback',
      text: proof.awaitedCount > 0 ? 'All routers follow' : 'Requests are served by the fallback',
      patch: { confirmedUnixMs: nowMs },
      evidence: { confirmed: true },
    }
  }
  if (nowMs - record.generationUnixMs < policy.timing.ack_deadline) return undefined
  const missing = proof.missing.join(', ') || 'no router reports what it applied'
  return {
    to: 'fallback',
    text: `Not confirmed within ${formatDurationMs(policy.timing.ack_deadline)}: ${missing}`,
    evidence: { confirmed: false, missing: proof.missing },
  }
}

/** `fallback` and `latched`: another fallback when this one is bad, else the way back. */
export const stepFallback: Step = (facts) => {
  const { policy, record, inhibitedBy } = facts
  if (policy.mode !== 'auto' || inhibitedBy.length > 0) return undefined
  const elsewhere = nextFallback(facts)
  if (elsewhere) return elsewhere
  if (record.state === 'latched') return undefined
  const moves = recentMoves(facts)
  if (moves.length >= policy.timing.max_failovers_per_hour) {
    return {
      to: 'latched',
      text: `${moves.length} failovers within an hour: fail-back waits for a person's ack`,
      evidence: { movesUnixMs: moves },
    }
  }
  if (!policy.failback.auto || reasonsToStay(facts).length > 0) return undefined
  const firstOkUnixMs = okUnixMs(facts)
  return {
    to: 'probing',
    text: `${policy.primary} answers again; watching it for ${formatDurationMs(policy.failback.stable_for)}`,
    patch: { stableUnixMs: firstOkUnixMs ?? facts.nowMs },
    evidence: { primaryOkUnixMs: firstOkUnixMs ?? null },
  }
}

/** Why a route on its fallback does not probe yet; empty when it may. For the step and `explain`. */
export function reasonsToStay(facts: RouteFacts): readonly string[] {
  const { policy, record, nowMs, timings } = facts
  const reasons: string[] = []
  const holdMs = holdOf(facts)
  const leftMs = record.arrivedUnixMs + holdMs - nowMs
  if (leftMs > 0) {
    reasons.push(`hold of ${formatDurationMs(holdMs)}: ${formatDurationMs(Math.ceil(leftMs))} left`)
  }
  if (hasOwnProof(facts)) {
    const okMs = okUnixMs(facts)
    const failedMs = record.probingFailedUnixMs ?? 0
    if (okMs === undefined || nowMs - okMs > timings.primaryProofMs) {
      reasons.push(
        `no ok attempt or probe of ${policy.primary} under this generation in the last ${formatDurationMs(timings.primaryProofMs)}`,
      )
    } else if (okMs <= failedMs || nowMs - failedMs < timings.primaryProofMs) {
      reasons.push('the last probing has only just failed')
    }
  }
  return [...reasons, ...reasonsAgainstStep(facts, 0)]
}

/** Rules that fire, and S12, against ramp step `index`. */
function reasonsAgainstStep(facts: RouteFacts, index: number): readonly string[] {
  const { policy, evidence } = facts
  const firing = evidence.on.filter((verdict) => verdict.state === 'firing')
  const refusals = facts.stepBack(policy.failback.steps[index] ?? 1).refusals
  return [
    ...firing.map((verdict) => `${verdict.rule} fires under this generation`),
    ...(refusals.length > 0 ? [renderRefusals(refusals)] : []),
  ]
}

export const stepProbing: Step = (facts) => {
  const { policy, record, nowMs, inhibitedBy, stats, primaryProbe } = facts
  if (policy.mode !== 'auto' || inhibitedBy.length > 0) return undefined
  const { max_failed } = policy.failback.step
  const judged = stats.primaryOk + stats.primaryFailed
  const hasProbeFailed = primaryProbe?.isOk === false && primaryProbe.atUnixMs >= record.sinceUnixMs
  if (hasProbeFailed || (stats.primaryFailed >= 2 && stats.primaryFailed > max_failed * judged)) {
    return probingFailed(
      facts,
      hasProbeFailed ? 'its probe failed' : `${stats.primaryFailed} of ${judged} failed`,
    )
  }
  if (!hasOwnProof(facts)) return ramp(facts, 0)
  const stableUnixMs = record.stableUnixMs ?? okUnixMs(facts)
  if (stableUnixMs === undefined) {
    const isOverdue = nowMs - record.sinceUnixMs > policy.failback.stable_for
    return isOverdue ? probingFailed(facts, 'it is undecided past its deadline') : undefined
  }
  if (record.stableUnixMs === undefined) {
    return { to: 'probing', text: 'Probing goes on after a restart', patch: { stableUnixMs } }
  }
  if (nowMs - stableUnixMs < policy.failback.stable_for) return undefined
  const against = reasonsAgainstStep(facts, 0)
  if (against.length === 0) return ramp(facts, 0)
  // Bounded: a primary that stays unfit sends the route back to wait in `fallback`.
  const isOverdue = nowMs - stableUnixMs > 2 * policy.failback.stable_for
  return isOverdue ? probingFailed(facts, against.join('; ')) : undefined
}

function probingFailed({ policy, nowMs }: RouteFacts, why: string): Next {
  return {
    to: 'fallback',
    text: `${policy.primary} is not well yet: ${why}`,
    patch: { probingFailedUnixMs: nowMs },
    evidence: { why },
  }
}

export function holdOf({ policy, record }: Pick<RouteFacts, 'policy' | 'record'>): number {
  return Math.min(policy.timing.max_hold, policy.timing.min_hold * 2 ** record.k)
}

/** Whether anything can speak for the primary before the first ramp step does. */
function hasOwnProof({ policy, record }: RouteFacts): boolean {
  const isPartial = record.phase.kind === 'fallback' && record.phase.part < 1
  return policy.keep_on_primary.share > 0 || policy.primary_ready !== undefined || isPartial
}

function okUnixMs({ stats, primaryProbe }: RouteFacts): number | undefined {
  const probeMs = primaryProbe?.isOk ? primaryProbe.atUnixMs : undefined
  const newest = Math.max(stats.primaryOkUnixMs ?? 0, probeMs ?? 0)
  return newest === 0 ? undefined : newest
}

/** The next untried fallback, when the present one is disproved; never back and forth. */
function nextFallback(facts: RouteFacts): Next | undefined {
  const { record, policy, nowMs } = facts
  if (record.phase.kind !== 'fallback') return undefined
  const { isDisproved, detail } = facts.fallback()
  if (!isDisproved) return undefined
  const check = facts.move()
  if (check.status === 'refused') return undefined
  const { target } = check.phase
  return {
    to: 'engaging',
    phase: check.phase,
    text: `Moving ${policy.route} from ${record.phase.target} to ${target}: ${detail}`,
    patch: { arrivedUnixMs: nowMs, triedTargets: [...record.triedTargets, target] },
    evidence: { decidedUnixMs: nowMs, target, why: detail },
  }
}
