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
import { isOutside } from './outcome-scope.ts'
import { createOutlierReason, type Outlier } from './outlier-reason.ts'
import { bucketEndMs } from './slack.ts'

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
  const spanMs = Math.max(windowMs, clear.windowMs)
  const options = { bucketMs: bucketMsOf(windowMs), windowMs, spanMs, keysMax: KEYS_MAX }
  const window = createKeyedWindow(options)
  const reason = createOutlierReason({ rule, window })
  const amount = { count: 0, weight: 0, isBad: false }
  /** Keys that made it fire; clearing waits for them. */
  const tripped = new Set<string>()

  return {
    add(item) {
      const key = item.read(rule.key)
      const isBad = isBadItem(item.read)
      if (key === undefined || (!isBad && isOutside(rule, item))) return undefined
      amount.count = item.count
      amount.weight = item.weight
      amount.isBad = isBad
      const name = typeof key === 'string' ? key : String(key)
      return window.add(item.atUnixMs, name, amount) ? isBad : undefined
    },
    judge(at) {
      window.moveTo(at.endUnixMs)
      const { outliers, worst, isJudged } = survey({ rule, window, at })
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
    slack(endUnixMs, outcome) {
      const untilUnixMs = bucketEndMs(endUnixMs, options.bucketMs)
      const query = { rule, window, endMs: endUnixMs }
      return { weight: outcome === 'calm' ? spareOf(query) : lackOf(query), untilUnixMs }
    },
    clears(at) {
      for (const key of tripped) if (!isBack({ rule, window, at }, key)) return false
      return true
    },
    restart() {
      window.clear()
      tripped.clear()
    },
    save: () => [window.save(), [...tripped]],
    load(saved) {
      tripped.clear()
      if (!Array.isArray(saved) || !window.load(saved[0])) return false
      const keys: unknown = saved[1]
      if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) return false
      for (const key of keys.slice(0, KEYS_MAX)) tripped.add(key)
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

interface SlackQuery extends Omit<Query, 'at'> {
  readonly endMs: number
}

/** How many bad ones the first key may get before it can be over the level with enough items. */
function spareOf({ rule, window, endMs }: SlackQuery): number {
  const { windowMs, trip } = rule
  const { above, countMin } = trip
  // One that is not there yet begins from nothing.
  let least = above * countMin
  for (let place = ALL + 1; place < window.placeCount; place++) {
    const sum = (channel: number) => window.sum({ place, channel, endMs, windowMs })
    const total = sum(TOTAL)
    const bad = sum(BAD)
    // Where too few came, good ones may make them enough.
    const alone = (above * total - bad) / (1 - above)
    const filledUp = above * (total + countMin - sum(SAMPLES)) - bad
    least = Math.min(least, Math.max(alone, filledUp))
  }
  return least
}

/** How many items must come before a key, and all others together, have enough. */
function lackOf({ rule, window, endMs }: SlackQuery): number {
  const { windowMs, trip } = rule
  const countOf = (place: number) => window.sum({ place, channel: SAMPLES, endMs, windowMs })
  const all = countOf(ALL)
  let least = trip.countMin
  for (let place = ALL + 1; place < window.placeCount; place++) {
    const own = countOf(place)
    least = Math.min(least, Math.max(trip.countMin - own, trip.countMin - (all - own)))
  }
  return least
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
