import type { RoutePolicy } from '../config/failover.ts'
import type { Timings } from '../config/timings.ts'
import type { RouteState } from '../model/desired.ts'
import type { InhibitorKind } from '../model/route.ts'
import type { Verdict } from '../model/verdict.ts'
import type { CarryResult } from './capacity.ts'
import type { Evidence } from './evidence.ts'
import type { GenerationStats } from './generation-stats.ts'
import type { Phase, RouteRecord } from './record.ts'
import type { RouterFacts } from './routers.ts'
import type { Refusal } from './safety.ts'

/** Everything a step of the state machine may look at; the steps themselves are pure. */
export interface RouteFacts {
  readonly nowMs: number
  readonly policy: RoutePolicy
  readonly timings: Timings
  readonly record: RouteRecord
  readonly evidence: Evidence
  /** Inhibitors that keep automation from acting on this route now. */
  readonly inhibitedBy: readonly InhibitorKind[]
  readonly routers: readonly RouterFacts[]
  readonly stats: GenerationStats
  readonly proof: ProofFacts
  /** The newest answer of `primary_ready` that was asked under this generation. */
  readonly primaryProbe: { readonly isOk: boolean; readonly atUnixMs: number } | undefined
  /** Judged when asked, because it looks at every fallback. */
  move(): MoveCheck
  /** What the route's present fallback is worth. */
  fallback(): { readonly isDisproved: boolean; readonly detail: string }
  /** S12, and capacity rules, for a share 0..1 of the primary. */
  stepBack(share: number): StepBackCheck
  /** p95 (ms) of ok answers of the primary before now. */
  baselineP95Ms(): number | undefined
}

export interface ProofFacts {
  /** Routers that must confirm; none: the requests themselves must. */
  readonly awaitedCount: number
  readonly isAnswered: boolean
  readonly isObserved: boolean
  readonly missing: readonly string[]
  readonly isVerified: boolean
  readonly isUnverified: boolean
}

export type MoveCheck =
  | { readonly status: 'allowed'; readonly phase: Extract<Phase, { kind: 'fallback' }> }
  | { readonly status: 'refused'; readonly refusals: readonly Refusal[] }

export interface StepBackCheck {
  readonly refusals: readonly Refusal[]
  readonly carry: CarryResult
  readonly capacityRules: readonly Verdict[]
}

/** What a step wants; the controller commits it and publishes it. */
export interface Next {
  readonly to: RouteState
  /** Absent: traffic stays as it is. */
  readonly phase?: Phase
  readonly text: string
  readonly patch?: Partial<RouteRecord>
  readonly evidence?: Readonly<Record<string, unknown>>
  /** `would_act`: nothing moves, it is only written down. */
  readonly kind?: 'would_act' | 'refused'
  /** The verdict that the reason on the wire is taken from. */
  readonly lead?: Verdict
}

export type Step = (facts: RouteFacts) => Next | undefined
