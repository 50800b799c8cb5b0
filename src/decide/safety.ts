import type { FallbackPolicy, RoutePolicy } from '../config/failover.ts'
import type { Desired } from '../model/desired.ts'
import { faultOfDesired } from './desired.ts'
import type { Evidence } from './evidence.ts'

// The interlocking: what must hold for a move, judged on the state that would result. Every rule
// has an id, so that a refusal names it and an override must.

export type SafetyId =
  | 'S1'
  | 'S2'
  | 'S3'
  | 'S4'
  | 'S5'
  | 'S6'
  | 'S7'
  | 'S8'
  | 'S9'
  | 'S10'
  | 'S11'
  | 'S12'

export interface Refusal {
  readonly rule: SafetyId
  readonly detail: string
}

/** What is known of a fallback at the moment of the decision. */
export interface FallbackFacts {
  /** True proven, false disproved, null unproven: no evidence either way. */
  readonly ready: boolean | null
  readonly detail: string
  /** What of the move fits, 0..1 (S2). */
  readonly part: number
  /** Share of requests (0..1) of a class it takes; null when nothing was seen. */
  readonly acceptedShare: number | null
  readonly isInMaintenance: boolean
  /** p95 (ms) above the primary's baseline; undefined when either is unknown. */
  readonly p95AddedMs: number | undefined
}

export interface MoveInput {
  readonly policy: RoutePolicy
  readonly fallback: FallbackPolicy
  readonly facts: FallbackFacts
  readonly desired: Desired
  readonly general: GeneralFacts
}

/** What concerns the move whatever the target. */
export interface GeneralFacts {
  readonly evidence: Evidence
  /** At least 90 of the last 100 attempts on the primary failed. */
  readonly isPrimaryDead: boolean
  /** Distinct primaries that were left within the brake's time, this one included. */
  readonly primariesLeft: number
  readonly areObserversLost: boolean
  readonly isMoveOpen: boolean
  readonly isSettled: boolean
  readonly isPolicyStored: boolean
}

/** How many primaries may be left within the brake's time on one kind of evidence (S3). */
const PRIMARIES_MAX = 2
// Event time may lag by a request's own deadline and by batching, and hardly lead.
const EVENT_AHEAD_MAX_MS = 60_000
const EVENT_BEHIND_MAX_MS = 600_000

/** Everything that speaks against moving to this fallback now; empty when it may be done. */
export function refusalsOf(input: MoveInput): readonly Refusal[] {
  return [
    ...refusalsOfFallback(input),
    ...refusalsInGeneral(input.general),
    ...shapeOf(input.desired),
  ]
}

function refusalsOfFallback({ policy, fallback, facts, general }: MoveInput): Refusal[] {
  const refusals: Refusal[] = []
  const refuse = (rule: SafetyId, detail: string) => refusals.push({ rule, detail })
  const name = fallback.target
  if (facts.ready === false) refuse('S1', `${name} is disproved: ${facts.detail}`)
  else if (fallback.ready && facts.ready === null && !general.isPrimaryDead) {
    refuse('S1', `${name} has not shown a working generation within fresh_for`)
  }
  if (facts.isInMaintenance) refuse('S1', `${name} is in maintenance`)
  if (facts.part <= 0) refuse('S2', `${name} has no capacity left for ${policy.route}`)
  if (facts.acceptedShare === 0)
    refuse('S6', `${name} accepts none of the requests of ${policy.route}`)
  const addedMax = fallback.tolerate.p95_added
  if (addedMax !== undefined && facts.p95AddedMs !== undefined && facts.p95AddedMs > addedMax) {
    refuse(
      'S7',
      `${name} adds ${Math.round(facts.p95AddedMs)} ms to the p95, ${addedMax} ms are tolerated`,
    )
  }
  return refusals
}

function refusalsInGeneral(facts: GeneralFacts): Refusal[] {
  const refusals: Refusal[] = []
  const refuse = (rule: SafetyId, detail: string) => refusals.push({ rule, detail })
  if (facts.primariesLeft > PRIMARIES_MAX && facts.evidence.kinds.length < 2) {
    refuse('S3', `${facts.primariesLeft} primaries fail at once: two kinds of evidence are needed`)
  }
  if (facts.areObserversLost) refuse('S4', 'no router has been heard of')
  if (facts.isMoveOpen) refuse('S8', 'another move of the route is in progress')
  const { lead } = facts.evidence
  const lagMs = lead ? lead.judgedUnixMs - lead.atUnixMs : 0
  if (lagMs > EVENT_BEHIND_MAX_MS || lagMs < -EVENT_AHEAD_MAX_MS) {
    refuse('S9', `event time and our clock are ${Math.round(lagMs / 1_000)} s apart`)
  }
  if (!facts.isSettled) refuse('S10', 'just started: not all routers have reported')
  if (!facts.isPolicyStored) refuse('S11', 'the policy in force is not stored')
  return refusals
}

function shapeOf(desired: Desired): Refusal[] {
  const fault = faultOfDesired(desired)
  return fault === undefined ? [] : [{ rule: 'S5', detail: fault }]
}

export function idsOf(refusals: readonly Refusal[]): SafetyId[] {
  return [...new Set(refusals.map((refusal) => refusal.rule))]
}

export function renderRefusals(refusals: readonly Refusal[]): string {
  return refusals.map((refusal) => `${refusal.rule}: ${refusal.detail}`).join('; ')
}
