import type { RuleOf } from '../config/rules.ts'
import { calmOrOpen, type Instant, type Item, type KindState } from './kind.ts'
import { numberOf } from './number-of.ts'
import { slackToCount } from './slack.ts'

const SERIES_MAX = 1_000

interface Oldest {
  readonly isStatus: boolean
  readonly atUnixMs: number
  readonly ageMs: number
}

/**
 * Fires when work does not end: the age of the oldest open attempt, as each router's last status
 * says it per route and target. For a router that sends no status, the longest attempt that ended
 * within the window stands in: it tells late, but better than never.
 */
export function createInflight(rule: RuleOf<'inflight'>): KindState {
  const { windowMs, trip, clear } = rule
  const series = new Map<string, Oldest>()
  /** Last status of each router that sends one: what its attempts say is known better. */
  const reported = new Map<string, number>()
  const isReporting = ({ source, atUnixMs }: Item) => {
    const lastUnixMs = reported.get(source.id)
    return lastUnixMs !== undefined && lastUnixMs > atUnixMs - windowMs
  }

  const keep = (key: string, next: Oldest) => {
    const known = series.get(key)
    if (known && known.isStatus === next.isStatus && known.atUnixMs > next.atUnixMs) return
    const isLongerKnown = known && !next.isStatus && known.ageMs > next.ageMs
    if (isLongerKnown && known.atUnixMs > next.atUnixMs - windowMs) return
    if (!known && series.size >= SERIES_MAX) return
    series.set(key, next)
  }
  const oldest = ({ endUnixMs }: Instant) => {
    let value: number | null = null
    let count = 0
    for (const [key, { atUnixMs, ageMs }] of series) {
      if (atUnixMs <= endUnixMs - windowMs) series.delete(key)
      else {
        value = Math.max(value ?? 0, ageMs)
        count++
      }
    }
    return { value, count }
  }

  return {
    add(item) {
      const ageMs = ageOf(item)
      if (ageMs === undefined) return undefined
      const isStatus = item.unit === 'status'
      if (isStatus || !isReporting(item)) {
        const { id } = item.source
        if (isStatus && reported.size < SERIES_MAX) reported.set(id, item.atUnixMs)
        keep(keyOf(item), { isStatus, atUnixMs: item.atUnixMs, ageMs })
      }
      return ageMs > trip.oldestAboveMs
    },
    addAll(item, { values, from, until }) {
      if (isReporting(item)) return false
      let ageMs = 0
      for (let i = from; i < until; i++) ageMs = Math.max(ageMs, values[i] as number)
      const { atUnixMs } = item
      keep(keyOf(item), { isStatus: false, atUnixMs, ageMs })
      return ageMs > trip.oldestAboveMs
    },
    judge(at) {
      const { value, count } = oldest(at)
      const threshold = trip.oldestAboveMs
      const missing = at.missing(windowMs)
      if (value === null) return { outcome: missing > 0 ? 'open' : 'few', value, threshold, count }
      return { outcome: value > threshold ? 'trips' : calmOrOpen(missing), value, threshold, count }
    },
    // One that is old enough is enough.
    slack: () => slackToCount(Number.MIN_VALUE),
    clears(at) {
      const { value } = oldest(at)
      return value !== null && value < clear.belowMs && at.missing(windowMs) === 0
    },
    restart() {
      series.clear()
      reported.clear()
    },
    save: () => [...series],
    load(saved) {
      if (!Array.isArray(saved)) return false
      series.clear()
      for (const [key, oldest] of saved) series.set(String(key), oldest as Oldest)
      return true
    },
  }
}

function keyOf({ source, read }: Item): string {
  return `${source.id}\u0000${read('route')}\u0000${read('target')}`
}

function ageOf(item: Item): number | undefined {
  if (item.unit === 'status') return numberOf(item, 'oldest_ms')
  return item.atUnixMs - item.startUnixMs
}
