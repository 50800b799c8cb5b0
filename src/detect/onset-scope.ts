import type { Rule } from '../config/rules.ts'
import { compileMatchers, type Matcher } from '../lib/matcher.ts'
import type { Group } from '../model/verdict.ts'
import type { Moment } from './judgement.ts'
import type { OnsetScope, Onsets } from './onset.ts'
import { OTHER, type RuleRun, type RunGroup } from './rule-run.ts'

/** When the trouble began that a group of a rule starts to fire for now. */
export function onsetOfGroup(onsets: Pick<Onsets, 'onsetOf'>) {
  return ({ rule }: RuleRun, { group }: RunGroup, { nowUnixMs }: Moment) => {
    const scope = onsetScopeOf(rule, group.by)
    const { windowMs } = rule
    return scope && onsets.onsetOf({ ...scope, detectUnixMs: nowUnixMs, windowMs })
  }
}

/**
 * Whose failures a group of a rule is about: a ratio or burn rate of failed attempts, of a route, a
 * target or both, by its `by` or as its `where` says. Undefined for any other. Further conditions
 * (a tier, one router) narrow what the rule sees, not where it began.
 */
function onsetScopeOf(rule: Rule, by: Group): OnsetScope | undefined {
  if ((rule.kind !== 'ratio' && rule.kind !== 'burn_rate') || rule.on !== 'attempts') return
  if (!matches(rule.bad.outcome, 'failed')) return
  const route = by.route ?? textOf(rule.where.route)
  const target = by.target ?? textOf(rule.where.target)
  if (route === OTHER || target === OTHER) return
  if (route === undefined && target === undefined) return
  const { role } = rule.where
  if (role === undefined) return { route, target }
  return { route, target, hasRole: (one) => matches(role, one) }
}

function matches(matcher: Matcher | undefined, value: string): boolean {
  return matcher !== undefined && compileMatchers({ value: matcher })(() => value)
}

function textOf(matcher: Matcher | undefined): string | undefined {
  return typeof matcher === 'string' ? matcher : undefined
}
