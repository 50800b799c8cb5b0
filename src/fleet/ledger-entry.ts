import type { RequestOutcome, Role } from '../model/attempt.ts'
import type { RouteState, TargetShare } from '../model/desired.ts'
import type { Generation } from '../model/generation.ts'

// The fleet's own record of what really happened, one JSON object per line and process. Times are
// whole milliseconds, read once from one clock and given to span and ledger alike: what differs
// between ledger and report can then only be Signalbox's doing.

export interface LedgerAttempt {
  readonly target: string
  readonly role: Role
  readonly startMs: number
  readonly endMs: number
  readonly outcome: RequestOutcome
  /** `EPOCH.GENERATION` that the router had applied when it started. */
  readonly generation: string
}

export interface LedgerRequest {
  readonly kind: 'request'
  /** = the trace id. */
  readonly id: string
  readonly router: string
  readonly route: string
  readonly session: string
  readonly class: string
  readonly images: number
  readonly startMs: number
  readonly endMs: number
  /** By what the user was answered. */
  readonly outcome: RequestOutcome
  readonly attempts: readonly LedgerAttempt[]
}

/** A desired state as a router was told it. */
export interface LedgerState extends Generation {
  readonly kind: 'state'
  readonly router: string
  readonly route: string
  readonly atMs: number
  readonly version: number
  readonly state: RouteState
  readonly targets: readonly TargetShare[]
  readonly decidedMs: number
}

/** Replicas as they were reported, at the time of the data point. */
export interface LedgerReplicas {
  readonly kind: 'replicas'
  readonly target: string
  readonly atMs: number
  readonly desired: number
  readonly available: number
}

/** The autoscaler could not provision. */
export interface LedgerShortage {
  readonly kind: 'shortage'
  readonly target: string
  readonly atMs: number
}

export type LedgerEntry = LedgerRequest | LedgerState | LedgerReplicas | LedgerShortage
