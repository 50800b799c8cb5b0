import type { RuleOf } from '../config/rules.ts'
import { bucketMsOf, createRingWindow } from '../lib/ring-window.ts'
import { createDistinct } from './distinct.ts'
import { createDistinctMin } from './distinct-min.ts'
import { calmOrOpen, type KindState } from './kind.ts'
import { slackToCount } from './slack.ts'

const SAMPLES = 0
const TOTAL = 1

/**
 * Fires when at least so many items stand in a sliding window (adjusted counts). What is missing
 * can only add to a count, so a reached level is conclusive whatever is missing.
 */
export function createCount(rule: RuleOf<'count'>): KindState {
  const { windowMs, trip, clear } = rule
  // A router that reports every second is still one router.
  if (rule.on === 'routers') return createDistinct({ ...rule, of: 'router' })
  const ring = createRingWindow({
    bucketMs: bucketMsOf(windowMs),
    windowMs,
    spanMs: Math.max(windowMs, clear.windowMs),
    channelCount: 2,
  })
  const distinct = createDistinctMin(trip.distinctMin)
  return {
    add(item) {
      if (!ring.add(item.atUnixMs, SAMPLES, item.count)) return undefined
      ring.add(item.atUnixMs, TOTAL, item.weight)
      distinct.add(item)
      return true
    },
    judge(at) {
      const value = ring.sum(TOTAL, at.endUnixMs, windowMs)
      const trips = value >= trip.atLeast && distinct.isMet(at.endUnixMs, windowMs)
      return {
        outcome: trips ? 'trips' : calmOrOpen(at.missing(windowMs)),
        value,
        threshold: trip.atLeast,
        count: ring.sum(SAMPLES, at.endUnixMs, windowMs),
      }
    },
    slack: (endUnixMs) => slackToCount(trip.atLeast - ring.sum(TOTAL, endUnixMs, windowMs)),
    clears: (at) =>
      at.missing(clear.windowMs) === 0 &&
      ring.sum(TOTAL, at.endUnixMs, clear.windowMs) < clear.below,
    restart() {
      ring.clear()
      distinct.clear()
    },
    save: () => [ring.save(), distinct.save()],
    load: (saved) => Array.isArray(saved) && ring.load(saved[0]) && distinct.load(saved[1]),
  }
}
