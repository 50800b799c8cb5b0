import type { FallbackPolicy, RoutePolicy } from '../config/failover.ts'
import type { Desired, TargetShare } from '../model/desired.ts'
import type { Phase } from './record.ts'

// Desired state is a pure function of policy, phase and the number of live routers, so that a
// restart, a reload and a test all come to the same document.

/** Keeps the primary in the document for classes that the fallback does not accept. */
const SLIVER = 0.001

export interface DesiredInput {
  readonly policy: RoutePolicy
  readonly phase: Phase
  /** Live routers, at least 1: every `max_rps` of the file is divided by it. */
  readonly shareRouters: number
}

export function desiredOf({ policy, phase, shareRouters }: DesiredInput): Desired {
  const routers = Math.max(1, shareRouters)
  return {
    targets: targetsOf({ policy, phase, shareRouters: routers }),
    rescue: {
      order: policy.fallbacks.map((fallback) => fallback.target),
      max_rps: roundRate(policy.rescue.max_rps / routers),
      attempt_timeout_ms: policy.rescue.attempt_timeout,
    },
    new_requests_only: policy.new_requests_only,
  }
}

function targetsOf(input: DesiredInput): TargetShare[] {
  const { policy, phase } = input
  if (phase.kind === 'primary') return atHome(policy)
  const fallback = policy.fallbacks.find((one) => one.target === phase.target)
  if (!fallback) return atHome(policy)
  if (phase.kind === 'fallback') return away({ ...input, fallback, part: phase.part })
  // The last step is the ordinary document of `primary`, so that arriving there changes nothing.
  if (phase.share >= 1) return atHome(policy)
  const share = Math.max(phase.share, 1 - phase.part)
  return [
    { target: policy.primary, weight: roundWeight(share) },
    { ...dressed(fallback), weight: restOf(roundWeight(share)) },
  ]
}

function atHome(policy: RoutePolicy): TargetShare[] {
  const share = policy.mode === 'auto' ? policy.exercise : 0
  const exercised = share > 0 ? policy.fallbacks : []
  // However many fallbacks there are, most traffic stays on the primary.
  const each = roundWeight(Math.min(share, 0.5 / Math.max(1, exercised.length)))
  const others = exercised.map((fallback) => ({ ...dressed(fallback), weight: each }))
  const sum = others.reduce((total, one) => total + one.weight, 0)
  return [{ target: policy.primary, weight: restOf(sum) }, ...others]
}

function away(input: DesiredInput & { fallback: FallbackPolicy; part: number }): TargetShare[] {
  const { policy, fallback, part, shareRouters } = input
  const { share, max_rps } = policy.keep_on_primary
  if (part < 1 - share) {
    // Capacity is short: what does not fit stays on the primary, so it is no mere trickle.
    const kept = roundWeight(1 - part)
    return [
      { ...dressed(fallback), weight: restOf(kept) },
      { target: policy.primary, weight: kept },
    ]
  }
  if (share > 0) {
    const trickle: TargetShare = {
      target: policy.primary,
      weight: roundWeight(share),
      retryable_only: true,
      ...(max_rps !== undefined && { max_rps: roundRate(max_rps / shareRouters) }),
    }
    return [{ ...dressed(fallback), weight: restOf(trickle.weight) }, trickle]
  }
  if (Object.keys(fallback.accepts).length === 0) return [{ ...dressed(fallback), weight: 1 }]
  return [
    { ...dressed(fallback), weight: restOf(SLIVER) },
    { target: policy.primary, weight: SLIVER, retryable_only: true, max_rps: 0 },
  ]
}

function dressed(fallback: FallbackPolicy): Omit<TargetShare, 'weight'> {
  const { target, label, params, accepts } = fallback
  return {
    target,
    ...(label !== undefined && { label }),
    ...(Object.keys(params).length > 0 && { params }),
    ...(Object.keys(accepts).length > 0 && { only: accepts }),
  }
}

/** True when both send the same requests to the same places; shares (`max_rps`) do not count. */
export function isSameTraffic(a: Desired, b: Desired): boolean {
  return JSON.stringify(withoutShares(a)) === JSON.stringify(withoutShares(b))
}

function withoutShares(desired: Desired): unknown {
  return {
    ...desired,
    rescue: { ...desired.rescue, max_rps: 0 },
    targets: desired.targets.map(({ max_rps, ...target }) => target),
  }
}

/** Safety rule S5: why routers could not serve by this document; undefined when they can. */
export function faultOfDesired(desired: Desired): string | undefined {
  const { targets } = desired
  if (targets.length === 0) return 'no target'
  if (new Set(targets.map((one) => one.target)).size !== targets.length) return 'a target twice'
  if (targets.some((one) => !(one.weight >= 0 && one.weight <= 1))) return 'a weight outside 0..1'
  const sum = targets.reduce((total, one) => total + one.weight, 0)
  return Math.abs(sum - 1) < 1e-9 ? undefined : `weights sum to ${sum}`
}

// Six digits are more than any router can tell apart, and keep the wire readable.
function roundWeight(weight: number): number {
  return Math.round(weight * 1e6) / 1e6
}

/** 1 − weight, readable where possible; adding the two up gives exactly 1 in floating point. */
function restOf(weight: number): number {
  const rest = roundWeight(1 - weight)
  return rest + weight === 1 ? rest : 1 - weight
}

function roundRate(perSecond: number): number {
  return Math.round(perSecond * 1e3) / 1e3
}
