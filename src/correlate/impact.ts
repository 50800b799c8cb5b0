import type { Clock } from '../lib/clock.ts'
import type { OutcomeBin } from '../model/incident.ts'
import type { Observation } from '../model/observation.ts'

// Two views of the same requests, because they answer different questions. By *start* time: what
// users who came in that second got (DEFINITIONS: impact; t9). By *arrival* here: what is failing
// now; a request that hangs for 10 s shows there when its failure is known, not as a healthy past.
const MEMORY_MS = 600_000
const RECENT_BINS = 10
const ROUTES_MAX = 256
/** A backlog that arrives later than this says nothing about now. */
const FRESH_MS = 30_000

export interface Impact {
  /** Ignores everything but requests; at most 256 routes are kept. */
  observe(observation: Observation): void
  /** Requests of the last 10 minutes by start time, oldest first; bins without any are left out. */
  outcomes(route: string): OutcomeBin[]
  /** Failing share 0..1 and count of the eligible requests that arrived in the last 10 bins. */
  recent(route: string): { readonly share: number | null; readonly count: number }
  /**
   * t9: the end of the first run of 10 consecutive bins with requests, all started after
   * `afterUnixMs`, whose success is at least `theta`; undefined until then.
   */
  heldAtMs(route: string, afterUnixMs: number): number | undefined
}

interface Bin {
  index: number
  primary: number
  fallback: number
  other: number
  failed: number
}
type Column = Exclude<keyof Bin, 'index'>

interface Ring {
  add(atMs: number, column: Column, weight: number): void
  at(index: number): Bin | undefined
}

export function createImpact(options: {
  readonly clock: Clock
  readonly binMs: number
  readonly theta: number
}): Impact {
  const { clock, binMs, theta } = options
  const routes = new Map<string, { readonly started: Ring; readonly arrived: Ring }>()
  const binCount = Math.ceil(MEMORY_MS / binMs)
  const ringsOf = (route: string) => {
    const known = routes.get(route)
    if (known || routes.size >= ROUTES_MAX) return known
    const rings = {
      started: createRing(binCount, binMs),
      arrived: createRing(2 * RECENT_BINS, binMs),
    }
    routes.set(route, rings)
    return rings
  }
  return {
    observe({ unit, request, weight, atUnixMs }) {
      if (unit !== 'request' || !request) return
      const column = columnOf(request)
      const rings = column && ringsOf(request.route)
      if (!rings) return
      rings.started.add(Number(request.startUnixNs / 1_000_000n), column, weight)
      if (request.receivedUnixMs - atUnixMs <= FRESH_MS) {
        rings.arrived.add(request.receivedUnixMs, column, weight)
      }
    },
    outcomes(route) {
      const ring = routes.get(route)?.started
      if (!ring) return []
      const now = Math.floor(clock.nowMs() / binMs)
      const bins = Array.from({ length: binCount }, (_, i) => ring.at(now - binCount + 1 + i))
      return bins
        .filter((bin) => bin !== undefined)
        .map(({ index, ...columns }) => ({ at_s: (index * binMs) / 1_000, ...columns }))
    },
    recent(route) {
      const ring = routes.get(route)?.arrived
      const now = Math.floor(clock.nowMs() / binMs)
      let count = 0
      let failed = 0
      for (let index = now - RECENT_BINS + 1; ring && index <= now; index++) {
        const bin = ring.at(index)
        count += bin ? eligibleOf(bin) : 0
        failed += bin?.failed ?? 0
      }
      return { count, share: count === 0 ? null : failed / count }
    },
    heldAtMs(route, afterUnixMs) {
      const ring = routes.get(route)?.started
      if (!ring) return undefined
      const end = Math.floor(clock.nowMs() / binMs)
      let run = 0
      for (
        let index = Math.max(Math.ceil(afterUnixMs / binMs), end - binCount);
        index < end;
        index++
      ) {
        const bin = ring.at(index)
        // Nobody came: neither proof nor disproof.
        if (!bin) continue
        run = 1 - bin.failed / eligibleOf(bin) >= theta ? run + 1 : 0
        if (run === RECENT_BINS) return (index + 1) * binMs
      }
      return undefined
    },
  }
}

function columnOf(request: NonNullable<Observation['request']>): Column | undefined {
  if (request.outcome === 'failed') return 'failed'
  if (request.outcome !== 'ok') return undefined
  return request.finalRole === 'primary' || request.finalRole === 'fallback'
    ? request.finalRole
    : 'other'
}

function eligibleOf(bin: Bin): number {
  return bin.primary + bin.fallback + bin.other + bin.failed
}

/** `binCount` bins that are overwritten when time comes round; what is older is not counted. */
function createRing(binCount: number, binMs: number): Ring {
  const bins: (Bin | undefined)[] = Array.from({ length: binCount })
  return {
    add(atMs, column, weight) {
      const index = Math.floor(atMs / binMs)
      const slot = ((index % binCount) + binCount) % binCount
      let bin = bins[slot]
      if (bin && bin.index > index) return
      if (!bin || bin.index < index) {
        bin = { index, primary: 0, fallback: 0, other: 0, failed: 0 }
        bins[slot] = bin
      }
      bin[column] += weight
    },
    at(index) {
      const bin = bins[((index % binCount) + binCount) % binCount]
      return bin?.index === index ? bin : undefined
    },
  }
}
