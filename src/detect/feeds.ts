import { COUNTED_KEYS } from '../config/rule-source.ts'
import type { Rule } from '../config/rules.ts'
import type { ObservationUnit } from '../model/observation.ts'
import { keysOf } from './keys-of.ts'
import { UNITS, unitsOf } from './kinds.ts'

// Which streams a rule takes. Attempts come in several, so that no rule is shown one of them twice:
//
//   attempt    spans of a router that are all there
//   covered    spans of a router whose counters stand for them
//   instead    those counters, in place of its spans
//   counted    the counters of every router
//
// A rule that counters can serve (`canCount`) takes `attempt` and `instead`, any other `attempt` and
// `covered`, and one that asks for counters `counted` alone. So each attempt reaches a rule by one way.

export type Feed = ObservationUnit | 'covered' | 'instead' | 'counted'

export const FEEDS: readonly Feed[] = [...UNITS, 'covered', 'instead', 'counted']

/** What the items of a stream are. */
export function unitOf(feed: Feed): ObservationUnit {
  return feed === 'covered' || feed === 'instead' || feed === 'counted' ? 'attempt' : feed
}

export function feedsOf(rule: Rule): readonly Feed[] {
  const units = unitsOf(rule)
  if (!units.includes('attempt')) return units
  if (sourceOf(rule) === 'counters') return ['counted']
  return canCount(rule) ? [...units, 'instead'] : [...units, 'covered']
}

export function sourceOf(rule: Rule): 'auto' | 'spans' | 'counters' {
  return ('source' in rule && rule.source) || 'auto'
}

/** Kinds that see how many items there were, and nothing in each of them. */
const COUNTING: ReadonlySet<string> = new Set([
  ...['ratio', 'count', 'distinct', 'burn_rate', 'outlier', 'growth'],
])

/** Whether a router's counters may stand for its spans. */
export function canCount(rule: Rule): boolean {
  if (rule.on !== 'attempts' || !COUNTING.has(rule.kind) || sourceOf(rule) === 'spans') return false
  return [...keysOf(rule)].every((key) => COUNTED_KEYS.has(key))
}

/** Of whom a rule takes the counters, while those are short whose counters stand for their spans. */
export function countedBy(
  rule: Rule,
  isShort: (router: string) => boolean,
): (router: string) => boolean {
  if (sourceOf(rule) === 'counters') return () => true
  return canCount(rule) ? isShort : () => false
}
