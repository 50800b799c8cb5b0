import type { Timings } from '../config/timings.ts'
import type { Generation } from '../model/generation.ts'
import type { Mitigation } from '../model/route.ts'
import type { ProofFacts } from './facts.ts'
import type { GenerationStats } from './generation-stats.ts'
import type { RouteRecord } from './record.ts'
import { hasReached } from './router-book.ts'
import { awaited, type RouterFacts } from './routers.ts'

// Acknowledged is not moved: what each witness has said of the present generation.

/** Requests served ok by the target under the generation that prove a move. */
const VERIFIED_COUNT = 5
/** Requests that must have started before their absence among the served says anything. */
const STARTED_COUNT = 20

export interface ProofInput {
  readonly record: RouteRecord
  readonly pair: Generation
  readonly routers: readonly RouterFacts[]
  readonly stats: GenerationStats
  readonly timings: Timings
  /** p95 (ms) of the target that is to prove itself; 0 when unknown. */
  readonly focusP95Ms: number
  /** How long spans take from their end to us, ms. */
  readonly exportDelayMs: number
  readonly nowMs: number
}

export function judgeProof(input: ProofInput): ProofFacts {
  const { record, pair, stats, nowMs, timings } = input
  const waitedFor = awaited(input.routers)
  const missing = waitedFor.filter(({ own }) => !hasReached(own?.observed, pair))
  const silent = waitedFor.filter(({ own }) => !hasReached(own?.answered, pair))
  const isVerified = record.proof.verifiedUnixMs !== undefined || stats.focusOk >= VERIFIED_COUNT
  const patienceMs = Math.max(timings.unverifiedMs, 3 * input.focusP95Ms + input.exportDelayMs)
  return {
    awaitedCount: waitedFor.length,
    isAnswered: waitedFor.length > 0 && silent.length === 0,
    isObserved: waitedFor.length > 0 && missing.length === 0,
    missing: missing.map((one) => one.router),
    isVerified,
    isUnverified:
      record.phase.kind === 'fallback' &&
      !isVerified &&
      Math.max(stats.attempts, stats.started) >= STARTED_COUNT &&
      nowMs - record.generationUnixMs >= patienceMs,
  }
}

export interface MitigationInput {
  readonly record: RouteRecord
  readonly proof: ProofFacts
  /** Automation could move this route: mode, rules, fallbacks and inhibitors allow it. */
  readonly mayMove: boolean
  /** The fallback in use is disproved, and there is none to go to. */
  readonly isStranded: boolean
  readonly partialMs: number
  readonly nowMs: number
}

/** What automation has done about it, for pages (CONTRACT.md §5). */
export function judgeMitigation(input: MitigationInput): Mitigation {
  const { record, proof } = input
  if (record.state === 'blocked' || input.isStranded) return 'blocked'
  if (record.phase.kind === 'primary') {
    if (record.state === 'primary' && record.confirmedUnixMs !== undefined) return 'confirmed'
    return input.mayMove ? 'pending' : 'none'
  }
  if (proof.isUnverified) return 'unverified'
  const isConfirmed = proof.isObserved || (proof.awaitedCount === 0 && proof.isVerified)
  const isLate = input.nowMs - record.generationUnixMs >= input.partialMs
  if (!isConfirmed && isLate) return 'partial'
  if (record.state === 'latched') return 'latched'
  // A step back that is under way does not undo the confirmation of the move itself.
  return isConfirmed || record.confirmedUnixMs !== undefined ? 'confirmed' : 'pending'
}
