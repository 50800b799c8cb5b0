import { createValueWindow } from '../lib/value-window.ts'
import type { Item } from './kind.ts'
import { numberOf } from './number-of.ts'
import type { LevelWindow } from './per-window.ts'

/** Series that one group knows; of more, those that came first. */
const SERIES_MAX = 1_000
/** Windows after which a gauge that is not heard no longer counts; Prometheus waits five minutes. */
const STALE_WINDOWS = 5
/** So often the sum is counted anew, before taking away what was added leaves crumbs of fractions. */
const RECOUNT_READINGS = 1_024

/** The last reading of each series of metrics, bounded. */
export interface Series {
  /**
   * Takes a reading; the one before it of the same series, or undefined for a first one. `late` for
   * one that is older than the last, and `full` where there is no room: those are not taken.
   */
  take(item: Item, value: number): number | undefined | 'late' | 'full'
  /** Of the last readings of all series. */
  sum(): number
  clear(): void
  save(): unknown
  load(saved: unknown): boolean
}

interface Reading {
  readonly value: number
  readonly atUnixMs: number
}

interface SeriesOptions {
  /** After so long unheard a series makes room for a new one. */
  readonly windowMs: number
  /** After so long unheard it is forgotten; absent: when its room is needed. */
  readonly staleMs?: number
}

export function createSeries({
  windowMs,
  staleMs = Number.POSITIVE_INFINITY,
}: SeriesOptions): Series {
  // In the order of last readings.
  const readings = new Map<string, Reading>()
  let sum = 0
  let takenCount = 0
  const recount = () => {
    sum = 0
    for (const { value } of readings.values()) sum += value
  }
  const forgetOldest = (nowUnixMs: number) => {
    for (const [key, { value, atUnixMs }] of readings) {
      const ageMs = nowUnixMs - atUnixMs
      if (ageMs <= (readings.size >= SERIES_MAX ? windowMs : staleMs)) return
      readings.delete(key)
      sum -= value
    }
  }
  return {
    take(item, value) {
      const { atUnixMs } = item
      const key = seriesOf(item)
      const last = readings.get(key)
      if (last && atUnixMs < last.atUnixMs) return 'late'
      if (!last) {
        forgetOldest(atUnixMs)
        if (readings.size >= SERIES_MAX) return 'full'
      }
      readings.delete(key)
      readings.set(key, { value, atUnixMs })
      if (last && staleMs !== Number.POSITIVE_INFINITY) forgetOldest(atUnixMs)
      sum += value - (last?.value ?? 0)
      if (++takenCount % RECOUNT_READINGS === 0) recount()
      return last?.value
    },
    sum: () => sum,
    clear() {
      readings.clear()
      sum = 0
    },
    save: () => [...readings].map(([key, { value, atUnixMs }]) => [key, value, atUnixMs]),
    load(saved) {
      readings.clear()
      if (!Array.isArray(saved) || saved.length > SERIES_MAX) return false
      for (const one of saved) {
        const [key, value, atUnixMs]: unknown[] = Array.isArray(one) ? one : []
        if (typeof key !== 'string' || !isNumber(value) || !isNumber(atUnixMs)) return false
        readings.set(key, { value, atUnixMs })
      }
      recount()
      return true
    },
  }
}

/**
 * A gauge of many series (one per worker, say) as one: at each reading the sum of the last readings
 * of all series, as `sum by` of Prometheus has it. Its mean over a window is the level.
 */
export function createSeriesSum(
  of: string,
  size: { readonly bucketMs: number; readonly windowMs: number; readonly spanMs: number },
) {
  const series = createSeries({ ...size, staleMs: size.windowMs * STALE_WINDOWS })
  const window = createValueWindow(size)
  return {
    get sinceMs() {
      return window.sinceMs
    },
    add(item: Item) {
      const value = numberOf(item, of)
      if (value === undefined || typeof series.take(item, value) === 'string') return undefined
      const sum = series.sum()
      window.add(item.atUnixMs, sum)
      return sum
    },
    summary: window.summary.bind(window),
    level(endMs: number, lengthMs: number) {
      const summary = window.summary(endMs, lengthMs)
      return summary && { level: summary.sum / summary.count, count: summary.count }
    },
    clear() {
      window.clear()
      series.clear()
    },
    save: () => [window.save(), series.save()],
    load: (saved: unknown) =>
      Array.isArray(saved) && window.load(saved[0]) && series.load(saved[1]),
  } satisfies LevelWindow & { summary: unknown }
}

/** Who sent it, and which of its series: what has no name for it is one series per metric. */
function seriesOf({ source, read }: Item): string {
  return `${source.id} ${read('metric.series') ?? read('metric') ?? ''}`
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value)
}
