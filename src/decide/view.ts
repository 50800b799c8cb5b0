import type { RoutePolicy } from '../config/failover.ts'
import type { StateData } from '../model/desired.ts'
import type { RouteTarget, RouteView } from '../model/route.ts'
import { assess } from './assess.ts'
import { type DecideContext, inhibitorInput, pairOf, recordOf } from './context.ts'
import { inhibitorsOf } from './inhibitors.ts'
import { mitigationOf } from './mitigation.ts'
import { judgeFallback } from './move-check.ts'
import type { RouteRecord } from './record.ts'
import { toRouterView } from './routers.ts'
import { binMsOf, failedRatio } from './target-stats.ts'

export function viewOf(context: DecideContext, route: string, policy: RoutePolicy): RouteView {
  const facts = assess(context, route, policy)
  const record = recordOf(context, route)
  const pair = pairOf(context, route)
  const { proof } = record
  return {
    ...pair,
    route,
    state: record.state,
    since: iso(record.sinceUnixMs),
    desired: record.desired,
    inhibitors: inhibitorsOf(inhibitorInput(context, route, policy)),
    reason: record.reason,
    policy_revision: record.policyRevision,
    mode: policy.mode,
    targets: targetsOf(context, record, policy),
    routers: facts.routers.map((router) => toRouterView(router, pair)),
    proof: {
      ...(proof.answeredUnixMs !== undefined && { answered_at: iso(proof.answeredUnixMs) }),
      ...(proof.observedUnixMs !== undefined && { observed_at: iso(proof.observedUnixMs) }),
      ...(proof.verifiedUnixMs !== undefined && { verified_at: iso(proof.verifiedUnixMs) }),
    },
    mitigation: mitigationOf(context, facts),
    ...(record.incident !== undefined && { incident: record.incident }),
  }
}

function targetsOf(
  context: DecideContext,
  record: RouteRecord,
  policy: RoutePolicy,
): RouteTarget[] {
  const nowMs = context.clock.nowMs()
  const windowMs = 10 * binMsOf(context.timings)
  const one = (target: string, role: RouteTarget['role'], ready: boolean | null): RouteTarget => {
    const bins = context.targets.find(record.route, target)?.bins
    return {
      target,
      role,
      weight: record.desired.targets.find((share) => share.target === target)?.weight ?? 0,
      ready,
      requests_per_s: Math.round((bins?.ratePerS(nowMs, windowMs) ?? 0) * 100) / 100,
      failed_ratio: bins ? failedRatio(bins.sum(nowMs, windowMs)) : null,
    }
  }
  return [
    one(policy.primary, 'primary', context.probes.primaryOf(record.route)?.isOk ?? null),
    ...policy.fallbacks.map((fallback) =>
      one(fallback.target, 'fallback', judgeFallback(context, fallback).ready),
    ),
  ]
}

/** What routers are told: §7's `data`. */
export function stateDataOf(options: {
  readonly record: RouteRecord
  readonly epoch: number
  readonly policy: RoutePolicy
  readonly stateUrl: string
}): StateData {
  const { record, epoch, policy, stateUrl } = options
  const { after, then } = policy.on_controller_loss
  return {
    version: record.version,
    route: record.route,
    epoch,
    generation: record.generation,
    previous_generation: record.previousGeneration,
    state: record.state,
    desired: record.desired,
    on_controller_loss: { after_s: after / 1_000, then },
    reason: record.reason,
    policy_revision: record.policyRevision,
    ...(record.incident !== undefined && { incident: record.incident }),
    decided_at: iso(record.decidedUnixMs),
    dry_run: false,
    state_url: stateUrl,
  }
}

function iso(unixMs: number): string {
  return new Date(unixMs).toISOString()
}
