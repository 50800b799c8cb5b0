import type { RoutePolicy } from '../config/failover.ts'
import type { Verdict } from '../model/verdict.ts'
import { isFiring } from './verdict-table.ts'

// Who says that the primary fails. A single observer may be the one that is broken, so pieces are
// counted by their source: each router once, each cause once, the primary's own probe once.

export interface Evidence {
  /** Worth a closer look: the fallback is warmed. */
  readonly isSuspicious: boolean
  /** Enough to move traffic, as far as evidence goes. */
  readonly isMet: boolean
  /** What users feel is not known: nothing may move. */
  readonly isBlind: boolean
  readonly need: number
  readonly minRouters: number
  /** `router:NAME`, `rule:ID`, `primary_ready`. */
  readonly pieces: readonly string[]
  /** Independent kinds among them: routers, causes, probe (S3). */
  readonly kinds: readonly string[]
  readonly witnesses: readonly string[]
  /** The verdict that speaks for the decision: an `on` rule where one fires. */
  readonly lead?: Verdict
  readonly on: readonly Verdict[]
  readonly with: readonly Verdict[]
}

export interface EvidenceInput {
  readonly policy: RoutePolicy
  readonly on: readonly Verdict[]
  readonly with: readonly Verdict[]
  /** Routers with traffic on the route, by which the default `need` goes. */
  readonly routersSeen: number
  readonly hasPrimaryProbeFailed: boolean
}

export function judgeEvidence(input: EvidenceInput): Evidence {
  const { policy, on } = input
  const firing = on.filter(isFiring)
  const pending = on.filter((verdict) => verdict.state === 'pending')
  const causes = input.with.filter(isFiring)
  const witnesses = [...new Set(firing.flatMap((verdict) => verdict.witnesses))].sort()
  const need = policy.evidence.need ?? (input.routersSeen >= 2 ? 2 : 1)
  const others = [
    ...new Set(causes.map((verdict) => `rule:${verdict.rule}`)),
    ...(input.hasPrimaryProbeFailed ? ['primary_ready'] : []),
  ]
  // A rule on requests, metrics or routers names no witnesses: it then stands for itself.
  const seers =
    witnesses.length > 0
      ? witnesses.map((router) => `router:${router}`)
      : firing.slice(0, 1).map((verdict) => `rule:${verdict.rule}`)
  const pieces = [...seers, ...others]
  const minRouters = policy.evidence.min_routers
  const hasRouters = witnesses.length === 0 || witnesses.length >= minRouters
  const isMet =
    (firing.length > 0 && pieces.length >= need && hasRouters) ||
    (pending.length > 0 && others.length >= need)
  const lead = strongest(firing) ?? strongest(pending) ?? strongest(causes)
  return {
    isSuspicious: firing.length + pending.length + causes.length > 0 || input.hasPrimaryProbeFailed,
    isMet,
    isBlind: isBlind(on),
    need,
    minRouters,
    pieces,
    kinds: [
      ...(seers.length > 0 ? ['routers'] : []),
      ...(causes.length > 0 ? ['causes'] : []),
      ...(input.hasPrimaryProbeFailed ? ['probe'] : []),
    ],
    witnesses,
    ...(lead && { lead }),
    on,
    with: input.with,
  }
}

/** Telemetry of an `on` rule is missing, and no other one says for certain that users suffer. */
function isBlind(on: readonly Verdict[]): boolean {
  return (
    on.some((verdict) => verdict.state === 'unknown') &&
    !on.some((verdict) => verdict.state === 'firing')
  )
}

/** The verdict seen first: it is the one that detected the outage. */
function strongest(verdicts: readonly Verdict[]): Verdict | undefined {
  return [...verdicts].sort((a, b) => a.judgedUnixMs - b.judgedUnixMs)[0]
}
