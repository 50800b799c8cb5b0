import type { RouteAction, RouteActionResult } from '../model/action.ts'
import { compareGenerations, type Generation } from '../model/generation.ts'
import type { MoveCheck, Next, RouteFacts } from './facts.ts'
import { toRamp } from './ramping.ts'
import type { Order, RouteRecord } from './record.ts'
import { idsOf, type Refusal, renderRefusals } from './safety.ts'

// What a person may order. Every order is checked against the pair that the person looked at, and
// against the same safety rules as automation; an override names the rules it breaks.

export type ActionPlan =
  | { readonly status: 'take'; readonly next: Next }
  | {
      readonly status: 'tell'
      readonly text: string
      readonly patch: Partial<RouteRecord>
    }
  | Exclude<RouteActionResult, { readonly status: 'ok' }>

export interface ActionInput {
  readonly facts: RouteFacts
  readonly action: RouteAction
  readonly current: Generation
  /** Judges a fallback by name; undefined when the route does not list it. */
  check(target: string): MoveCheck | undefined
}

const SAFETY_IDS = /^S(?:[1-9]|1[0-2])$/

export function planAction(input: ActionInput): ActionPlan {
  const { action, current } = input
  if (!action.ifMatch) return { status: 'precondition_required', current }
  if (compareGenerations(action.ifMatch, current) !== 0) {
    return { status: 'precondition_failed', current }
  }
  const unknown = action.override?.find((id) => !SAFETY_IDS.test(id))
  if (unknown !== undefined) return invalid(`override names no safety rule: ${unknown}`)
  const needsTtl = ['hold', 'force', 'maintenance'].includes(action.action)
  if (needsTtl && !(action.ttl_s !== undefined && action.ttl_s > 0)) {
    return invalid(`${action.action} needs ttl_s`)
  }
  return PLANS[action.action](input)
}

const PLANS: Record<RouteAction['action'], (input: ActionInput) => ActionPlan> = {
  hold: (input) => order(input, 'hold', undefined),
  maintenance(input) {
    const { policy } = input.facts
    const target = input.action.target ?? policy.primary
    const isListed = [policy.primary, ...policy.fallbacks.map((one) => one.target)].includes(target)
    return isListed
      ? order(input, 'maintenance', target)
      : invalid(`${target} is not a target of the route`)
  },
  release: ({ action }) => ({
    status: 'tell',
    text: `${action.actor} released the route: ${action.reason}`,
    patch: { orders: [] },
  }),
  ack: ({ facts, action }) => {
    const text = `${action.actor} acknowledged: ${action.reason}`
    const patch = { movesUnixMs: [] }
    return facts.record.state === 'latched'
      ? { status: 'take', next: { to: 'fallback', text, patch } }
      : { status: 'tell', text, patch }
  },
  force(input) {
    const { facts, action } = input
    const { target } = action
    if (target === undefined) return invalid('force needs a target')
    if (target === facts.policy.primary) return forceHome(input)
    const check = input.check(target)
    if (!check) return invalid(`${target} is not a target of the route`)
    return forceAway(input, target, check)
  },
  failback(input) {
    const { facts, action } = input
    const { record, policy } = facts
    if (!['engaging', 'fallback', 'probing', 'latched'].includes(record.state)) {
      return invalid(`a route in state ${record.state} has nothing to come back from`)
    }
    if (record.orders.some((one) => one.kind === 'hold' && one.untilUnixMs > facts.nowMs)) {
      return invalid('the route is on hold: release it first')
    }
    const refusals = [...openMove(facts), ...facts.stepBack(policy.failback.steps[0] ?? 1).refusals]
    const refused = refusedBy(refusals, action)
    if (refused) return refused
    const next = toRamp({ policy, phase: record.phase, step: 0 })
    const orders = record.orders.filter((one) => one.kind !== 'forced')
    return {
      status: 'take',
      next: {
        ...next,
        text: `${action.actor} ordered the way back: ${next.text}`,
        patch: { orders, movesUnixMs: [] },
        evidence: { ...next.evidence, ...overridden(action) },
      },
    }
  },
}

function forceAway(input: ActionInput, target: string, check: MoveCheck): ActionPlan {
  const { facts, action } = input
  const { record } = facts
  const { phase } = record
  if (phase.kind === 'fallback' && phase.target === target) return order(input, 'forced', target)
  const refusals = check.status === 'refused' ? check.refusals : []
  // S9 weighs a verdict's time, and S3 counts what automation does: neither is about an order.
  const own = refusals.filter((refusal) => refusal.rule !== 'S9' && refusal.rule !== 'S3')
  const refused = refusedBy(own, action)
  if (refused) return refused
  const to =
    check.status === 'allowed' ? check.phase : ({ kind: 'fallback', target, part: 1 } as const)
  return {
    status: 'take',
    next: {
      to: 'engaging',
      phase: to,
      text: `${action.actor} forced the route to ${target}: ${action.reason}`,
      patch: {
        orders: withOrder(input, 'forced', target),
        arrivedUnixMs: facts.nowMs,
        triedTargets: [target],
        blockedBy: [],
        isIncidentOpen: true,
      },
      evidence: { target, decidedUnixMs: facts.nowMs, ...overridden(action) },
    },
  }
}

function forceHome(input: ActionInput): ActionPlan {
  const { facts, action } = input
  const { record, policy } = facts
  if (record.phase.kind === 'primary') return order(input, 'forced', policy.primary)
  const refused = refusedBy([...openMove(facts), ...facts.stepBack(1).refusals], action)
  if (refused) return refused
  return {
    status: 'take',
    next: {
      to: 'primary',
      phase: { kind: 'primary' },
      text: `${action.actor} forced the route to ${policy.primary}: ${action.reason}`,
      patch: {
        orders: withOrder(input, 'forced', policy.primary),
        kSinceUnixMs: facts.nowMs,
        triedTargets: [],
      },
      evidence: { target: policy.primary, ...overridden(action) },
    },
  }
}

function order(input: ActionInput, kind: Order['kind'], target: string | undefined): ActionPlan {
  const { action } = input
  const what = kind === 'hold' ? 'put the route on hold' : `ordered ${kind} of ${target}`
  return {
    status: 'tell',
    text: `${action.actor} ${what} for ${action.ttl_s} s: ${action.reason}`,
    patch: { orders: withOrder(input, kind, target) },
  }
}

/** A new order replaces the one of its kind (maintenance: of its kind and target). */
function withOrder(input: ActionInput, kind: Order['kind'], target?: string): readonly Order[] {
  const { facts, action } = input
  const { nowMs, record } = facts
  const kept = record.orders.filter(
    (one) => one.kind !== kind || (kind === 'maintenance' && one.target !== target),
  )
  return [
    ...kept,
    {
      kind,
      reason: action.reason,
      actor: action.actor,
      sinceUnixMs: nowMs,
      untilUnixMs: nowMs + (action.ttl_s ?? 0) * 1_000,
      ...(target !== undefined && { target }),
    },
  ]
}

function openMove({ record }: RouteFacts): Refusal[] {
  return record.state === 'engaging'
    ? [{ rule: 'S8', detail: 'the move away is not confirmed yet' }]
    : []
}

function refusedBy(refusals: readonly Refusal[], action: RouteAction): ActionPlan | undefined {
  const left = refusals.filter((refusal) => !action.override?.includes(refusal.rule))
  if (left.length === 0) return undefined
  return { status: 'refused', rules: idsOf(left), detail: renderRefusals(left) }
}

function overridden({ override }: RouteAction): Record<string, unknown> {
  return override === undefined ? {} : { override }
}

function invalid(detail: string): ActionPlan {
  return { status: 'invalid', detail }
}
