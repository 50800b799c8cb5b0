/** Latencies in buckets of 5 %, so that a quantile is within 5 % at a bounded size. */
export interface Latency {
  add(ms: number): void
  readonly count: number
  /** Undefined when empty. */
  quantile(q: number): number | undefined
}

const GROWTH = Math.log(1.05)
// 1 ms · 1.05^340 is more than 4 h.
const BUCKET_COUNT = 341

export function createLatency(): Latency {
  const buckets = new Float64Array(BUCKET_COUNT)
  let count = 0
  return {
    add(ms) {
      const index = Math.ceil(Math.log(Math.max(1, ms)) / GROWTH)
      buckets[Math.min(BUCKET_COUNT - 1, index)] =
        (buckets[Math.min(BUCKET_COUNT - 1, index)] ?? 0) + 1
      count++
    },
    get count() {
      return count
    },
    quantile(q) {
      if (count === 0) return undefined
      let left = q * count
      for (let index = 0; index < BUCKET_COUNT; index++) {
        left -= buckets[index] ?? 0
        if (left <= 0) return Math.exp(index * GROWTH)
      }
      return Math.exp(BUCKET_COUNT * GROWTH)
    },
  }
}

/** The latency of the last `periodMs` to 2 · `periodMs`: two windows, the older one thrown away. */
export function createRecentLatency(periodMs: number): {
  add(nowMs: number, ms: number): void
  quantile(nowMs: number, q: number): number | undefined
} {
  let current = createLatency()
  let previous = createLatency()
  let sinceMs = Number.NEGATIVE_INFINITY
  const turn = (nowMs: number) => {
    if (nowMs - sinceMs < periodMs) return
    previous = nowMs - sinceMs < 2 * periodMs ? current : createLatency()
    current = createLatency()
    sinceMs = nowMs
  }
  return {
    add(nowMs, ms) {
      turn(nowMs)
      current.add(ms)
    },
    quantile(nowMs, q) {
      turn(nowMs)
      const fuller = current.count >= previous.count ? current : previous
      return fuller.count < 20 ? undefined : fuller.quantile(q)
    },
  }
}
