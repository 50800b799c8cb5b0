import type { RuleOf } from '../config/rules.ts'
import { calmOrOpen, type Instant, type Item, type KindState } from './kind.ts'
import { numberOf } from './number-of.ts'

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

  const keep = (key: string, next: Oldest) => {
    const known = series.get(key)
    if (known?.isStatus && !next.isStatus) return
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
      const key = [item.source.id, item.read('route'), item.read('target')].join('\u0000')
      keep(key, { isStatus: item.unit === 'status', atUnixMs: item.atUnixMs, ageMs })
      return ageMs > trip.oldestAboveMs
    },
    judge(at) {
      const { value, count } = oldest(at)
      const threshold = trip.oldestAboveMs
      const missing = at.missing(windowMs)
      if (value === null) return { outcome: missing > 0 ? 'open' : 'few', value, threshold, count }
      return { outcome: value > threshold ? 'trips' : calmOrOpen(missing), value, threshold, count }
    },
    clears(at) {
      const { value } = oldest(at)
      return value !== null && value < clear.belowMs && at.missing(windowMs) === 0
    },
    restart: () => series.clear(),
    save: () => [...series],
    load(saved) {
      if (!Array.isArray(saved)) return false
      series.clear()
      for (const [key, oldest] of saved) series.set(String(key), oldest as Oldest)
      return true
    },
  }
}

function ageOf(item: Item): number | undefined {
  if (item.unit === 'status') return numberOf(item, 'oldest_ms')
  return item.atUnixMs - item.startUnixMs
}
