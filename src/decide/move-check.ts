import type { FallbackPolicy, RoutePolicy } from '../config/failover.ts'
import { partThatFits } from './capacity.ts'
import { type DecideContext, inhibitorInput } from './context.ts'
import { desiredOf } from './desired.ts'
import type { MoveCheck, RouteFacts } from './facts.ts'
import { createFleetView } from './fleet-view.ts'
import { isInMaintenance } from './inhibitors.ts'
import { awaited, isWithin } from './routers.ts'
import { type FallbackFacts, type GeneralFacts, type Refusal, refusalsOf } from './safety.ts'

// Which fallback may take the route now: the first one in the file's order that safety admits.

/** At least half of so many attempts failed: the fallback is disproved. */
const DISPROVED_COUNT = 5
/** Of the last 100 attempts on the primary, so many failed: anything is better. */
const DEAD_COUNT = 90

export function checkMove(context: DecideContext, facts: RouteFacts): MoveCheck {
  const { policy, record } = facts
  const isAway = record.phase.kind === 'fallback'
  const refusals: Refusal[] = []
  for (const fallback of policy.fallbacks) {
    if (isAway && record.triedTargets.includes(fallback.target)) continue
    const found = checkFallback(context, facts, fallback)
    if (found.status === 'allowed') return found
    if (refusals.length === 0) refusals.push(...found.refusals)
  }
  if (refusals.length > 0) return { status: 'refused', refusals }
  const detail = isAway ? 'no untried fallback is left' : 'the route has no fallback'
  return { status: 'refused', refusals: [{ rule: 'S5', detail }] }
}

export function checkFallback(
  context: DecideContext,
  facts: RouteFacts,
  fallback: FallbackPolicy,
): MoveCheck {
  const { policy } = facts
  const about = factsOf(context, facts, fallback)
  const phase = { kind: 'fallback', target: fallback.target, part: about.part || 1 } as const
  const refusals = refusalsOf({
    policy,
    fallback,
    facts: about,
    desired: desiredOf({ policy, phase, shareRouters: facts.record.shareRouters }),
    general: generalFacts(context, facts),
  })
  return refusals.length === 0 ? { status: 'allowed', phase } : { status: 'refused', refusals }
}

function factsOf(
  context: DecideContext,
  { policy, nowMs, record }: RouteFacts,
  fallback: FallbackPolicy,
): FallbackFacts {
  const { targets, demand } = context
  const { target } = fallback
  const fleet = createFleetView(context)
  const acceptedShare = demand.acceptedShare(policy.route, target, nowMs)
  const shiftOf = (own: RoutePolicy) =>
    targets.offeredRps(own.route, nowMs) *
    (1 - own.keep_on_primary.share) *
    (demand.acceptedShare(own.route, target, nowMs) ?? 1)
  const along = fleet.movingAlong(policy.route, policy.primary).filter((route) => {
    const first = context.policy(route)?.fallbacks[0]
    return first?.target === target
  })
  const alongRps = along.reduce((sum, route) => {
    const own = context.policy(route)
    return sum + (own ? shiftOf(own) : 0)
  }, 0)
  const part = partThatFits({
    capacityRps: capacityOf(context, fallback),
    currentRps: fleet.loadOn(target, [policy.route, ...along]),
    shiftedRps: shiftOf(policy) + alongRps,
  })
  const baselineMs =
    targets.find(policy.route, policy.primary)?.latency.quantile(nowMs, 0.95) ??
    record.baselineP95Ms
  const ownMs = targets.find(policy.route, target)?.latency.quantile(nowMs, 0.95)
  return {
    ...judgeFallback(context, fallback),
    part,
    acceptedShare,
    isInMaintenance: isInMaintenance(inhibitorInput(context, policy.route, policy), target),
    p95AddedMs: baselineMs === undefined || ownMs === undefined ? undefined : ownMs - baselineMs,
  }
}

/** Proven, disproved or unproven, by its newest probe and by live attempts of any route. */
export function judgeFallback(
  context: DecideContext,
  fallback: FallbackPolicy,
): { readonly ready: boolean | null; readonly detail: string } {
  const nowMs = context.clock.nowMs()
  const freshMs = fallback.ready?.fresh_for ?? context.timings.throughputWindowMs * 1.5
  const stats = context.targets.find('', fallback.target)
  const counts = stats?.bins.sum(nowMs, freshMs) ?? { ok: 0, failed: 0 }
  const judged = counts.ok + counts.failed
  const probe = fallback.ready && context.probes.readyOf(fallback.target, fallback.ready)
  if (probe?.isOk === false)
    return { ready: false, detail: `its newest probe failed (${probe.detail})` }
  if (judged >= DISPROVED_COUNT && counts.failed * 2 >= judged) {
    return { ready: false, detail: `${counts.failed} of ${judged} recent attempts failed` }
  }
  if (probe && nowMs - probe.atUnixMs <= freshMs)
    return { ready: true, detail: 'its newest probe is ok' }
  if (isWithin(stats?.lastOkUnixMs, nowMs, freshMs))
    return { ready: true, detail: 'it serves requests ok' }
  return { ready: null, detail: 'unproven: no evidence either way' }
}

function capacityOf(context: DecideContext, { capacity_rps, target }: FallbackPolicy) {
  return typeof capacity_rps === 'object'
    ? context.throughput.metric(capacity_rps.metric, target)
    : capacity_rps
}

function generalFacts(context: DecideContext, facts: RouteFacts): GeneralFacts {
  const { policy, record, nowMs, evidence } = facts
  const { timings, startedUnixMs } = context
  const heard = facts.routers.filter((one) => one.entry?.lastSeenUnixMs !== undefined)
  const waitedFor = awaited(facts.routers)
  const haveReported = waitedFor.every((one) => (one.entry?.lastSeenUnixMs ?? 0) >= startedUnixMs)
  const isSettled =
    nowMs - startedUnixMs >= timings.settleMs ||
    (haveReported && (waitedFor.length > 0 || !context.isRestart))
  const { failedCount = 0 } = context.targets.find(policy.route, policy.primary)?.lastHundred ?? {}
  return {
    evidence,
    isPrimaryDead: failedCount >= DEAD_COUNT,
    primariesLeft: createFleetView(context).primariesLeft(policy.primary),
    areObserversLost:
      heard.length > 0 &&
      heard.every((one) => !isWithin(one.entry?.lastSeenUnixMs, nowMs, timings.routerGoneMs)),
    isMoveOpen: record.state === 'engaging',
    isSettled,
    isPolicyStored: context.memory.controller.policyRevision > 0,
  }
}
