import type { Rule, RuleOf } from '../config/rules.ts'
import type { FalseTripOptions, FalseTrips } from '../model/false-trips.ts'
import { excursionsPerDay } from './excursions.ts'

/** What a healthy group's failing share is taken for, where the clear level is not lower. */
const NOISE_RATIO_MAX = 0.1
/** Of `min_count`: below it a rule says nothing, and the more there is, the less chance can do. */
const VOLUMES = [1, 1.25, 1.5, 2]

/**
 * Expected false trips a day of a rule: of a group as healthy as its rule lets it be, at its volume.
 * Arrivals are taken as independent (Poisson), which outages are not: it says what chance does, not
 * what else may go wrong. `min_distinct` and `rest_below` are not counted, so those come out high.
 */
export function falseTripsOf(rule: Rule, options: FalseTripOptions = {}): FalseTrips {
  const looks = looksOf(rule, options)
  if (typeof looks === 'string') return none(rule, looks)
  const volumes = volumesOf(rule, looks, options)
  if (typeof volumes === 'string') return none(rule, volumes)
  const known = new Map<number, number>()
  const each = volumes.counts.map((exact) => {
    // Two digits of it: groups of nearly the same volume are asked of once.
    const count = Number(exact.toPrecision(2))
    const perDay = known.get(count) ?? perDayAt(looks, count)
    known.set(count, perDay)
    return perDay
  })
  const busiest = volumes.isWorst ? each.indexOf(Math.max(...each)) : undefined
  return {
    rule: rule.id,
    perDay: volumes.isWorst ? Math.max(...each) : each.reduce((sum, one) => sum + one, 0),
    noiseRatio: looks.noiseRatio,
    volume:
      busiest === undefined ? Math.max(0, ...volumes.counts) : (volumes.counts[busiest] ?? null),
    windowMs: looks.windowMs,
    groups: volumes.isWorst ? 1 : volumes.counts.length,
  }
}

/** A rule as a question about counts in a window. */
interface Looks {
  readonly windowMs: number
  readonly holdMs: number
  /** Of what comes, null when all of it counts. */
  readonly noiseRatio: number | null
  readonly countMin: number | undefined
  badMin(good: number): number
}

function looksOf(rule: Rule, options: FalseTripOptions): Looks | string {
  switch (rule.kind) {
    case 'ratio':
    case 'outlier':
      return sharesOf(rule, options)
    case 'burn_rate':
      return budgetOf(rule)
    case 'count':
      return {
        windowMs: rule.windowMs,
        holdMs: rule.trip.forMs,
        noiseRatio: null,
        countMin: undefined,
        badMin: () => Math.max(1, Math.ceil(rule.trip.atLeast)),
      }
    default:
      return NO_ARITHMETIC[rule.kind]
  }
}

function sharesOf(rule: RuleOf<'ratio'> | RuleOf<'outlier'>, options: FalseTripOptions) {
  const { trip, clear, windowMs } = rule
  const noiseRatio = options.noiseRatio ?? Math.min(NOISE_RATIO_MAX, clear.below)
  if (noiseRatio >= trip.above)
    return `at ${percent(noiseRatio)} of noise it fires for good: its level is ${percent(trip.above)}`
  const { countMin, forMs } = trip
  const badMin = createBadMin(trip.above, countMin)
  return { windowMs, holdMs: forMs, noiseRatio, countMin, badMin }
}

/** A group that just meets its objective; of the windows the one that chance trips most easily. */
function budgetOf({ objective, windows, trip }: RuleOf<'burn_rate'>) {
  const noiseRatio = 1 - objective
  const pair = windows.toSorted((a, b) => a.factor * a.longMs - b.factor * b.longMs)[0]
  const above = (pair?.factor ?? 1) * (1 - objective)
  if (pair === undefined || noiseRatio >= above)
    return 'a group that just meets its objective stands at its level: only the hold keeps it quiet'
  const badMin = createBadMin(above, trip.countMin)
  return {
    ...{ windowMs: pair.longMs, holdMs: trip.forMs, noiseRatio },
    ...{ countMin: trip.countMin, badMin },
  }
}

/** The least bad ones whose share is over the level (strictly), with the least count reached. */
function createBadMin(above: number, countMin: number) {
  return (good: number) => {
    let bad = Math.max(1, countMin - good, Math.floor((above * good) / (1 - above)))
    while (bad <= above * (bad + good)) bad++
    return bad
  }
}

interface Volumes {
  /** Items in the window, of each group. */
  readonly counts: readonly number[]
  /** They are alternatives for one group, and the worst counts. */
  readonly isWorst: boolean
}

function volumesOf(rule: Rule, looks: Looks, options: FalseTripOptions): Volumes | string {
  const { countMin, windowMs, noiseRatio } = looks
  const counted = options.counted?.get(rule.id)
  // What a server counts of an outlier or a budget is one key's, or of another window.
  if (counted && (rule.kind === 'ratio' || rule.kind === 'count'))
    return counted.length > 0 ? { counts: counted, isWorst: false } : 'it has no group yet'
  if (countMin === undefined || noiseRatio === null)
    return 'what it counts is no share of anything: only a running server (--url) knows its volume'
  if (options.perS !== undefined)
    return { counts: [(options.perS * windowMs) / 1_000], isWorst: false }
  return { counts: VOLUMES.map((times) => times * countMin), isWorst: true }
}

function perDayAt({ windowMs, holdMs, noiseRatio, badMin }: Looks, count: number): number {
  const windowS = windowMs / 1_000
  const perS = count / windowS
  const badPerS = perS * (noiseRatio ?? 1)
  const goodPerS = noiseRatio === null ? 0 : perS - badPerS
  return excursionsPerDay({ badPerS, goodPerS, windowS, holdS: holdMs / 1_000, badMin })
}

function none(rule: Rule, reason: string): FalseTrips {
  return {
    ...{ rule: rule.id, perDay: null, reason, noiseRatio: null, volume: null },
    ...{ windowMs: rule.windowMs, groups: 0 },
  }
}

const percent = (ratio: number) => `${Number((ratio * 100).toPrecision(3))} %`

const LEVEL_REASON = 'it compares with a level: how far a healthy value strays is not stated'
const NO_ARITHMETIC = {
  value: LEVEL_REASON,
  quantile: LEVEL_REASON,
  growth: LEVEL_REASON,
  gap: LEVEL_REASON,
  distinct: 'how many different ones a healthy group shows is not stated',
  novelty: 'how often a healthy group writes something new is not stated',
  inflight: 'an age is no chance',
  silence: 'a silence is no chance',
  change: 'it annotates, it never pages',
  all_of: 'at most as often as the rarest of its rules',
  any_of: 'at most as often as its rules together',
} as const satisfies Record<
  Exclude<Rule['kind'], 'ratio' | 'outlier' | 'burn_rate' | 'count'>,
  string
>
