import type { Rule } from '../config/rules.ts'
import { formatDurationMs } from '../lib/duration.ts'
import type { Refusal } from '../model/verdict.ts'
import type { Missing } from './group-sources.ts'
import type { Hysteresis } from './hysteresis.ts'
import type { Judgement, Moment } from './judgement.ts'
import type { Instant, KindState, Reading } from './kind.ts'
import { needsMore } from './reasons.ts'
import { clearWords, formatLevel } from './rule-words.ts'

// What a judgement would have said by the items that came, and did not say. Tripping is told by value
// and level alone: a kind is not asked to judge twice, since that may leave traces.

export interface RefusalQuery {
  readonly rule: Rule
  readonly kind: Pick<KindState, 'clears'>
  /** After its step. */
  readonly hysteresis: Pick<Hysteresis, 'effect' | 'refused' | 'firedUnixMs'>
  /** As the kind read it, before a stale window was left out. */
  readonly read: Reading
  readonly isStale: boolean
  readonly missing: Missing
  readonly instantAt: (endUnixMs: number) => Instant
  readonly markUnixMs: number
  /** A restart came in the middle of a trip, or of the way to or from one. */
  readonly isCutShort: boolean
}

/** Undefined when a judgement said all that there was to say. */
export function refusalOf(query: RefusalQuery): Refusal | undefined {
  const { rule, hysteresis, read, isStale, isCutShort } = query
  if (isCutShort) return 'restarted'
  if (hysteresis.refused !== undefined) return hysteresis.refused
  if (hysteresis.effect === 'firing') {
    if (isTooFewToClear(rule, read)) return 'insufficient'
    return wouldClear(query) ? 'unknown' : undefined
  }
  if (isStale) return 'stale'
  if (!isBeyond(rule, read)) return undefined
  if (read.outcome === 'open') return 'unknown'
  return read.outcome === 'few' ? 'insufficient' : undefined
}

/** If nothing were missing. */
function wouldClear({ kind, hysteresis, missing, instantAt, markUnixMs }: RefusalQuery): boolean {
  if (missing.reason === undefined || markUnixMs < hysteresis.firedUnixMs) return false
  return kind.clears({ ...instantAt(markUnixMs), missing: () => 0 })
}

/** Whether the value is where the rule trips. */
function isBeyond(rule: Rule, { value, threshold }: Reading): boolean {
  if (value === null) return false
  switch (rule.kind) {
    case 'value':
    case 'growth':
      return rule.trip.isAbove ? value > threshold : value < threshold
    case 'count':
    case 'distinct':
    case 'novelty':
      return value >= threshold
    case 'all_of':
    case 'any_of':
      return value > 0
    default:
      return value > threshold
  }
}

/** A ratio below its clear level, from fewer items than the clear window asks for. */
function isTooFewToClear(rule: Rule, { outcome, value, count }: Reading): boolean {
  if (rule.kind !== 'ratio' || outcome !== 'few' || value === null) return false
  return value < rule.clear.below && count < rule.clear.countMin
}

/** In plain words, for history and journal. */
export function refusalReason(query: {
  readonly rule: Rule
  readonly judgement: Judgement
  readonly why: Refusal
  readonly moment: Moment
}): string {
  const { rule, judgement, why, moment } = query
  const { value, count, effect, newestUnixMs, missingReason } = judgement
  const isFiring = effect === 'firing'
  const at = value === null ? '' : ` at ${formatLevel(rule, value)}`
  const would = `would ${isFiring ? 'clear' : 'fire'}${at}`
  switch (why) {
    case 'stale': {
      const ageS = Math.max(0, Math.floor((moment.nowUnixMs - newestUnixMs) / 1_000))
      return `${would}, but its newest item is ${ageS} s old: a backlog is no evidence of now`
    }
    case 'unknown':
      return `${would} by what came, but ${missingReason ?? judgement.reason ?? 'telemetry is missing'}`
    case 'insufficient':
      return `${would}, but ${needsMore({ rule, count, side: isFiring ? 'clear' : 'trip' })}`
    case 'holding': {
      const holdMs = isFiring ? rule.clear.forMs : rule.trip.forMs
      return `${would}, but must hold for ${formatDurationMs(holdMs)}`
    }
    case 'recovered':
      return `${would}, but clears already: ${clearWords(rule)}`
    case 'restarted':
      return 'weights changed: its windows and holds start anew'
  }
}
