import type { RuleOf } from '../config/rules.ts'
import { bucketMsOf } from '../lib/ring-window.ts'
import { createValueWindow } from '../lib/value-window.ts'
import type { KindState } from './kind.ts'
import { numberOf } from './number-of.ts'
import { createPerWindow, type LevelWindow, remembering } from './per-window.ts'
import { createSeriesSum } from './series.ts'
import { bucketEndMs, slackToCount } from './slack.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const BUCKETS_MAX = 4_000

/**
 * Fires when a number or a volume is n times what it was: against the same window `over` ago, or
 * against a baseline (the same hour of each past day when it spans days, else all of it before now).
 * Insufficient until there is that much data. `of: volume` counts items instead of reading a number;
 * with `series: sum`, the number is the sum of the last readings of all series.
 * With `per`, it is the sum over all items, divided by how many match, that grew.
 */
export function createGrowth(rule: RuleOf<'growth'>): KindState {
  const { windowMs, trip, clear } = rule
  const pastMs = pastMsOf(rule)
  const spanMs = spanMsOf(rule)
  const bucketMs = growthBucketMs(rule)
  const { of, per } = rule
  const size = { bucketMs, windowMs, spanMs }
  const alone = rule.series ? createSeriesSum(of, size) : createLevel(of, size)
  const window = per ? createPerWindow({ ...size, of, per }) : alone
  // Of items alone; per items of a kind, there may be nothing to tell it from.
  const isVolume = of === 'volume' && !per
  const levelOf = window.level
  const past = remembering(window, bucketMs)
  const before = (endMs: number, lengthMs: number) => {
    if (window.sinceMs === undefined || window.sinceMs > endMs - pastMs) return undefined
    if (rule.overMs !== undefined) return past.level(endMs - rule.overMs, lengthMs)
    if (pastMs < DAY_MS) return past.level(endMs - lengthMs, pastMs - lengthMs)
    const days = Array.from({ length: Math.floor(pastMs / DAY_MS) }, (_, day) =>
      levelOf(endMs - (day + 1) * DAY_MS + HOUR_MS / 2, HOUR_MS),
    ).filter((level) => level !== undefined)
    const sum = (key: 'level' | 'count') => days.reduce((total, day) => total + day[key], 0)
    return days.length === 0
      ? undefined
      : { level: sum('level') / days.length, count: sum('count') }
  }
  const compare = (endMs: number, lengthMs: number) => {
    const then = before(endMs, lengthMs)
    const now = levelOf(endMs, lengthMs) ?? (isVolume ? { level: 0, count: 0 } : undefined)
    if (!then || !now) return undefined
    // A volume that fell to nothing is judged by how much there was.
    const count = trip.isAbove ? now.count : then.count
    const floor = isVolume ? rule.floor / (lengthMs / 1_000) : rule.floor
    return { times: now.level / Math.max(then.level, floor), count }
  }

  return {
    add: (item) => (past.add(item) === undefined ? undefined : true),
    ...(past.addAll && { addAll: past.addAll }),
    judge(at) {
      const missing = at.missing(windowMs)
      const now = compare(at.endUnixMs, windowMs)
      const threshold = trip.times
      if (!now || now.count < trip.countMin) {
        const outcome = missing > 0 ? 'open' : 'few'
        return { outcome, value: now?.times ?? null, threshold, count: now?.count ?? 0 }
      }
      const trips = trip.isAbove ? now.times > threshold : now.times < threshold
      const isOpen = missing > 0 && !(trips && at.isTripped)
      const outcome = isOpen ? 'open' : trips ? 'trips' : 'calm'
      return { outcome, value: now.times, threshold, count: now.count }
    },
    slack(endUnixMs, outcome) {
      const untilUnixMs = bucketEndMs(endUnixMs, bucketMs)
      if (before(endUnixMs, windowMs) === undefined)
        return { weight: Number.POSITIVE_INFINITY, untilUnixMs }
      const isCounted = outcome === 'few' && trip.isAbove
      const count = isCounted ? (levelOf(endUnixMs, windowMs)?.count ?? 0) : trip.countMin
      return slackToCount(trip.countMin - count)
    },
    clears(at) {
      const now = compare(at.endUnixMs, clear.windowMs)
      if (!now || at.missing(clear.windowMs) > 0) return false
      return trip.isAbove ? now.times < clear.times : now.times > clear.times
    },
    restart: () => past.clear(),
    save: () => past.save(),
    load: (saved) => past.load(saved),
  }
}

const pastMsOf = ({ baselineMs, overMs }: RuleOf<'growth'>) => baselineMs ?? overMs ?? 0

function spanMsOf(rule: RuleOf<'growth'>): number {
  const pastMs = pastMsOf(rule)
  const longMs = Math.max(rule.windowMs, rule.clear.windowMs)
  return pastMs + longMs + DAY_MS * Number(pastMs >= DAY_MS)
}

/** Long baselines are kept coarser, so that a week costs no more than an hour. */
export function growthBucketMs(rule: RuleOf<'growth'>): number {
  return Math.max(bucketMsOf(rule.windowMs), spanMsOf(rule) / BUCKETS_MAX)
}

/** Items (adjusted) per second, or the mean of the number. */
function createLevel(of: string, size: { bucketMs: number; spanMs: number }): LevelWindow {
  const isVolume = of === 'volume'
  const window = createValueWindow(size)
  return {
    get sinceMs() {
      return window.sinceMs
    },
    add(item) {
      const value = isVolume ? item.weight / item.count : numberOf(item, of)
      if (value !== undefined) window.add(item.atUnixMs, value, item.count)
      return value
    },
    addAll({ atUnixMs }, { from, until, values, counts }) {
      for (let i = from; i < until; i++) {
        const value = values[i] as number
        if (!Number.isNaN(value)) window.add(atUnixMs, value, counts[i] as number)
      }
      return true
    },
    level(endMs, lengthMs) {
      const summary = window.summary(endMs, lengthMs)
      if (!summary) return undefined
      const level = isVolume ? (summary.sum * 1_000) / lengthMs : summary.sum / summary.count
      return { level, count: summary.count }
    },
    clear: () => window.clear(),
    save: () => window.save(),
    load: (saved) => window.load(saved),
  }
}
