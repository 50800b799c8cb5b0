import type { RuleOf } from '../config/rules.ts'
import { createDistinctWindow } from '../lib/distinct-window.ts'
import { calmOrOpen, DISTINCT_MAX, type KindState } from './kind.ts'
import { slackToCount } from './slack.ts'

export type DistinctConfig = Pick<RuleOf<'distinct'>, 'windowMs' | 'of' | 'trip' | 'clear'>

/**
 * Fires when a field took at least so many different values in a sliding window: an exact set, so
 * that ten thousand lines of one worker are one worker. Saturates at DISTINCT_MAX values.
 */
export function createDistinct({ windowMs, of, trip, clear }: DistinctConfig): KindState {
  const values = createDistinctWindow({ countMax: DISTINCT_MAX })
  return {
    add(item) {
      const value = item.read(of)
      if (value === undefined) return undefined
      values.add(item.atUnixMs, String(value))
      return true
    },
    judge(at) {
      const value = values.count(at.endUnixMs, windowMs)
      const outcome = value >= trip.atLeast ? 'trips' : calmOrOpen(at.missing(windowMs))
      return { outcome, value, threshold: trip.atLeast, count: value }
    },
    slack: (endUnixMs) => slackToCount(trip.atLeast - values.count(endUnixMs, windowMs)),
    clears: (at) =>
      at.missing(clear.windowMs) === 0 && values.count(at.endUnixMs, clear.windowMs) < clear.below,
    restart: () => values.clear(),
    save: () => values.save(),
    load: (saved) => values.load(saved),
  }
}
