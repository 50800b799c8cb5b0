import { type DecideContext, type LiveRoute, pairOf, recordOf } from './context.ts'
import type { ControllerOptions } from './controller-options.ts'
import { createDemand } from './demand.ts'
import { createGenerationStats } from './generation-stats.ts'
import { createMemory, type Memory } from './persist.ts'
import { createPolicies, type Policies } from './policies.ts'
import { createProbes } from './probes.ts'
import { createRouterBook } from './router-book.ts'
import { createRouters, isWithin } from './routers.ts'
import { createTargetBook } from './target-stats.ts'
import { createThroughput } from './throughput.ts'
import { createVerdictTable } from './verdict-table.ts'

/** Builds what the controller knows and remembers; nothing here acts. */
export function createParts(options: ControllerOptions): {
  readonly context: DecideContext
  readonly memory: Memory
  readonly policies: Policies
} {
  const { clock, events, failover, store, timings } = options
  const memory = createMemory(store)
  const isRestart = memory.routes.length > 0
  const book = createRouterBook()
  const targets = createTargetBook(timings)
  const policies = createPolicies({
    memory,
    store,
    subscribedCount: (route) => options.subscribedRouters(route).length,
  })
  const live = new Map<string, LiveRoute>()
  const context: DecideContext = {
    clock,
    timings,
    memory,
    book,
    targets,
    isRestart,
    startedUnixMs: clock.nowMs(),
    exportDelay: { ms: 0 },
    verdicts: createVerdictTable(),
    routers: createRouters({ book, timings, subscribed: options.subscribedRouters }),
    demand: createDemand({ failover, targets, timings }),
    throughput: createThroughput({ failover, targets, timings, store }),
    probes: createProbes({
      failover,
      clock,
      pairOf: (route) => memory.route(route) && pairOf(context, route),
      isProven: (target, freshForMs) =>
        isWithin(targets.find('', target)?.lastOkUnixMs, clock.nowMs(), freshForMs),
      done: ({ target, kind, result }) =>
        events.probed({ target, kind, isOk: result.isOk, detail: result.detail }),
    }),
    routes: policies.routes,
    policy: policies.of,
    live(route) {
      const known = live.get(route)
      if (known) return known
      const fresh = createLive(context, route)
      live.set(route, fresh)
      return fresh
    },
  }
  return { context, memory, policies }
}

function createLive(context: DecideContext, route: string): LiveRoute {
  const { proof, confirmedUnixMs } = recordOf(context, route)
  const isProven = proof.observedUnixMs !== undefined || confirmedUnixMs !== undefined
  return {
    stats: createGenerationStats(pairOf(context, route)),
    frozenSinceUnixMs: undefined,
    wantsToMove: false,
    // Only a change is published, so a restart starts from what was likely said last.
    mitigation: isProven ? 'confirmed' : 'pending',
    inhibitors: '[]',
    isStranded: false,
  }
}
