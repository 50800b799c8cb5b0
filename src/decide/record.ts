import type { RoutePolicy } from '../config/failover.ts'
import type { Desired, Reason, RouteState } from '../model/desired.ts'
import type { Generation } from '../model/generation.ts'
import type { InhibitorKind } from '../model/route.ts'

// What must survive `kill -9`, one document per route. Records are never changed in place: a step
// makes a new one, which replaces the old one only after the store has committed it.

/** Where the traffic of a route is meant to go; `desired` follows from it and the policy. */
export type Phase =
  | { readonly kind: 'primary' }
  /** `part` 0..1 of what may move; the rest stays for want of capacity (S2). */
  | { readonly kind: 'fallback'; readonly target: string; readonly part: number }
  /** Coming back: `share` 0..1 of the primary. */
  | {
      readonly kind: 'ramp'
      readonly target: string
      readonly share: number
      readonly step: number
      /** The part of the move that is being undone: what does not fit stays on the primary. */
      readonly part: number
    }

/** A person's order; it lapses at `untilUnixMs`. */
export interface Order {
  readonly kind: Extract<InhibitorKind, 'hold' | 'forced' | 'maintenance'>
  readonly reason: string
  readonly actor: string
  readonly sinceUnixMs: number
  readonly untilUnixMs: number
  readonly target?: string
}

export interface ProofStamps {
  readonly answeredUnixMs?: number
  readonly observedUnixMs?: number
  readonly verifiedUnixMs?: number
}

export interface RouteRecord {
  readonly route: string
  readonly state: RouteState
  readonly sinceUnixMs: number
  readonly generation: number
  readonly previousGeneration: number
  readonly version: number
  readonly phase: Phase
  readonly desired: Desired
  /** Live routers by which `max_rps` values of `desired` were divided, and when that was computed. */
  readonly shareRouters: number
  readonly sharesUnixMs: number
  readonly reason: Reason
  readonly policyRevision: number
  /** When this generation was decided (committed). */
  readonly generationUnixMs: number
  /** When this version was decided. */
  readonly decidedUnixMs: number
  readonly incident?: string
  /** True once someone else may have opened an incident under that id. */
  readonly isIncidentOpen: boolean
  /** The hold counts from here: the newest arrival on the fallback. */
  readonly arrivedUnixMs: number
  /** Exponent of the hold. */
  readonly k: number
  /** k falls by one per `max_hold` spent in `primary`, counted from here. */
  readonly kSinceUnixMs: number
  /** When `primary` was last reached by fail-back. */
  readonly returnedUnixMs?: number
  /** Automatic moves away from the primary, newest last; only those of the last hour are kept. */
  readonly movesUnixMs: readonly number[]
  /** Fallbacks that this episode has already left or lost: never tried twice, so no ping-pong. */
  readonly triedTargets: readonly string[]
  /** First ok evidence of the primary in this probing. */
  readonly stableUnixMs?: number
  /** The newest failed probing: evidence must be younger. */
  readonly probingFailedUnixMs?: number
  /** The p95 (ms) of ok answers of the primary before the move. */
  readonly baselineP95Ms?: number
  readonly blockedBy: readonly string[]
  readonly wouldActUnixMs?: number
  readonly orders: readonly Order[]
  readonly proof: ProofStamps
  /** All accountable routers observed some generation of this incident. */
  readonly confirmedUnixMs?: number
  /** Kept while a route that left the file is still away from its primary. */
  readonly orphan?: RoutePolicy
  /** The route left the file; only its generation is remembered. */
  readonly isRemoved?: true
}

export function createRecord(options: {
  readonly route: string
  readonly desired: Desired
  readonly shareRouters: number
  readonly policyRevision: number
  readonly nowMs: number
}): RouteRecord {
  const { nowMs, ...rest } = options
  return {
    ...rest,
    state: 'primary',
    sinceUnixMs: nowMs,
    generation: 1,
    previousGeneration: 0,
    version: 0,
    phase: { kind: 'primary' },
    sharesUnixMs: 0,
    reason: { actor: 'signalbox', text: 'first desired state' },
    generationUnixMs: nowMs,
    decidedUnixMs: nowMs,
    isIncidentOpen: false,
    arrivedUnixMs: 0,
    k: 0,
    kSinceUnixMs: nowMs,
    movesUnixMs: [],
    triedTargets: [],
    blockedBy: [],
    orders: [],
    proof: {},
  }
}

export function pairOfRecord(record: RouteRecord, epoch: number): Generation {
  return { epoch, generation: record.generation }
}

/** The target that the phase is about: whoever is to prove that it serves. */
export function focusOf(record: RouteRecord, primary: string): string {
  return record.phase.kind === 'fallback' ? record.phase.target : primary
}
