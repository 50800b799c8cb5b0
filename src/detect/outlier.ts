import type { RuleOf } from '../config/rules.ts'
import {
  ALL,
  BAD,
  createKeyedWindow,
  type KeyedWindow,
  SAMPLES,
  TOTAL,
} from '../lib/keyed-window.ts'
import { compileMatchers } from '../lib/matcher.ts'
import { bucketMsOf } from '../lib/ring-window.ts'
import type { Instant, KindState } from './kind.ts'
import { createOutside } from './outcome-scope.ts'
import { createOutlierReason, type Outlier } from './outlier-reason.ts'
import { bucketEndMs, slackToSign } from './slack.ts'

/** Keys per group; a flood of further ones pushes out those heard least recently. */
export const KEYS_MAX = 256

/**
 * Fires when the bad share of one key exceeds a level while all other keys together are well: a
 * broken model or worker, which no share of everything would show. When everything fails there is no
 * outlier, and one key alone, or too few items of the others, are too little to judge.
 *
 * With m items missing, all of them may have been good ones of this key or bad ones of the rest: it
 * trips when it holds even then. Shares are of weights, least counts of samples. Clears when every
 * key that tripped is back below the level, or sends nothing any more.
 *
 * Memory per group: 12 B per key and bucket, 280 KB for 256 keys at 90 buckets.
 */
export function createOutlier(rule: RuleOf<'outlier'>): KindState {
  const { windowMs, trip, clear } = rule
  const isBadItem = compileMatchers(rule.bad)
  const isOutside = createOutside(rule)
  const spanMs = Math.max(windowMs, clear.windowMs)
  const options = { bucketMs: bucketMsOf(windowMs), windowMs, spanMs, keysMax: KEYS_MAX }
  const window = createKeyedWindow(options)
  const reason = createOutlierReason({ rule, window })
  const signs = createSigns(rule, window)
  const amount = { count: 0, weight: 0, isBad: false }
  /** Keys that made it fire; clearing waits for them. */
  const tripped = new Set<string>()

  return {
    add(item) {
      const key = item.read(rule.key)
      const isBad = isBadItem(item.read)
      if (key === undefined || (!isBad && isOutside(item))) return undefined
      amount.count = item.count
      amount.weight = item.weight
      amount.isBad = isBad
      const name = typeof key === 'string' ? key : String(key)
      const place = window.add(item.atUnixMs, name, amount)
      return place < 0 ? undefined : signs.of(place)
    },
    judge(at) {
      window.moveTo(at.endUnixMs)
      const { outliers, worst, isJudged } = survey({ rule, window, at })
      signs.wasJudged = isJudged
      if (outliers.length === 0 && !at.isTripped) tripped.clear()
      for (const { place } of outliers) tripped.add(window.keyAt(place))
      if (tripped.size > KEYS_MAX) forgetGone(tripped, window)
      const [first = worst] = outliers
      const facts = { value: first?.ratio ?? null, threshold: trip.above, count: first?.count ?? 0 }
      if (outliers.length > 0)
        return { outcome: 'trips', ...facts, reason: reason.of(outliers, at.endUnixMs) }
      if (at.missing(windowMs) > 0) return { outcome: 'open', ...facts }
      return { outcome: isJudged ? 'calm' : 'few', ...facts }
    },
    slack(endUnixMs) {
      const untilUnixMs = bucketEndMs(endUnixMs, options.bucketMs)
      return signs.isAnyBad() ? { weight: 0, untilUnixMs } : slackToSign(untilUnixMs)
    },
    clears(at) {
      for (const key of tripped) if (!isBack({ rule, window, at }, key)) return false
      return true
    },
    restart() {
      window.clear()
      tripped.clear()
      signs.wasJudged = false
    },
    save: () => [window.save(), [...tripped], signs.wasJudged],
    load(saved) {
      tripped.clear()
      if (!Array.isArray(saved) || !window.load(saved[0])) return false
      const keys: unknown = saved[1]
      if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) return false
      for (const key of keys.slice(0, KEYS_MAX)) tripped.add(key)
      signs.wasJudged = saved[2] === true
      return true
    },
  }
}

interface Query {
  readonly rule: RuleOf<'outlier'>
  readonly window: KeyedWindow
  readonly at: Instant
}

/** All keys with enough items: those that stand out, worst first, the worst of all, and whether any could be judged. */
function survey({ rule, window, at }: Query) {
  const { windowMs, trip } = rule
  const endMs = at.endUnixMs
  // What fires already goes on while something is missing.
  const missing = at.isTripped ? 0 : at.missing(windowMs)
  const sum = (place: number, channel: number) => window.sum({ place, channel, endMs, windowMs })
  const all = { count: sum(ALL, SAMPLES), total: sum(ALL, TOTAL), bad: sum(ALL, BAD) }
  const outliers: Outlier[] = []
  let worst: Outlier | undefined
  let isJudged = false
  for (let place = ALL + 1; place < window.placeCount; place++) {
    const count = sum(place, SAMPLES)
    if (count < trip.countMin) continue
    const total = sum(place, TOTAL)
    const bad = sum(place, BAD)
    const ratio = bad / total
    if (!worst || ratio > worst.ratio) worst = { place, ratio, count }
    if (all.count - count < trip.countMin) continue
    isJudged = true
    const restRatio = (all.bad - bad + missing) / (all.total - total + missing)
    const isWorse =
      bad / (total + missing) > trip.above && ratio > (trip.timesRest ?? 0) * restRatio
    if (isWorse && restRatio < rule.restBelow) outliers.push({ place, ratio, count })
  }
  outliers.sort((a, b) => b.ratio - a.ratio || b.count - a.count)
  return { outliers, worst, isJudged }
}

/**
 * Whether a key that took something may stand out now, or makes judging possible: told by the newest
 * window, so that most items need no survey of all keys.
 */
function createSigns({ trip }: RuleOf<'outlier'>, window: KeyedWindow) {
  const { countMin, above } = trip
  const countOf = (place: number) => window.running(place, SAMPLES)
  const isBad = (place: number) =>
    countOf(place) >= countMin && window.running(place, BAD) > above * window.running(place, TOTAL)
  const hasRest = (place: number) =>
    countOf(place) >= countMin && countOf(ALL) - countOf(place) >= countMin
  const isAny = (holds: (place: number) => boolean) => {
    for (let place = ALL + 1; place < window.placeCount; place++) if (holds(place)) return true
    return false
  }
  return {
    /** By the last survey: whether any key had enough items, and all others together too. */
    wasJudged: false,
    /** A key is over the level: what others take may make it stand out. */
    isAnyBad: () => isAny(isBad),
    of(place: number): boolean {
      if (this.wasJudged) return isBad(place)
      return countOf(ALL) >= 2 * countMin && isAny(hasRest)
    },
  }
}

/** Whether a key is well again on the clear window, or on the trip window while that holds too few. */
function isBack({ rule, window, at }: Query, key: string): boolean {
  const { trip, clear, windowMs } = rule
  const place = window.placeOf(key)
  if (place === undefined) return true
  const endMs = at.endUnixMs
  const isFew =
    window.sum({ place, channel: SAMPLES, endMs, windowMs: clear.windowMs }) < trip.countMin
  const ofMs = isFew ? Math.max(windowMs, clear.windowMs) : clear.windowMs
  const total = window.sum({ place, channel: TOTAL, endMs, windowMs: ofMs })
  const missing = at.missing(ofMs)
  // It sends nothing any more: taken out, or routed around.
  if (total === 0 && missing === 0) return true
  const bad = window.sum({ place, channel: BAD, endMs, windowMs: ofMs })
  return (bad + missing) / (total + missing) < clear.below
}

function forgetGone(tripped: Set<string>, window: KeyedWindow): void {
  for (const key of tripped) if (window.placeOf(key) === undefined) tripped.delete(key)
}
