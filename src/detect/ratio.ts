import type { RuleOf } from '../config/rules.ts'
import { compileMatchers } from '../lib/matcher.ts'
import { createDistinctMin } from './distinct-min.ts'
import { type Instant, type KindState, STRETCH_MAX } from './kind.ts'
import { createOutside } from './outcome-scope.ts'
import { createRatioWindow } from './ratio-window.ts'
import { REST_MS, slackToCount } from './slack.ts'

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
  const isOutside = createOutside(rule)
  const stretchMs = clear.windowMs * STRETCH_MAX
  const window = createRatioWindow({ windowMs, spanMs: Math.max(windowMs, stretchMs) })
  const distinct = createDistinctMin(trip.distinctMin)

  // A bucket leaves the window at once, items leave an exact window one by one. With the edge
  // counted as still inside, the rule trips up to one bucket late and never early: a steady 40.0 %
  // does not trip a 40 % rule.
  const isOver = (endMs: number, missing: number) =>
    window.bounds(endMs, windowMs, missing).low > trip.above &&
    window.bounds(endMs, windowMs, missing + window.edge(endMs)).low > trip.above &&
    distinct.isMet(endMs, windowMs)

  const outcomeOf = ({ endUnixMs, missing: missingIn }: Instant, count: number) => {
    const missing = missingIn(windowMs)
    const isEnough = count >= trip.countMin
    if (isEnough && isOver(endUnixMs, missing)) return 'trips'
    if (missing === 0) return isEnough ? 'calm' : 'few'
    if (count + missing < trip.countMin) return 'few'
    return window.bounds(endUnixMs, windowMs, missing).high < clear.below ? 'calm' : 'open'
  }

  return {
    add(item) {
      const bad = isBad(item.read)
      if (!bad && isOutside(item)) return undefined
      if (!window.add(item, bad)) return undefined
      if (bad) distinct.add(item)
      return bad
    },
    judge(at) {
      const count = window.count(at.endUnixMs, windowMs)
      const { value } = window.bounds(at.endUnixMs, windowMs, 0)
      return { outcome: outcomeOf(at, count), value, threshold: trip.above, count }
    },
    slack(endUnixMs, outcome) {
      if (outcome === 'few') return slackToCount(trip.countMin - window.count(endUnixMs, windowMs))
      const untilUnixMs = endUnixMs + REST_MS
      const query = { endMs: endUnixMs, untilMs: untilUnixMs, windowMs, above: trip.above }
      return { weight: window.spare(query), untilUnixMs }
    },
    clears({ endUnixMs, floorUnixMs, missing }) {
      const reachMs = Math.max(clear.windowMs, endUnixMs - floorUnixMs)
      const ofMs = window.widen({
        endMs: endUnixMs,
        atLeast: clear.countMin,
        windowMs: clear.windowMs,
        windowMaxMs: Math.min(stretchMs, reachMs),
      })
      if (window.count(endUnixMs, ofMs) < clear.countMin) return false
      return window.bounds(endUnixMs, ofMs, missing(ofMs)).high < clear.below
    },
    restart() {
      window.clear()
      distinct.clear()
    },
    save: () => [window.save(), distinct.save()],
    load: (saved) => Array.isArray(saved) && window.load(saved[0]) && distinct.load(saved[1]),
  }
}
