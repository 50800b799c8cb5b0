import type { Rule } from '../config/rules.ts'
import type { FaultTruth } from '../fleet/scenario.ts'

/**
 * By arithmetic (reference: detection, "Windows"), under steady traffic and a steady fault, the time
 * from its start until a ratio rule can trip, in ms. With a share s failing after τ, and θ over W:
 * τ + θ·(W − s·τ)/s for τ < W; for τ ≥ W all of the window is of the fault, and only the least count
 * is waited for. Undefined where the rule never trips, or where this does not say when.
 */
export function optimumMs(query: OptimumQuery): number | undefined {
  const { rule, fault, requestsPerS } = query
  const { failing } = fault
  if (rule.kind !== 'ratio' || !failing) return undefined
  if (rule.on !== 'attempts' && rule.on !== 'requests') return undefined
  const { share, afterMs } = failing
  const { windowMs, trip } = rule
  if (share <= trip.above || !countsAsBad(rule.bad, afterMs)) return undefined
  const perMs = requestsPerS / 1_000
  if (afterMs < windowMs) {
    const lengthMs = windowMs - share * afterMs
    if (perMs * lengthMs < trip.countMin) return undefined
    return afterMs + (trip.above * lengthMs) / share
  }
  const wellCount = (1 - share) * perMs * windowMs
  const failedLeast = Math.max(
    trip.countMin - wellCount,
    (trip.above * wellCount) / (1 - trip.above),
    1,
  )
  return afterMs + failedLeast / (share * perMs)
}

export interface OptimumQuery {
  readonly rule: Rule
  readonly fault: FaultTruth
  readonly requestsPerS: number
}

/** Whether failures that take so long are what the rule calls bad. */
function countsAsBad(bad: Readonly<Record<string, unknown>>, afterMs: number): boolean {
  const { duration, outcome, ...others } = bad
  if (Object.keys(others).length > 0) return false
  if (outcome !== undefined && outcome !== 'failed') return false
  if (duration === undefined) return true
  const { gte = 0, gt = -1 } = duration as { gte?: number; gt?: number }
  return afterMs >= gte && afterMs > gt
}
