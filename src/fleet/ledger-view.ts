import type { LedgerEntry, LedgerReplicas, LedgerRequest, LedgerState } from './ledger-entry.ts'

/** How a logical request ended, as the figures count it; the rest is not eligible. */
export type Final = 'primary' | 'fallback' | 'other' | 'failed'

export interface Counted {
  readonly request: LedgerRequest
  readonly final: Final
  /** Failed on the primary at least once, and never ok there. */
  readonly isObserved: boolean
  /** Sent to a fallback without having tried the primary at all. */
  readonly isStraight: boolean
  /** It met no failing primary: what would have been served by others anyway. */
  readonly isClean: boolean
}

/** An attempt on the primary that counts in ratios. */
export interface PrimaryTry {
  readonly startMs: number
  readonly endMs: number
  readonly isFailed: boolean
}

export interface Move {
  readonly engagedMs: number
  /** State is `primary` again. */
  readonly backMs: number | undefined
  /** The step after one that gave the primary ≥ 0.25. */
  readonly rampPassedMs: number | undefined
  readonly generation: string
}

/** One route of the ledger, sorted by start time, in the words of DEFINITIONS.md. */
export interface LedgerView {
  /** Requests of any outcome. */
  readonly offered: readonly LedgerRequest[]
  readonly eligible: readonly Counted[]
  readonly primary: readonly PrimaryTry[]
  readonly moves: readonly Move[]
  readonly replicas: readonly LedgerReplicas[]
  /** The autoscaler failed to provision: a cause of class capacity. */
  readonly hadShortage: boolean
}

export interface LedgerScope {
  readonly route: string
  readonly primary: string
}

export function viewLedger(entries: readonly LedgerEntry[], scope: LedgerScope): LedgerView {
  const offered = entries
    .filter((entry): entry is LedgerRequest => entry.kind === 'request')
    .filter((request) => request.route === scope.route)
    .sort((a, b) => a.startMs - b.startMs)
  return {
    offered,
    eligible: offered.flatMap(toCounted),
    primary: offered.flatMap(toPrimaryTries).sort((a, b) => a.startMs - b.startMs),
    moves: toMoves(entries, scope),
    replicas: entries
      .filter((entry): entry is LedgerReplicas => entry.kind === 'replicas')
      .filter((entry) => entry.target === scope.primary)
      .sort((a, b) => a.atMs - b.atMs),
    hadShortage: entries.some(
      (entry) => entry.kind === 'shortage' && entry.target === scope.primary,
    ),
  }
}

function toCounted(request: LedgerRequest): Counted[] {
  const { attempts, outcome } = request
  if (outcome === 'rejected' || outcome === 'cancelled') return []
  const onPrimary = attempts.filter(({ role }) => role === 'primary')
  const hasFailed = onPrimary.some((attempt) => attempt.outcome === 'failed')
  const isStraight = onPrimary.length === 0 && attempts.some(({ role }) => role === 'fallback')
  const answer = attempts.findLast((attempt) => attempt.outcome === 'ok')
  const servedBy = answer === undefined || answer.role === 'unlisted' ? 'other' : answer.role
  return [
    {
      request,
      final: outcome === 'failed' ? 'failed' : servedBy,
      isObserved: hasFailed && !onPrimary.some((attempt) => attempt.outcome === 'ok'),
      isStraight,
      isClean: !isStraight && !hasFailed,
    },
  ]
}

function toPrimaryTries({ attempts }: LedgerRequest): PrimaryTry[] {
  return attempts
    .filter(({ role, outcome }) => role === 'primary' && /^(?:ok|failed)$/.test(outcome))
    .map(({ startMs, endMs, outcome }) => ({ startMs, endMs, isFailed: outcome === 'failed' }))
}

function toMoves(entries: readonly LedgerEntry[], { route, primary }: LedgerScope): Move[] {
  const told = new Map<number, LedgerState>()
  for (const entry of entries) {
    // Every router is told the same; the version is the identity.
    if (entry.kind === 'state' && entry.route === route) told.set(entry.version, entry)
  }
  const states = [...told.values()].sort((a, b) => a.version - b.version)
  return states.flatMap((state, index) => {
    const before = states[index - 1]?.state ?? 'primary'
    const isMove = state.state === 'engaging' && (before === 'primary' || before === 'suspect')
    if (!isMove) return []
    const after = states.slice(index + 1)
    const end = after.findIndex((one) => one.state === 'primary')
    const during = end < 0 ? after : after.slice(0, end + 1)
    const step = during.findIndex((one) => one.state === 'ramping' && shareOf(one, primary) >= 0.25)
    const share = during[step] ? shareOf(during[step], primary) : 0
    const passed = during
      .slice(step + 1)
      .find((one) => one.state === 'primary' || shareOf(one, primary) > share)
    return [
      {
        engagedMs: state.decidedMs,
        backMs: after[end]?.decidedMs,
        rampPassedMs: step < 0 ? undefined : passed?.decidedMs,
        generation: `${state.epoch}.${state.generation}`,
      },
    ]
  })
}

function shareOf(state: LedgerState, target: string): number {
  return state.targets.find((one) => one.target === target)?.weight ?? 0
}
