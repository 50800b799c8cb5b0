import type { RuleOf } from '../config/rules.ts'
import { compileMatchers } from '../lib/matcher.ts'
import { bucketMsOf, createRingWindow } from '../lib/ring-window.ts'
import { createDistinctMin } from './distinct-min.ts'
import { type Instant, type Item, type KindState, STRETCH_MAX } from './kind.ts'

const SAMPLES = 0
const TOTAL = 1
const BAD = 2

/**
 * Fires when the share of bad items in a sliding window exceeds a level.
 *
 * With m items missing, the ratio lies in [bad/(n+m), (bad+m)/(n+m)]: it trips when even the lower
 * bound is over the trip level, clears when even the upper bound is under the clear level. Ratios are
 * of weights (adjusted counts), least counts are of samples.
 */
export function createRatio(rule: RuleOf<'ratio'>): KindState {
  const { windowMs, trip, clear } = rule
  const isBad = compileMatchers(rule.bad)
  const spanMs = Math.max(windowMs, clear.windowMs * STRETCH_MAX)
  const ring = createRingWindow({
    bucketMs: bucketMsOf(windowMs),
    windowMs,
    spanMs,
    channelCount: 3,
  })
  const distinct = createDistinctMin(trip.distinctMin)
  const bounds = (endMs: number, spanOfMs: number, missing: number) => {
    const total = ring.sum(TOTAL, endMs, spanOfMs)
    const bad = ring.sum(BAD, endMs, spanOfMs)
    const all = total + missing
    return {
      value: total === 0 ? null : bad / total,
      low: all === 0 ? 0 : bad / all,
      high: all === 0 ? 0 : (bad + missing) / all,
    }
  }

  const outcomeOf = (at: Instant, count: number) => {
    const missing = at.missing(windowMs)
    const { low, high } = bounds(at.endUnixMs, windowMs, missing)
    const isEnough = count >= trip.countMin
    if (isEnough && low > trip.above && distinct.isMet(at.endUnixMs, windowMs)) return 'trips'
    if (missing === 0) return isEnough ? 'calm' : 'few'
    if (count + missing < trip.countMin) return 'few'
    return high < clear.below ? 'calm' : 'open'
  }

  return {
    add(item) {
      const bad = isBad(item.read)
      if (!bad && isOutside(rule, item)) return false
      const isInTime = ring.add(item.atUnixMs, SAMPLES, 1)
      if (!isInTime) return false
      ring.add(item.atUnixMs, TOTAL, item.weight)
      if (bad) {
        ring.add(item.atUnixMs, BAD, item.weight)
        distinct.add(item)
      }
      return bad
    },
    judge(at) {
      const count = ring.sum(SAMPLES, at.endUnixMs, windowMs)
      const { value } = bounds(at.endUnixMs, windowMs, 0)
      return { outcome: outcomeOf(at, count), value, threshold: trip.above, count }
    },
    clears(at) {
      const { endUnixMs } = at
      const reachMs = Math.max(clear.windowMs, endUnixMs - at.floorUnixMs)
      const spanOfMs = ring.widen({
        channel: SAMPLES,
        endMs: endUnixMs,
        atLeast: clear.countMin,
        windowMs: clear.windowMs,
        windowMaxMs: Math.min(clear.windowMs * STRETCH_MAX, reachMs),
      })
      if (ring.sum(SAMPLES, endUnixMs, spanOfMs) < clear.countMin) return false
      return bounds(endUnixMs, spanOfMs, at.missing(spanOfMs)).high < clear.below
    },
    restart() {
      ring.clear()
      distinct.clear()
    },
  }
}

/**
 * `rejected` and `cancelled` count in no failure ratio, unless the rule itself asks for outcomes
 * there: a `where` on outcome chose its population, a `bad` on outcome counts what it names.
 */
export function isOutside(rule: RuleOf<'ratio'>, item: Item): boolean {
  if (rule.on !== 'attempts' && rule.on !== 'requests') return false
  if (Object.hasOwn(rule.where, 'outcome')) return false
  const outcome = item.read('outcome')
  return outcome === 'rejected' || outcome === 'cancelled'
}
