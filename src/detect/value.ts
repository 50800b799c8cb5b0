import type { RuleOf } from '../config/rules.ts'
import { bucketMsOf } from '../lib/ring-window.ts'
import { createValueWindow, type ValueSummary } from '../lib/value-window.ts'
import { type Item, type KindState, STRETCH_MAX } from './kind.ts'
import { numberOf } from './number-of.ts'

const SERIES_MAX = 1_000

/**
 * Fires when an aggregate of a number is over (or under) a level.
 *
 * `rate` is per second: on metrics the increase of a counter, per source, a lower reading than the
 * last being a restart from 0; on other items the sum of the field.
 */
export function createValue(rule: RuleOf<'value'>): KindState {
  const { windowMs, trip, clear, of, agg } = rule
  const stretchMs = clear.windowMs * STRETCH_MAX
  const window = createValueWindow({
    bucketMs: bucketMsOf(windowMs),
    spanMs: Math.max(windowMs, stretchMs),
  })
  const isCounter = agg === 'rate' && rule.on === 'metrics'
  const readings = new Map<string, number>()
  const increase = (item: Item, value: number) => {
    const last = readings.get(item.source.id)
    if (last === undefined && readings.size >= SERIES_MAX) return 0
    readings.set(item.source.id, value)
    return last === undefined ? 0 : value >= last ? value - last : value
  }
  const isOver = (value: number, level: number) => (trip.isAbove ? value > level : value < level)

  return {
    add(item) {
      const value = numberOf(item, of)
      if (value === undefined) return undefined
      window.add(item.atUnixMs, isCounter ? increase(item, value) : value)
      return isOver(value, trip.level)
    },
    judge(at) {
      const summary = window.summary(at.endUnixMs, windowMs)
      const threshold = trip.level
      if (!summary || summary.count < trip.countMin) {
        const outcome = at.missing(windowMs) > 0 ? 'open' : 'few'
        return { outcome, value: null, threshold, count: summary?.count ?? 0 }
      }
      const value = aggregate(summary, agg, windowMs)
      const trips = isOver(value, threshold)
      // What is missing could move an average either way: only what fires already goes on.
      const isOpen = at.missing(windowMs) > 0 && !(trips && at.isTripped)
      const outcome = isOpen ? 'open' : trips ? 'trips' : 'calm'
      return { outcome, value, threshold, count: summary.count }
    },
    clears(at) {
      const reachMs = Math.min(stretchMs, Math.max(clear.windowMs, at.endUnixMs - at.floorUnixMs))
      for (let spanMs = clear.windowMs; ; spanMs = Math.min(spanMs * 2, reachMs)) {
        const summary = window.summary(at.endUnixMs, spanMs)
        if (summary && summary.count >= clear.countMin) {
          const value = aggregate(summary, agg, spanMs)
          const isBack = trip.isAbove ? value < clear.level : value > clear.level
          return isBack && at.missing(spanMs) === 0
        }
        if (spanMs >= reachMs) return false
      }
    },
    restart() {
      window.clear()
      readings.clear()
    },
    save: () => [window.save(), [...readings]],
    load(saved) {
      if (!Array.isArray(saved) || !window.load(saved[0]) || !Array.isArray(saved[1])) return false
      readings.clear()
      for (const [source, value] of saved[1]) readings.set(String(source), Number(value))
      return true
    },
  }
}

function aggregate(summary: ValueSummary, agg: RuleOf<'value'>['agg'], windowMs: number): number {
  if (agg === 'avg') return summary.sum / summary.count
  if (agg === 'rate') return (summary.sum * 1_000) / windowMs
  return summary[agg]
}
