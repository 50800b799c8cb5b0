import type { Rule, RuleOf } from '../config/rules.ts'
import type { Matcher } from '../lib/matcher.ts'
import { bucketMsOf } from '../lib/ring-window.ts'
import { burnBucketsOf } from './burn-rate.ts'
import { growthBucketMs } from './growth.ts'
import { mixBucketsOf } from './mix-windows.ts'

/**
 * What a kind reads of an item beside `where` and `by`. Items that are equal in all of it, come from
 * one source and fall into the same buckets are counted together: rules then see one item that stands
 * for many.
 */
export interface Reads {
  readonly keys: readonly string[]
  /** What makes an item bad, of kinds that tell. */
  readonly bad?: Readonly<Record<string, Matcher>>
  /** Read of bad items only. */
  readonly ofBad: readonly string[]
  /** Sizes of the buckets that it sorts items into. */
  readonly bucketsMs: readonly number[]
}

/** Undefined for a kind that has to see each item, for a number in it or for its times. */
export function readsOf(rule: Rule): Reads | undefined {
  switch (rule.kind) {
    case 'ratio': {
      const ofBad = Object.keys(rule.trip.distinctMin)
      return { keys: outcomeKeys(rule), bad: rule.bad, ofBad, bucketsMs: bucketsOf(rule.windowMs) }
    }
    case 'count':
      if (rule.on === 'routers') return undefined
      return {
        keys: Object.keys(rule.trip.distinctMin),
        ofBad: [],
        bucketsMs: bucketsOf(rule.windowMs),
      }
    case 'burn_rate': {
      const bucketsMs = [...bucketsOf(rule.windowMs), ...burnBucketsOf(rule)]
      return { keys: outcomeKeys(rule), bad: rule.bad, ofBad: [], bucketsMs }
    }
    case 'outlier': {
      const keys = [rule.key, ...outcomeKeys(rule)]
      return { keys, bad: rule.bad, ofBad: [], bucketsMs: bucketsOf(rule.windowMs) }
    }
    case 'distinct':
      return { keys: [rule.of], ofBad: [], bucketsMs: bucketsOf(rule.windowMs) }
    case 'growth':
      if (rule.of !== 'volume' || rule.per) return undefined
      return { keys: [], ofBad: [], bucketsMs: [...bucketsOf(rule.windowMs), growthBucketMs(rule)] }
    case 'value':
      if (rule.agg === 'rate' || rule.per || rule.series) return undefined
      return { keys: [rule.of], ofBad: [], bucketsMs: bucketsOf(rule.windowMs) }
    case 'change': {
      if (rule.method !== 'psi') return undefined
      const bucketsMs = [...bucketsOf(rule.windowMs), ...mixBucketsOf(rule)]
      return { keys: [rule.of], ofBad: [], bucketsMs }
    }
    default:
      return undefined
  }
}

/** A ratio leaves out some outcomes; see ratio.ts. */
function outcomeKeys({ on }: Pick<RuleOf<'ratio'>, 'on'>): readonly string[] {
  return on === 'attempts' || on === 'requests' ? ['outcome'] : []
}

/** Of the rule's own window, and of what each source contributed; see `members.ts`. */
function bucketsOf(windowMs: number): readonly number[] {
  const bucketMs = bucketMsOf(windowMs)
  return [bucketMs, Math.max(bucketMs, windowMs / 360)]
}
