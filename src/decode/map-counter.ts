import type { Mappable } from './mapped.ts'
import { createRecentMap } from './recent-map.ts'

// How much a counter grew since its last point. Its first point is where counting begins: what it
// counted before we listened may be months old, and would look like an outage now. Only a series
// that says it began after we were listening is counted from its beginning.

export interface Step {
  /** At least 1. */
  readonly count: number
  /** Of the point before, or when the series began. */
  readonly sinceUnixNs: bigint
}

export interface CounterSteps {
  /** Undefined for no growth, a first point, and a point that comes late. */
  step(point: Mappable): Step | undefined
}

interface Known {
  readonly value: number
  readonly unixNs: bigint
}

/** Of counters that rules name; the ones that were silent longest are forgotten. */
const SERIES_MAX = 50_000
const DELTA = 1
/** More is a broken counter, and no number of requests. */
const COUNT_MAX = 1e9

export function createCounterSteps(options: { readonly seriesMax?: number } = {}): CounterSteps {
  const series = createRecentMap<Known>({
    countMax: options.seriesMax ?? SERIES_MAX,
    ageMaxMs: Number.POSITIVE_INFINITY,
  })
  let listeningSinceUnixNs: bigint | undefined
  return {
    step(point) {
      const { value, endUnixNs: unixNs } = point
      listeningSinceUnixNs ??= unixNs
      if (value === undefined || !Number.isFinite(value) || value < 0) return undefined
      const startUnixNs = point.startOfSeriesUnixNs
      if (point.temporality === DELTA) return toStep(value, startUnixNs || unixNs)
      const key = point.seriesKey()
      const known = series.get(key, 0)
      if (known && unixNs <= known.unixNs) return undefined
      series.set(key, { value, unixNs }, 0)
      // A start at the point's own time is the protocol's way to say that the start is not known.
      const isStartKnown = startUnixNs > 0n && startUnixNs < unixNs
      if (!known) {
        const isNew = isStartKnown && startUnixNs > listeningSinceUnixNs
        return isNew ? toStep(value, startUnixNs) : undefined
      }
      const hasRestarted = value < known.value || (isStartKnown && startUnixNs > known.unixNs)
      return toStep(hasRestarted ? value : value - known.value, known.unixNs)
    },
  }
}

function toStep(growth: number, sinceUnixNs: bigint): Step | undefined {
  const count = Math.round(growth)
  return count >= 1 && count <= COUNT_MAX ? { count, sinceUnixNs } : undefined
}
