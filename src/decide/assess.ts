import type { RoutePolicy } from '../config/failover.ts'
import { judgeCarry } from './capacity.ts'
import { type DecideContext, inhibitorInput, pairOf, recordOf } from './context.ts'
import { judgeEvidence } from './evidence.ts'
import type { ProofFacts, RouteFacts, StepBackCheck } from './facts.ts'
import { createFleetView } from './fleet-view.ts'
import { inhibitingKinds } from './inhibitors.ts'
import { checkMove, judgeFallback } from './move-check.ts'
import { judgeProof } from './proof.ts'
import { focusOf } from './record.ts'
import { isWithin, type RouterFacts } from './routers.ts'
import type { Refusal } from './safety.ts'

/** Gathers what is known of a route now; everything after it is pure. */
export function assess(context: DecideContext, route: string, policy: RoutePolicy): RouteFacts {
  const { clock, timings, probes, targets } = context
  const nowMs = clock.nowMs()
  const record = recordOf(context, route)
  const live = context.live(route)
  const routers = context.routers.of(route, nowMs)
  const primaryProbe = probes.primaryOf(route)
  const pair = pairOf(context, route)
  const isOwnProbe =
    primaryProbe?.pair?.epoch === pair.epoch && primaryProbe.pair.generation === pair.generation
  const evidence = judgeEvidence({
    policy,
    on: context.verdicts.of({ rules: policy.on, policy, sinceUnixMs: record.generationUnixMs }),
    with: context.verdicts.of({ rules: policy.with, policy }),
    routersSeen: routers.filter(
      (one) => !one.isGone && isWithin(one.own?.lastTrafficUnixMs, nowMs, timings.routerGoneMs),
    ).length,
    hasPrimaryProbeFailed: primaryProbe?.isOk === false,
  })
  live.frozenSinceUnixMs = evidence.isBlind ? (live.frozenSinceUnixMs ?? nowMs) : undefined
  const facts: RouteFacts = {
    nowMs,
    policy,
    timings,
    record,
    evidence,
    inhibitedBy: inhibitingKinds(inhibitorInput(context, route, policy)),
    routers,
    stats: live.stats,
    proof: proofOf(context, policy, routers),
    primaryProbe: isOwnProbe ? primaryProbe : undefined,
    move: () => checkMove(context, facts),
    fallback: () => {
      if (record.phase.kind === 'primary') return { isDisproved: false, detail: '' }
      const { target } = record.phase
      const fallback = policy.fallbacks.find((one) => one.target === target)
      const { ready, detail } = fallback
        ? judgeFallback(context, fallback)
        : { ready: null, detail: '' }
      return { isDisproved: ready === false, detail: `${target} is disproved: ${detail}` }
    },
    stepBack: (share) => checkStepBack(context, policy, share),
    baselineP95Ms: () => targets.find(route, policy.primary)?.latency.quantile(nowMs, 0.95),
  }
  return facts
}

function proofOf(
  context: DecideContext,
  { route, primary }: RoutePolicy,
  routers: readonly RouterFacts[],
): ProofFacts {
  const nowMs = context.clock.nowMs()
  const record = recordOf(context, route)
  const focus = context.targets.find('', focusOf(record, primary))
  return judgeProof({
    record,
    pair: pairOf(context, route),
    routers,
    stats: context.live(route).stats,
    timings: context.timings,
    focusP95Ms: focus?.latency.quantile(nowMs, 0.95) ?? 0,
    exportDelayMs: context.exportDelay.ms,
    nowMs,
  })
}

/** S12: may the primary be given this share of the route? */
function checkStepBack(context: DecideContext, policy: RoutePolicy, share: number): StepBackCheck {
  const { throughput, clock } = context
  const nowMs = clock.nowMs()
  const fleet = createFleetView(context)
  const carry = judgeCarry({
    share,
    offeredRps: context.targets.offeredRps(policy.route, nowMs),
    otherRps: fleet.loadOn(policy.primary, [policy.route]),
    readyWorkers: throughput.readyWorkers(policy.primary, nowMs),
    bestPerWorkerRps: throughput.bestPerWorkerRps(policy.primary, nowMs),
  })
  const capacityRules = context.verdicts.capacityOf(policy)
  const refusals: Refusal[] = capacityRules.map((verdict) => ({
    rule: 'S12',
    detail: `${verdict.rule} says that ${policy.primary} lacks capacity`,
  }))
  if (carry.status === 'short') {
    const have = (carry.capacityRps ?? 0).toFixed(1)
    const detail = `${policy.primary} carries ${have} requests/s, ${carry.neededRps.toFixed(1)} are needed`
    refusals.push({ rule: 'S12', detail })
  }
  return { refusals, carry, capacityRules }
}
