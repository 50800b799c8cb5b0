import type { Rule } from '../config/rules.ts'
import type { Group as GroupKey, Refusal, RuleState } from '../model/verdict.ts'
import type { GroupSources, Missing } from './group-sources.ts'
import type { Effect } from './hysteresis.ts'
import type { Instant, Look, Reading } from './kind.ts'

// What a group is judged by, and what comes of it.

/** Now, for all groups: what the detector alone can know. */
export interface Moment {
  readonly nowUnixMs: number
  /** The never-stepping clock. */
  readonly nowMs: number
  /** Newest event time of any source, at least now − lateness, at most now. */
  readonly eventUnixMs: number
  look(rule: string, by: GroupKey): Look
}

export interface Judgement {
  readonly state: RuleState
  readonly reason: string | undefined
  readonly value: number | null
  readonly threshold: number
  readonly count: number
  readonly sinceUnixMs: number
  readonly atUnixMs: number
  readonly watermarkUnixMs: number
  readonly effect: Effect
  readonly witnesses: readonly string[]
  /** What it would have said but did not. */
  readonly refused: Refusal | undefined
  /** Event time of the group's newest item; -Infinity when it has none. */
  readonly newestUnixMs: number
  /** `router-2 silent for 14 s`; also when that changes nothing. */
  readonly missingReason: string | undefined
}

/** A router's own share of evidence: a tenth of the rule's least count, but never fewer than this. */
const WITNESS_COUNT_MIN = 5

interface InstantsQuery extends Pick<Instant, 'floorUnixMs' | 'isTripped' | 'heard'> {
  readonly by: GroupKey
  readonly moment: Moment
  readonly missing: Missing
}

/** Windows of a group that end anywhere, with what is missing now. */
export function instants(query: InstantsQuery): (endUnixMs: number) => Instant {
  const { by, moment, missing, floorUnixMs, isTripped, heard } = query
  const look = (rule: string) => moment.look(rule, by)
  return (endUnixMs) => ({
    endUnixMs,
    heardMs: moment.nowMs,
    missing: missing.items,
    floorUnixMs,
    isTripped,
    heard,
    look,
  })
}

/** The reason that the sources or the kind give; the rest is in reasons.ts. */
export function givenReason(state: RuleState, reading: Reading, missing: Missing) {
  if (state !== 'unknown') return reading.reason
  return missing.reason ?? reading.reason ?? 'telemetry is missing'
}

/** Routers whose own attempts breach the rule. */
export function witnessesOf(query: {
  rule: Rule
  sources: GroupSources
  endUnixMs: number
}): readonly string[] {
  const { rule, sources, endUnixMs } = query
  if (rule.kind !== 'ratio' || rule.on !== 'attempts') return []
  const countMin = Math.max(WITNESS_COUNT_MIN, rule.trip.countMin / 10)
  return sources.witnesses({ endUnixMs, above: rule.trip.above, countMin })
}
