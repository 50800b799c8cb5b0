import type { Rule } from '../config/rules.ts'
import type { Matcher } from '../lib/matcher.ts'
import type { ObservationUnit } from '../model/observation.ts'
import { keysOf } from './keys-of.ts'
import { unitsOf } from './kinds.ts'

/** For each rule over spans, the keys that a span must carry for the rule to take it. */
export type SpanInterest = readonly (readonly string[])[]

/**
 * What rules want to see of spans, so that nothing is made of the others. A rule that waits for
 * routers or workers wants none: the newest span of each sender is shown anyway. The same rules give
 * the same array.
 */
export function createSpanInterest(rulesInForce: () => readonly Rule[]): () => SpanInterest {
  return perRules(rulesInForce, (rules) => rules.filter(looksAtSpans).map(neededBy))
}

/**
 * Every key that detection may read of spans, attempts and requests, or of log records, in their order.
 * The same rules give the same array.
 */
export function createKeysRead(
  rulesInForce: () => readonly Rule[],
): (signal: 'traces' | 'logs') => readonly string[] {
  const ofSpans = perRules(rulesInForce, (rules) => keysReadOf(rules, SPANS, ATTEMPT))
  const ofLogs = perRules(rulesInForce, (rules) => keysReadOf(rules, LOGS, []))
  return (signal) => (signal === 'logs' ? ofLogs() : ofSpans())
}

function keysReadOf(
  rules: readonly Rule[],
  units: ReadonlySet<ObservationUnit>,
  also: readonly string[],
): readonly string[] {
  const looking = rules.filter((rule) => unitsOf(rule).some((unit) => units.has(unit)))
  const keys = new Set(looking.flatMap((rule) => [...keysOf(rule)]))
  if (keys.has('generation_behind')) for (const key of PAIR) keys.add(key)
  for (const key of also) keys.add(key)
  return [...keys].sort()
}

/** What T0 and counters go by; ratios leave out some outcomes without naming the field as well. */
const ATTEMPT = ['route', 'target', 'role', 'outcome']

const SPANS = new Set<ObservationUnit>(['span', 'attempt', 'request'])
const LOGS = new Set<ObservationUnit>(['log'])
/** What it is found by. */
const PAIR = ['route', 'generation']

function perRules<T>(
  rulesInForce: () => readonly Rule[],
  make: (rules: readonly Rule[]) => T,
): () => T {
  let known: { readonly rules: readonly Rule[]; readonly made: T } | undefined
  return () => {
    const rules = rulesInForce()
    if (known?.rules !== rules) known = { rules, made: make(rules) }
    return known.made
  }
}

function looksAtSpans(rule: Rule): boolean {
  if (rule.kind === 'silence' && typeof rule.expect === 'string') return false
  return unitsOf(rule).includes('span')
}

/** What an item must carry for the rule to take it. */
export function neededBy(rule: Rule): readonly string[] {
  const matchers = { ...rule.where, ...(rule.kind === 'silence' && toMatchers(rule.expect)) }
  const keys = Object.entries(matchers).filter(([, matcher]) => needsPresence(matcher))
  return [...keys.map(([key]) => key), ...ownOf(rule)]
}

/** What the kind itself cannot do without. */
function ownOf(rule: Rule): readonly string[] {
  if (rule.kind === 'distinct') return [rule.of]
  return rule.kind === 'outlier' ? [rule.key] : []
}

function toMatchers(expect: Extract<Rule, { kind: 'silence' }>['expect']) {
  return typeof expect === 'object' ? expect : {}
}

/** An absent field matches only `exists: false` and `not`. */
function needsPresence(matcher: Matcher): boolean {
  if (typeof matcher !== 'object' || Array.isArray(matcher)) return true
  const { not: _, exists, ...rest } = matcher as { not?: unknown; exists?: boolean }
  return exists === true || Object.values(rest).some((operand) => operand !== undefined)
}
