import type { Rule, RuleOf } from '../config/rules.ts'
import type { Matcher } from '../lib/matcher.ts'
import { bucketMsOf } from '../lib/ring-window.ts'
import type { ObservationUnit } from '../model/observation.ts'
import { burnBucketsOf } from './burn-rate.ts'
import { growthBucketMs } from './growth.ts'
import { mixBucketsOf } from './mix-windows.ts'
import { NUMBER_KEYS } from './number-of.ts'
import { quantileBucketsOf } from './quantile.ts'

/**
 * What a kind reads of an item beside `where` and `by`. Items that are equal in all of it, come from
 * one source and fall into the same buckets are counted together: rules then see one item that stands
 * for many.
 */
export interface Reads {
  readonly keys: readonly string[]
  /** The one key in which they may differ: it is handed over for all of them. */
  readonly number?: string
  /** What makes an item bad, of kinds that tell. */
  readonly bad?: Readonly<Record<string, Matcher>>
  /** Read of bad items only. */
  readonly ofBad: readonly string[]
  /** Sizes of the buckets that it sorts items into. */
  readonly bucketsMs: readonly number[]
}

/** Undefined for a kind that has to see each item of that unit. */
export function readsOf(rule: Rule, unit: ObservationUnit): Reads | undefined {
  switch (rule.kind) {
    case 'ratio': {
      const ofBad = Object.keys(rule.trip.distinctMin)
      return { keys: outcomeKeys(rule), bad: rule.bad, ofBad, bucketsMs: bucketsOf(rule.windowMs) }
    }
    case 'count':
      if (rule.on === 'routers') return undefined
      return only(Object.keys(rule.trip.distinctMin), bucketsOf(rule.windowMs))
    case 'burn_rate': {
      const bucketsMs = [...bucketsOf(rule.windowMs), ...burnBucketsOf(rule)]
      return { keys: outcomeKeys(rule), bad: rule.bad, ofBad: [], bucketsMs }
    }
    case 'outlier': {
      const keys = [rule.key, ...outcomeKeys(rule)]
      return { keys, bad: rule.bad, ofBad: [], bucketsMs: bucketsOf(rule.windowMs) }
    }
    case 'distinct':
      return only([rule.of], bucketsOf(rule.windowMs))
    case 'quantile':
      return numbered(rule.of, [], [...bucketsOf(rule.windowMs), ...quantileBucketsOf(rule)])
    case 'growth':
      // Each series is followed by itself.
      if (rule.series) return undefined
      return summed(rule, [...bucketsOf(rule.windowMs), growthBucketMs(rule)])
    case 'value':
      // A counter is read in the order of its readings.
      if ((rule.agg === 'rate' && rule.on === 'metrics') || rule.series) return undefined
      return summed(rule, bucketsOf(rule.windowMs))
    case 'change':
      if (rule.method !== 'psi') return undefined
      return mixed(rule.of, [...bucketsOf(rule.windowMs), ...mixBucketsOf(rule)])
    case 'inflight':
      if (unit !== 'attempt') return undefined
      return numbered('duration', ['route', 'target'], bucketsOf(rule.windowMs))
    case 'silence':
      // Whether a sender is one that is waited for is not told by any key.
      return typeof rule.expect === 'object' ? only(Object.keys(rule.expect), []) : undefined
    default:
      return undefined
  }
}

function only(keys: readonly string[], bucketsMs: readonly number[]): Reads {
  return { keys, ofBad: [], bucketsMs }
}

function numbered(number: string, keys: readonly string[], bucketsMs: readonly number[]): Reads {
  return { keys, number, ofBad: [], bucketsMs }
}

/** The mix of a number, or of the values of a key. */
function mixed(of: string, bucketsMs: readonly number[]): Reads {
  return NUMBER_KEYS.has(of) ? numbered(of, [], bucketsMs) : only([of], bucketsMs)
}

type Summed = Pick<RuleOf<'growth'>, 'of'> & Partial<Pick<RuleOf<'growth'>, 'per'>>

function summed({ of, per }: Summed, bucketsMs: readonly number[]): Reads {
  const keys = Object.keys(per ?? {})
  return of === 'volume' ? only(keys, bucketsMs) : numbered(of, keys, bucketsMs)
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
