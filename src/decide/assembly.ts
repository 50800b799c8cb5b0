import type { Failover, RoutePolicy } from '../config/failover.ts'
import { AppError } from '../lib/errors.ts'
import type { RouteAction, RouteActionResult } from '../model/action.ts'
import type { StateData, StateDocument } from '../model/desired.ts'
import type { RouteView } from '../model/route.ts'
import type { Verdict } from '../model/verdict.ts'
import { planAction } from './actions.ts'
import { assess } from './assess.ts'
import { type DecideContext, pairOf, recordOf } from './context.ts'
import type { ControllerOptions } from './controller-options.ts'
import { createEvaluator } from './evaluate.ts'
import { explainRoute } from './explain.ts'
import { createGenerationStats } from './generation-stats.ts'
import { createIntake, type Intake } from './intake.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { checkFallback } from './move-check.ts'
import { createParts } from './parts.ts'
import type { ControllerRecord } from './persist.ts'
import type { Policies } from './policies.ts'
import { patched } from './successor.ts'
import { createTakeover } from './takeover.ts'
import { concerns } from './verdict-table.ts'
import { stateDataOf, viewOf } from './view.ts'

/** The controller's pieces, joined; `controller.ts` adds time and the order of calls. */
export interface Assembly {
  readonly context: DecideContext
  readonly intake: Intake
  start(): void
  stop(): void
  /** What follows from time alone, beside the routes. */
  tick(): void
  evaluate(routes: readonly string[]): void
  /** Takes a verdict in; returns the routes that it concerns. */
  verdict(verdict: Verdict): readonly string[]
  act(route: string, action: RouteAction): RouteActionResult
  pause(order: { readonly actor: string; readonly reason: string } | undefined): undefined
  incidentClosed(route: string): readonly string[]
  reload(failover: Failover): undefined
  state(): StateDocument
  view(route: string): RouteView | undefined
  explain(route: string): unknown
  hears(route: string, router: string): boolean
}

export function createAssembly(
  options: ControllerOptions & { createIncidentId(): string },
): Assembly {
  const { clock, events } = options
  let { failover } = options
  const { context, memory, policies } = createParts(options)
  const { probes, throughput } = context
  const ledger = createLedger({ ...options, context })
  const evaluator = createEvaluator(context, ledger)
  const intake = createIntake({
    context,
    ledger,
    claim: createTakeover({ context, ledger, events }),
  })

  const adopt = () => {
    adoptFile({ context, ledger, policies, failover })
    const revision = memory.controller.policyRevision
    events.policyAdopted({ revision, routes: failover.routes.length })
  }

  return {
    context,
    intake,
    start() {
      adopt()
      for (const route of context.routes()) {
        context.routers.decided(
          route,
          pairOf(context, route),
          recordOf(context, route).generationUnixMs,
        )
      }
    },
    stop: () => probes.stop(),
    tick() {
      const nowMs = clock.nowMs()
      throughput.tick(nowMs)
      probes.tick(nowMs)
    },
    verdict(verdict) {
      context.verdicts.put(verdict)
      return context.routes().filter((route) => {
        const policy = context.policy(route)
        return policy && hears(policy, verdict)
      })
    },
    evaluate(routes) {
      for (const route of routes) {
        evaluator.evaluate(route)
        if (policies.release(route)) adopt()
      }
    },
    act: createAct(context, ledger),
    pause(order) {
      const paused: ControllerRecord['paused'] = order && { ...order, sinceUnixMs: clock.nowMs() }
      memory.commit({ controller: { paused } })
    },
    incidentClosed(route) {
      const record = memory.route(route)
      if (record?.incident === undefined) return []
      const patch = { incident: undefined, isIncidentOpen: false, confirmedUnixMs: undefined }
      memory.commit({ routes: [patched(record, patch)] })
      return [route]
    },
    reload(next) {
      failover = next
      adopt()
    },
    state: () => stateOf(context, options.stateUrl),
    view(route) {
      const policy = context.policy(route)
      return policy && viewOf(context, route, policy)
    },
    explain(route) {
      const policy = context.policy(route)
      return policy && explainRoute(context, route, policy)
    },
    hears: hearsIn(context),
  }
}

function hearsIn({ clock, timings, book }: DecideContext): Assembly['hears'] {
  return (route, router) => {
    const sinceMs = clock.nowMs() - timings.routerGoneMs
    return book.heardSince({ route, router, sinceMs })
  }
}

interface AdoptInput {
  readonly context: DecideContext
  readonly ledger: Ledger
  readonly policies: Policies
  readonly failover: Failover
}

function adoptFile({ context, ledger, policies, failover }: AdoptInput): void {
  const { memory, clock } = context
  const nowMs = clock.nowMs()
  for (const { record, change } of policies.adopt(failover, nowMs)) {
    const { route } = record
    if (change === 'quiet') {
      memory.commit({ routes: [record] })
      continue
    }
    const version = memory.controller.version + 1
    const sent = { ...record, version, decidedUnixMs: nowMs }
    memory.commit({ routes: [sent], controller: { version } })
    if (change === 'generation') {
      const pair = pairOf(context, route)
      context.routers.decided(route, pair, nowMs)
      context.live(route).stats = createGenerationStats(pair)
    }
    const text = `Policy revision ${record.policyRevision} is in force`
    ledger.announce(route, {
      kind: change,
      text,
      // The first pair ever moves nothing: what was seen before it stays evidence.
      evidence: { isNewGeneration: change === 'generation' && record.previousGeneration > 0 },
    })
  }
  context.demand.reload(failover)
  context.throughput.reload(failover)
  context.probes.reload(failover)
}

function createAct(context: DecideContext, ledger: Ledger): Assembly['act'] {
  return (route, action) => {
    const policy = context.policy(route)
    if (!policy) return { status: 'not_found' }
    const facts = assess(context, route, policy)
    const plan = planAction({
      facts,
      action,
      current: pairOf(context, route),
      check(target) {
        const fallback = policy.fallbacks.find((one) => one.target === target)
        return fallback && checkFallback(context, facts, fallback)
      },
    })
    if (plan.status !== 'take' && plan.status !== 'tell') return plan
    const { text, patch } = plan.status === 'tell' ? plan : plan.next
    const isDone =
      plan.status === 'take'
        ? ledger.take(route, plan.next, action.actor)
        : ledger.tell(route, { kind: 'inhibitor', text, patch: patch ?? {}, version: 'quiet' })
    if (!isDone) throw new AppError('INTERNAL', 'the order could not be written')
    return { status: 'ok', view: viewOf(context, route, policy) }
  }
}

function stateOf(context: DecideContext, stateUrl: string): StateDocument {
  const { epoch, version } = context.memory.controller
  const routes: Record<string, StateData> = {}
  for (const route of context.routes()) {
    const policy = context.policy(route)
    const record = recordOf(context, route)
    if (policy) routes[route] = stateDataOf({ record, epoch, policy, stateUrl })
  }
  return { epoch, version, routes }
}

function hears(policy: RoutePolicy, verdict: Verdict): boolean {
  const isNamed = policy.on.includes(verdict.rule) || policy.with.includes(verdict.rule)
  return isNamed && concerns(verdict, policy)
}
