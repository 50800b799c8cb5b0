import type { RoutePolicy } from '../config/failover.ts'
import type { Verdict } from '../model/verdict.ts'
import { assess } from './assess.ts'
import { type DecideContext, inhibitorInput, pairOf } from './context.ts'
import type { RouteFacts } from './facts.ts'
import { holdOf, reasonsToStay } from './failback.ts'
import { inhibitorsOf } from './inhibitors.ts'
import { mitigationOf } from './mitigation.ts'
import { judgeFallback } from './move-check.ts'
import { reasonsToWait } from './ramping.ts'

/** JSON of `GET /api/v1/routes/{route}/explain`: what is known, what is in the way, what comes next. */
export function explainRoute(context: DecideContext, route: string, policy: RoutePolicy): unknown {
  const facts = assess(context, route, policy)
  const { record, evidence, proof, nowMs } = facts
  const isHome = record.phase.kind === 'primary'
  const inhibitors = inhibitorsOf(inhibitorInput(context, route, policy))
  return {
    route,
    state: record.state,
    since: new Date(record.sinceUnixMs).toISOString(),
    reason: record.reason,
    ...pairOf(context, route),
    mode: policy.mode,
    policy_revision: record.policyRevision,
    mitigation: mitigationOf(context, facts),
    inputs: {
      on: evidence.on.map(toInput),
      with: evidence.with.map(toInput),
      silent_rules: [...policy.on, ...policy.with].filter(
        (rule) => ![...evidence.on, ...evidence.with].some((verdict) => verdict.rule === rule),
      ),
      evidence: { pieces: evidence.pieces, need: evidence.need, is_met: evidence.isMet },
      primary_ready: context.probes.primaryOf(route) ?? null,
      offered_requests_per_s: context.targets.offeredRps(route, nowMs),
    },
    fallbacks: policy.fallbacks.map((fallback) => ({
      target: fallback.target,
      ...judgeFallback(context, fallback),
    })),
    proof: {
      answered: proof.isAnswered,
      observed: proof.isObserved,
      verified: proof.isVerified,
      unverified: proof.isUnverified,
      awaited_routers: proof.awaitedCount,
      missing: proof.missing,
    },
    inhibitors,
    may_change: mayChange(facts),
    blockers: isHome ? blockersToMove(facts) : blockersToReturn(facts),
    to_move: isHome ? toMove(facts) : null,
    to_come_back: isHome ? null : toComeBack(facts),
    // Everything is looked at again on each verdict and status, and at the latest by then.
    next_evaluation: new Date(nowMs + 100).toISOString(),
    k: record.k,
    hold_s: holdOf(facts) / 1_000,
    failovers_in_the_last_hour: record.movesUnixMs.length,
  }
}

/** Who may move this route now: automation, unless something holds it back, and always people. */
function mayChange({ policy, inhibitedBy }: RouteFacts) {
  return {
    automation: policy.mode === 'auto' && inhibitedBy.length === 0,
    people: { scope: 'operate', if_match: true },
  }
}

function toInput(verdict: Verdict) {
  return {
    rule: verdict.rule,
    by: verdict.by,
    state: verdict.state,
    effect: verdict.effect,
    value: verdict.value,
    threshold: verdict.threshold,
    count: verdict.count,
    witnesses: verdict.witnesses,
    ...(verdict.reason !== undefined && { reason: verdict.reason }),
    since: new Date(verdict.sinceUnixMs).toISOString(),
  }
}

function blockersToMove(facts: RouteFacts): readonly unknown[] {
  const check = facts.move()
  return [
    ...facts.inhibitedBy.map((kind) => ({ inhibitor: kind })),
    ...(facts.policy.mode === 'auto' ? [] : [{ mode: facts.policy.mode }]),
    ...(check.status === 'refused' ? check.refusals : []),
  ]
}

function blockersToReturn(facts: RouteFacts): readonly unknown[] {
  const { record, policy } = facts
  const waits = record.phase.kind === 'ramp' ? reasonsToWait(facts) : reasonsToStay(facts)
  return [
    ...facts.inhibitedBy.map((kind) => ({ inhibitor: kind })),
    ...(policy.mode === 'auto' ? [] : [{ mode: policy.mode }]),
    ...(record.state === 'latched' ? [{ latched: 'needs a person: action ack' }] : []),
    ...(policy.failback.auto ? [] : [{ failback: 'auto is false: needs the action failback' }]),
    ...waits.map((detail) => ({ detail })),
  ]
}

/** What would have to be true for traffic to leave the primary. */
function toMove({ policy, evidence, move }: RouteFacts): readonly string[] {
  const check = move()
  const wants: string[] = []
  if (policy.on.length === 0) wants.push('the route needs rules in `on`')
  if (!evidence.isMet) {
    wants.push(
      `one of ${policy.on.join(', ')} fires, and ${evidence.need} pieces of evidence stand (now ${evidence.pieces.length})`,
    )
  }
  if (check.status === 'refused') {
    wants.push(...check.refusals.map((refusal) => `no longer ${refusal.rule}: ${refusal.detail}`))
  }
  return wants
}

/** What would have to be true for the next step back. */
function toComeBack(facts: RouteFacts): unknown {
  const { policy, record } = facts
  const step = record.phase.kind === 'ramp' ? record.phase.step + 1 : 0
  const share = policy.failback.steps[step] ?? 1
  const { carry, capacityRules, refusals } = facts.stepBack(share)
  return {
    next_step: share,
    waits_for: record.phase.kind === 'ramp' ? reasonsToWait(facts) : reasonsToStay(facts),
    s12: {
      status: carry.status,
      capacity_rps: carry.capacityRps,
      needed_rps: carry.neededRps,
      capacity_rules: capacityRules.map((verdict) => verdict.rule),
      refusals,
    },
  }
}
