import type { RoutePolicy } from '../config/failover.ts'
import type { RouteState } from '../model/desired.ts'
import type { Mitigation } from '../model/route.ts'
import { assess } from './assess.ts'
import { type DecideContext, inhibitorInput, pairOf, recordOf } from './context.ts'
import { desiredOf, isSameTraffic } from './desired.ts'
import type { RouteFacts, Step } from './facts.ts'
import { stepEngaging, stepFallback, stepProbing } from './failback.ts'
import { inhibitorsOf } from './inhibitors.ts'
import { stepPrimary, stepSuspect } from './leaving.ts'
import type { Ledger } from './ledger.ts'
import { mitigationOf } from './mitigation.ts'
import { stepRamping } from './ramping.ts'
import { countLive } from './routers.ts'
import { isFiring } from './verdict-table.ts'

// One look at one route: the state machine first, then everything that follows from time alone.

const STEPS: Readonly<Record<RouteState, Step>> = {
  primary: stepPrimary,
  suspect: stepSuspect,
  blocked: stepSuspect,
  engaging: stepEngaging,
  fallback: stepFallback,
  latched: stepFallback,
  probing: stepProbing,
  ramping: stepRamping,
}

/** primary → suspect → engaging → fallback may all be due at once; more is a loop of our own making. */
const STEPS_MAX = 4

export interface Evaluator {
  evaluate(route: string): void
}

export function createEvaluator(context: DecideContext, ledger: Ledger): Evaluator {
  return {
    evaluate(route) {
      const policy = context.policy(route)
      if (!policy) return
      lapseOrders(context, ledger, route)
      const facts = settle(context, ledger, policy)
      const live = context.live(route)
      live.wantsToMove = facts.evidence.isMet && facts.inhibitedBy.length === 0
      live.isStranded =
        facts.record.phase.kind === 'fallback' &&
        facts.record.state !== 'engaging' &&
        facts.fallback().isDisproved
      stampProof(ledger, facts)
      keepIncident(ledger, facts)
      decayHold(ledger, facts)
      shareOut(context, ledger, facts)
      tellRouters(context, ledger, facts)
      tellChanges(context, ledger, facts)
    },
  }
}

/** Takes every step that is due, and returns what is known after the last one. */
function settle(context: DecideContext, ledger: Ledger, policy: RoutePolicy): RouteFacts {
  let facts = assess(context, policy.route, policy)
  for (let count = 0; count < STEPS_MAX; count++) {
    const next = STEPS[facts.record.state](facts)
    if (!next || !ledger.take(policy.route, next)) break
    if (next.to === 'suspect') warm(context, policy)
    facts = assess(context, policy.route, policy)
  }
  return facts
}

function lapseOrders(context: DecideContext, ledger: Ledger, route: string): void {
  const nowMs = context.clock.nowMs()
  const { orders } = recordOf(context, route)
  const left = orders.filter((order) => order.untilUnixMs > nowMs)
  // The inhibitor that goes with it is published by `tellChanges`.
  if (left.length < orders.length) ledger.note(route, { orders: left })
}

/** The fallback is asked before it is needed: a cold model answers its first request too late. */
function warm(context: DecideContext, policy: RoutePolicy): void {
  for (const { target } of policy.fallbacks) context.probes.hurry(target)
}

function stampProof(ledger: Ledger, facts: RouteFacts): void {
  const { record, proof, stats, nowMs } = facts
  const stamps = record.proof
  const isAway = record.phase.kind !== 'primary'
  if (proof.isAnswered && stamps.answeredUnixMs === undefined) {
    ledger.note(record.route, { proof: { ...stamps, answeredUnixMs: nowMs } })
    return
  }
  if (proof.isObserved && stamps.observedUnixMs === undefined) {
    ledger.tell(record.route, {
      kind: 'proof',
      text: 'All accountable routers have applied it',
      patch: {
        proof: { ...stamps, observedUnixMs: nowMs },
        ...(isAway && { confirmedUnixMs: record.confirmedUnixMs ?? nowMs }),
      },
      evidence: { witness: 'observed', all: true, atUnixMs: nowMs },
    })
    return
  }
  if (!proof.isVerified || stamps.verifiedUnixMs !== undefined) return
  const confirms = isAway && proof.awaitedCount === 0
  ledger.tell(record.route, {
    kind: 'proof',
    text: `${stats.focusOk} requests were served under it`,
    patch: {
      proof: { ...stamps, verifiedUnixMs: nowMs },
      ...(confirms && { confirmedUnixMs: record.confirmedUnixMs ?? nowMs }),
    },
    evidence: {
      witness: 'verified',
      count: stats.focusOk,
      firstStartUnixMs: stats.firstStartUnixMs ?? null,
      firstOkUnixMs: stats.firstOkUnixMs ?? null,
      atUnixMs: nowMs,
    },
  })
}

/** Once someone else may have opened an incident under our id, only its end may clear the id. */
function keepIncident(ledger: Ledger, { record, evidence, timings, nowMs }: RouteFacts): void {
  if (record.incident === undefined || record.isIncidentOpen) return
  const isLong = record.state === 'suspect' && nowMs - record.sinceUnixMs >= timings.suspectOpensMs
  const isCritical = [...evidence.on, ...evidence.with].some(
    (verdict) => verdict.severity === 'critical' && isFiring(verdict),
  )
  if (isLong || isCritical || record.state === 'blocked') {
    ledger.note(record.route, { isIncidentOpen: true })
  }
}

function decayHold(ledger: Ledger, { record, policy, nowMs }: RouteFacts): void {
  if (record.state !== 'primary' || record.k === 0) return
  const periodMs = Math.max(1, policy.timing.max_hold)
  const falls = Math.floor((nowMs - record.kSinceUnixMs) / periodMs)
  if (falls < 1) return
  ledger.note(record.route, {
    k: Math.max(0, record.k - falls),
    kSinceUnixMs: record.kSinceUnixMs + falls * periodMs,
  })
}

/** Shares out the route's rates anew when the number of living routers has changed enough. */
function shareOut(context: DecideContext, ledger: Ledger, facts: RouteFacts): void {
  const { record, policy, nowMs, timings } = facts
  if (nowMs - context.startedUnixMs < timings.settleMs) return
  if (nowMs - record.sharesUnixMs < timings.rescueShareMs) return
  const count = countLive(facts.routers)
  if (Math.abs(record.shareRouters / count - 1) <= 0.2) return
  const desired = desiredOf({ policy, phase: record.phase, shareRouters: count })
  const isShown = JSON.stringify(desired) !== JSON.stringify(record.desired)
  const patch = { shareRouters: count, sharesUnixMs: nowMs }
  if (!isShown || !isSameTraffic(desired, record.desired)) {
    ledger.note(record.route, patch)
    return
  }
  ledger.tell(record.route, {
    kind: 'shares',
    text: `Rates are shared out over ${count} routers`,
    patch: { ...patch, desired },
    evidence: { routers: count },
    version: 'sent',
  })
}

function tellRouters(
  context: DecideContext,
  ledger: Ledger,
  { record, routers }: RouteFacts,
): void {
  for (const { router, isGone, entry } of context.routers.changes(routers)) {
    ledger.tell(record.route, {
      kind: 'router',
      text: isGone
        ? `${router} is gone: the others carry its traffic, and it is not waited for`
        : `${router} is back`,
      evidence: { router, gone: isGone, lastSeenUnixMs: entry?.lastSeenUnixMs ?? null },
    })
  }
}

/** Inhibitors and the mitigation label change with time alone; each change is told once. */
function tellChanges(context: DecideContext, ledger: Ledger, facts: RouteFacts): void {
  const { policy } = facts
  const { route } = policy
  const live = context.live(route)
  const inhibitors = inhibitorsOf(inhibitorInput(context, route, policy))
  const kinds = JSON.stringify(inhibitors)
  if (kinds !== live.inhibitors) {
    live.inhibitors = kinds
    const names = inhibitors.map((one) => `${one.kind} (${one.actor}: ${one.reason})`)
    const isFree = names.length === 0
    ledger.tell(route, {
      kind: 'inhibitor',
      text: isFree ? 'Automation is free' : `Automation is inhibited: ${names.join('; ')}`,
      evidence: { inhibitors },
    })
  }
  const mitigation = mitigationOf(context, facts)
  if (mitigation === live.mitigation) return
  live.mitigation = mitigation
  if (recordOf(context, route).incident === undefined) return
  ledger.tell(route, {
    kind: live.isStranded ? 'refused' : 'proof',
    text: renderMitigation(facts, mitigation, live.isStranded),
    evidence: { mitigation, pair: pairOf(context, route) },
  })
}

function renderMitigation(facts: RouteFacts, mitigation: Mitigation, isStranded: boolean): string {
  if (mitigation === 'partial') return `Not all routers follow: ${facts.proof.missing.join(', ')}`
  if (mitigation === 'unverified') return 'Requests have started, but none was seen served there'
  if (isStranded) return `${facts.fallback().detail}, and there is nowhere else to go`
  return `Mitigation: ${mitigation}`
}
