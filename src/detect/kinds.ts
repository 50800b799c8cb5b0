import type { Rule, RuleOf } from '../config/rules.ts'
import { compileMatchers, type FieldReader } from '../lib/matcher.ts'
import type { ObservationUnit, Source } from '../model/observation.ts'
import { createBurnRate } from './burn-rate.ts'
import { createChange } from './change.ts'
import { createComposite } from './composite.ts'
import { createCount } from './count.ts'
import { createDistinct } from './distinct.ts'
import { createGap } from './gap.ts'
import { createGrowth } from './growth.ts'
import { createInflight } from './inflight.ts'
import type { Item, KindState } from './kind.ts'
import { createNovelty } from './novelty.ts'
import { metricValue, mixedValueOf, numberOf } from './number-of.ts'
import { createOutlier } from './outlier.ts'
import { createQuantile } from './quantile.ts'
import { createRatio } from './ratio.ts'
import { createSilence, type SilenceOptions } from './silence.ts'
import { createValue } from './value.ts'

const UNIT_OF = {
  attempts: 'attempt',
  requests: 'request',
  spans: 'span',
  logs: 'log',
  metrics: 'metric',
  routers: 'status',
} as const satisfies Record<NonNullable<Rule['on']>, ObservationUnit>

export const UNITS: readonly ObservationUnit[] = [...Object.values(UNIT_OF)]

export interface KindOptions extends SilenceOptions {
  /** Since when the rule listens: what is new is so to the rule, also when a group begins with it. */
  readonly ruleSinceMs: number
}

/** The state of one group of a rule, empty. */
export function createKindState(rule: Rule, options: KindOptions): KindState {
  switch (rule.kind) {
    case 'ratio':
      return createRatio(rule)
    case 'count':
      return createCount(rule)
    case 'distinct':
      return createDistinct(rule)
    case 'value':
      return createValue(rule)
    case 'quantile':
      return createQuantile(rule)
    case 'burn_rate':
      return createBurnRate(rule)
    case 'change':
      return createChange(rule)
    case 'outlier':
      return createOutlier(rule)
    case 'gap':
      return createGap(rule)
    case 'growth':
      return createGrowth(rule)
    case 'inflight':
      return createInflight(rule)
    case 'silence':
      return createSilence(rule, options)
    case 'all_of':
    case 'any_of':
      return createComposite(rule)
    case 'novelty':
      return createNovelty(rule, { sinceMs: options.ruleSinceMs })
  }
}

/** Which observations a rule looks at. */
export function unitsOf(rule: Rule): readonly ObservationUnit[] {
  if (rule.kind === 'all_of' || rule.kind === 'any_of') return []
  if (rule.on !== undefined) return [UNIT_OF[rule.on]]
  return rule.kind === 'inflight' ? ['status', 'attempt'] : UNITS
}

/**
 * Whether a rule takes an item: its `where`, and what its kind can use. What it could not use must
 * not make a group of its own.
 */
export function compileWhere(rule: Rule): (item: Item) => boolean {
  const matches = compileMatchers(rule.where)
  const isUsable = usableBy(rule)
  return (item) => isUsable(item) && matches(item.read)
}

/** What a kind can use of the items that match. */
export function usableBy(rule: Rule): (item: Item) => boolean {
  switch (rule.kind) {
    case 'ratio':
    case 'count':
    case 'inflight':
    case 'novelty':
    case 'burn_rate':
      return () => true
    case 'distinct':
      return (item) => item.read(rule.of) !== undefined
    case 'outlier':
      return (item) => item.read(rule.key) !== undefined
    case 'quantile':
      return (item) => numberOf(item, rule.of) !== undefined
    case 'change':
      if (rule.method === 'psi') return (item) => mixedValueOf(item, rule.of) !== undefined
      return createCounted(rule)
    case 'value':
    case 'growth':
      return createCounted(rule)
    case 'gap': {
      const names = [...rule.desired, ...rule.actual, ...rule.atMax]
      return (item) => metricValue(item, names) !== undefined
    }
    case 'silence':
      return isExpected(rule.expect)
    case 'all_of':
    case 'any_of':
      return () => false
  }
}

type NumberOf = Pick<RuleOf<'growth'>, 'of'> & Partial<Pick<RuleOf<'growth'>, 'per'>>

/** Whether an item carries the number, or counts among those that the sum is divided by. */
function createCounted({ of, per }: NumberOf): (item: Item) => boolean {
  if (of === 'volume') return () => true
  if (!per) return (item) => numberOf(item, of) !== undefined
  const isPer = compileMatchers(per)
  return (item) => numberOf(item, of) !== undefined || isPer(item.read)
}

/** Whether a kind that reads a number counts items that do not carry it. */
export function usableWithout(rule: Rule): (read: FieldReader) => boolean {
  const per = rule.kind === 'growth' || rule.kind === 'value' ? rule.per : undefined
  return per ? compileMatchers(per) : () => false
}

function isExpected(expect: RuleOf<'silence'>['expect']): (item: Item) => boolean {
  if (typeof expect === 'object') {
    const matches = compileMatchers(expect)
    return (item) => matches(item.read)
  }
  const component: Source['component'] = expect === 'routers' ? 'router' : 'worker'
  return (item) => item.source.component === component
}
