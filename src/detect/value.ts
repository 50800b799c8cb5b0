import type { RuleOf } from '../config/rules.ts'
import { bucketMsOf } from '../lib/ring-window.ts'
import { createValueWindow, type ValueSummary } from '../lib/value-window.ts'
import { type Item, type KindState, STRETCH_MAX } from './kind.ts'
import { numberOf } from './number-of.ts'
import { createPerWindow, type LevelWindow } from './per-window.ts'
import { createSeries, createSeriesSum } from './series.ts'
import { bucketEndMs, slackToCount } from './slack.ts'

/**
 * Fires when an aggregate of a number is over (or under) a level.
 *
 * `rate` is per second: on metrics the increase of counters, each series (sender, metric, attributes)
 * by itself, a lower reading than the last being a restart from 0; on other items the sum of the
 * field. With `series: sum`, the aggregate is of the sum of all series. With `per`, the sum is over
 * all items and divided by how many match.
 */
export function createValue(rule: RuleOf<'value'>): KindState {
  const { windowMs, trip, clear } = rule
  const stretchMs = clear.windowMs * STRETCH_MAX
  const size = { bucketMs: bucketMsOf(windowMs), windowMs, spanMs: Math.max(windowMs, stretchMs) }
  const { per, of } = rule
  const window = per ? createPerWindow({ ...size, of, per }) : createAggregate(rule, size)
  const isOver = (value: number, level: number) => (trip.isAbove ? value > level : value < level)

  return {
    add(item) {
      const value = window.add(item)
      return value === undefined ? undefined : isOver(value, trip.level)
    },
    ...(window.addAll && { addAll: window.addAll }),
    judge(at) {
      const now = window.level(at.endUnixMs, windowMs)
      const threshold = trip.level
      if (!now || now.count < trip.countMin) {
        const outcome = at.missing(windowMs) > 0 ? 'open' : 'few'
        return { outcome, value: null, threshold, count: now?.count ?? 0 }
      }
      const { level: value, count } = now
      const trips = isOver(value, threshold)
      // What is missing could move an average either way: only what fires already goes on.
      const isOpen = at.missing(windowMs) > 0 && !(trips && at.isTripped)
      const outcome = isOpen ? 'open' : trips ? 'trips' : 'calm'
      return { outcome, value, threshold, count }
    },
    slack(endUnixMs, outcome) {
      if (outcome === 'few')
        return slackToCount(trip.countMin - (window.level(endUnixMs, windowMs)?.count ?? 0))
      const spare = trip.isAbove ? window.spare?.(endUnixMs, windowMs, trip.level) : undefined
      const untilUnixMs = bucketEndMs(endUnixMs, size.bucketMs)
      return { weight: spare ?? 0, of: 'all', untilUnixMs }
    },
    clears(at) {
      const reachMs = Math.min(stretchMs, Math.max(clear.windowMs, at.endUnixMs - at.floorUnixMs))
      for (let spanMs = clear.windowMs; ; spanMs = Math.min(spanMs * 2, reachMs)) {
        const now = window.level(at.endUnixMs, spanMs)
        if (now && now.count >= clear.countMin) {
          const isBack = trip.isAbove ? now.level < clear.level : now.level > clear.level
          return isBack && at.missing(spanMs) === 0
        }
        if (spanMs >= reachMs) return false
      }
    },
    restart: () => window.clear(),
    save: () => window.save(),
    load: (saved) => window.load(saved),
  }
}

/** The aggregate of the number alone, over all items that carry it. */
function createAggregate(
  rule: RuleOf<'value'>,
  size: { readonly bucketMs: number; readonly spanMs: number },
): LevelWindow {
  const { of, agg } = rule
  if (rule.series) return createSummed(rule, size)
  const window = createValueWindow(size)
  const isCounter = agg === 'rate' && rule.on === 'metrics'
  const series = createSeries(rule)
  const increase = (item: Item, value: number) => {
    const last = series.take(item, value)
    if (typeof last !== 'number') return 0
    return value >= last ? value - last : value
  }
  return {
    get sinceMs() {
      return window.sinceMs
    },
    add(item) {
      const value = numberOf(item, of)
      if (value === undefined) return undefined
      if (isCounter) window.add(item.atUnixMs, increase(item, value))
      else window.add(item.atUnixMs, value, item.count)
      return value
    },
    addAll(item, { from, until, values, counts }) {
      for (let i = from; i < until; i++) {
        const value = values[i] as number
        if (!Number.isNaN(value)) window.add(item.atUnixMs, value, counts[i] as number)
      }
      return true
    },
    level(endMs, lengthMs) {
      const summary = window.summary(endMs, lengthMs)
      return summary && { level: aggregate(summary, agg, lengthMs), count: summary.count }
    },
    clear() {
      window.clear()
      series.clear()
    },
    save: () => [window.save(), series.save()],
    load: (saved) => Array.isArray(saved) && window.load(saved[0]) && series.load(saved[1]),
  }
}

/** The aggregate of what all series come to together. */
function createSummed(
  { of, agg, windowMs }: RuleOf<'value'>,
  size: { readonly bucketMs: number; readonly spanMs: number },
): LevelWindow {
  const window = createSeriesSum(of, { ...size, windowMs })
  return Object.assign(window, {
    level(endMs: number, lengthMs: number) {
      const summary = window.summary(endMs, lengthMs)
      return summary && { level: aggregate(summary, agg, lengthMs), count: summary.count }
    },
  })
}

function aggregate(summary: ValueSummary, agg: RuleOf<'value'>['agg'], windowMs: number): number {
  if (agg === 'avg') return summary.sum / summary.count
  if (agg === 'rate') return (summary.sum * 1_000) / windowMs
  return summary[agg]
}
