import type { RoutePolicy } from '../config/failover.ts'
import type { Timings } from '../config/timings.ts'
import type { Clock } from '../lib/clock.ts'
import type { Generation } from '../model/generation.ts'
import type { Mitigation } from '../model/route.ts'
import type { Demand } from './demand.ts'
import type { GenerationStats } from './generation-stats.ts'
import type { InhibitorInput } from './inhibitors.ts'
import type { Memory } from './persist.ts'
import type { Probes } from './probes.ts'
import { pairOfRecord, type RouteRecord } from './record.ts'
import type { RouterBook } from './router-book.ts'
import type { Routers } from './routers.ts'
import type { TargetBook } from './target-stats.ts'
import type { Throughput } from './throughput.ts'
import type { VerdictTable } from './verdict-table.ts'

/** What one route has in memory only: learnt again after a restart. */
export interface LiveRoute {
  stats: GenerationStats
  frozenSinceUnixMs: number | undefined
  /** Evidence suffices and nothing inhibits: counted when routes move together (S2). */
  wantsToMove: boolean
  /** What was published last, so that a change of either is published once. */
  mitigation: Mitigation
  inhibitors: string
  /** The route is on a fallback that is disproved, and no other one may take it. */
  isStranded: boolean
}

/** The parts of the controller, as its pieces see each other. */
export interface DecideContext {
  readonly clock: Clock
  readonly timings: Timings
  readonly memory: Memory
  readonly verdicts: VerdictTable
  readonly book: RouterBook
  readonly routers: Routers
  readonly targets: TargetBook
  readonly demand: Demand
  readonly throughput: Throughput
  readonly probes: Probes
  readonly startedUnixMs: number
  /** True when an earlier process left routes behind: accountable routers are then unknown. */
  readonly isRestart: boolean
  /** How long spans take from their end to us, ms, as seen lately. */
  readonly exportDelay: { ms: number }
  /** Routes in force, including those that left the file while away from their primary. */
  routes(): readonly string[]
  policy(route: string): RoutePolicy | undefined
  live(route: string): LiveRoute
}

export function recordOf(context: DecideContext, route: string): RouteRecord {
  const record = context.memory.route(route)
  if (!record) throw new Error(`route ${route} has no record`)
  return record
}

export function pairOf(context: DecideContext, route: string): Generation {
  return pairOfRecord(recordOf(context, route), context.memory.controller.epoch)
}

export function inhibitorInput(
  context: DecideContext,
  route: string,
  policy: RoutePolicy,
): InhibitorInput {
  return {
    policy,
    record: recordOf(context, route),
    paused: context.memory.controller.paused,
    frozenSinceUnixMs: context.live(route).frozenSinceUnixMs,
    nowMs: context.clock.nowMs(),
  }
}
