import { formatDurationMs } from '../lib/duration.ts'
import type { Next, RouteFacts, Step } from './facts.ts'
import type { Phase } from './record.ts'
import { type Refusal, renderRefusals } from './safety.ts'

// The way back, second half: ramping → primary. Every step is a generation of its own, and is
// judged on attempts that started under it.

export const stepRamping: Step = (facts) => {
  const { policy, record, nowMs, inhibitedBy } = facts
  if (policy.mode !== 'auto' || inhibitedBy.length > 0 || record.phase.kind !== 'ramp')
    return undefined
  const breach = breachOf(facts)
  if (breach !== undefined) return fallBack(facts, breach)
  if (reasonsToWait(facts).length > 0) return undefined
  const { step } = record.phase
  if (step + 1 < policy.failback.steps.length) return ramp(facts, step + 1)
  return {
    to: 'primary',
    phase: { kind: 'primary' },
    text: `${policy.route} is back on ${policy.primary}`,
    patch: { returnedUnixMs: nowMs, kSinceUnixMs: nowMs, triedTargets: [] },
  }
}

/** What a ramp step still waits for; empty when the next one may be taken. */
export function reasonsToWait(facts: RouteFacts): readonly string[] {
  const { policy, record, stats, nowMs } = facts
  if (record.phase.kind !== 'ramp') return []
  const { step_for, step_min_count, steps } = policy.failback
  const reasons: string[] = []
  const leftMs = record.generationUnixMs + step_for - nowMs
  if (leftMs > 0) reasons.push(`${formatDurationMs(Math.ceil(leftMs))} of this step are left`)
  const judged = stats.primaryOk + stats.primaryFailed
  if (judged < step_min_count) reasons.push(`${judged} of ${step_min_count} attempts seen`)
  const next = steps[record.phase.step + 1]
  if (next !== undefined) {
    const { refusals } = facts.stepBack(next)
    if (refusals.length > 0) reasons.push(renderRefusals(refusals))
  }
  return reasons
}

/** Why the present step has failed; undefined while it stands. */
function breachOf({ policy, stats, evidence, record }: RouteFacts): string | undefined {
  const { step_min_count, step } = policy.failback
  const judged = stats.primaryOk + stats.primaryFailed
  // Too many failures even if all that is missing to the least count came out well.
  if (stats.primaryFailed > step.max_failed * Math.max(judged, step_min_count)) {
    return `${stats.primaryFailed} of ${judged} attempts failed`
  }
  const p95Ms = stats.primaryLatency.quantile(0.95)
  if (
    p95Ms !== undefined &&
    record.baselineP95Ms !== undefined &&
    stats.primaryOk >= step_min_count
  ) {
    const limitMs = record.baselineP95Ms * step.max_p95_times_baseline
    if (p95Ms > limitMs)
      return `p95 is ${Math.round(p95Ms)} ms, the limit is ${Math.round(limitMs)} ms`
  }
  const firing = evidence.on.find(
    (verdict) => verdict.state === 'firing' && verdict.judgedUnixMs >= record.generationUnixMs,
  )
  return firing && `${firing.rule} fires`
}

/** A breached step: at once back to the fallback, and the next hold is twice as long. */
function fallBack(facts: RouteFacts, why: string): Next {
  const { policy, record, nowMs } = facts
  const { phase } = record
  const target = phase.kind === 'ramp' ? phase.target : (policy.fallbacks[0]?.target ?? '')
  return {
    to: 'fallback',
    phase: { kind: 'fallback', target, part: phase.kind === 'ramp' ? phase.part : 1 },
    text: `Back to ${target}: ${policy.primary} did not hold (${why})`,
    patch: { k: record.k + 1, arrivedUnixMs: nowMs },
    evidence: { why, k: record.k + 1 },
  }
}

/** The next ramp step, as a new generation. */
export function ramp(facts: RouteFacts, step: number): Next | undefined {
  const { policy, record } = facts
  const share = policy.failback.steps[step] ?? 1
  const refusals: readonly Refusal[] = facts.stepBack(share).refusals
  if (refusals.length > 0) return undefined
  return toRamp({ policy, phase: record.phase, step })
}

export function toRamp(options: {
  readonly policy: RouteFacts['policy']
  readonly phase: Phase
  readonly step: number
}): Next {
  const { policy, phase, step } = options
  const share = policy.failback.steps[step] ?? 1
  const from = phase.kind === 'primary' ? undefined : phase
  const target = from?.target ?? policy.fallbacks[0]?.target ?? ''
  return {
    to: 'ramping',
    phase: { kind: 'ramp', target, share, step, part: from?.part ?? 1 },
    text: `${Math.round(share * 100)} % of ${policy.route} back on ${policy.primary}`,
    evidence: { step, share },
  }
}
