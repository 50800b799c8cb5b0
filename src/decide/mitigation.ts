import type { Mitigation } from '../model/route.ts'
import type { DecideContext } from './context.ts'
import type { RouteFacts } from './facts.ts'
import { judgeMitigation } from './proof.ts'

export function mitigationOf(context: DecideContext, facts: RouteFacts): Mitigation {
  const { policy, record, proof, inhibitedBy, timings, nowMs } = facts
  const canMove = policy.mode === 'auto' && policy.on.length > 0 && policy.fallbacks.length > 0
  return judgeMitigation({
    record,
    proof,
    // Missing telemetry may come back at any moment; an order or a pause does not lapse so soon.
    mayMove: canMove && inhibitedBy.every((kind) => kind === 'frozen'),
    isStranded: context.live(policy.route).isStranded,
    partialMs: timings.partialMs,
    nowMs,
  })
}
