/**
 * Sums over a sliding window of event time, in a ring of buckets.
 *
 * A ring of typed arrays and not a list of items: memory is fixed by the window, not by traffic, and
 * the sum of the newest full window is kept running, so that it can be read on every arrival.
 */
export interface RingWindow {
  /**
   * Adds `amount` to a channel at an event time. Late items land in their own bucket; false, and
   * nothing is added, when the time is older than the ring reaches back.
   */
  add(atMs: number, channel: number, amount: number): boolean
  /** Sum of a channel over the buckets of (endMs − windowMs, endMs]; windowMs up to `spanMs`. */
  sum(channel: number, endMs: number, windowMs: number): number
  /**
   * The narrowest window ending at `endMs`, from `windowMs` to `windowMaxMs`, in which the channel
   * sums to `atLeast`; `windowMaxMs` when none does.
   */
  widen(query: WidenQuery): number
  clear(): void
}

export interface WidenQuery {
  readonly channel: number
  readonly endMs: number
  readonly atLeast: number
  readonly windowMs: number
  readonly windowMaxMs: number
}

export interface RingWindowOptions {
  readonly bucketMs: number
  /** The window whose sum is kept running. */
  readonly windowMs: number
  /** How far back other windows may be read; default windowMs. */
  readonly spanMs?: number
  readonly channelCount: number
}

/** Buckets of window/90, at least 10 ms, at most 1 s. */
export function bucketMsOf(windowMs: number): number {
  return Math.min(1_000, Math.max(10, windowMs / 90))
}

export function createRingWindow(options: RingWindowOptions): RingWindow {
  const { bucketMs, channelCount } = options
  const bucketsIn = (ms: number) => Math.max(1, Math.ceil(ms / bucketMs - 1e-9))
  const windowCount = bucketsIn(options.windowMs)
  const ringCount = Math.max(windowCount, bucketsIn(options.spanMs ?? 0)) + 1
  const amounts = new Float64Array(ringCount * channelCount)
  const running = new Float64Array(channelCount)
  let head = Number.NEGATIVE_INFINITY

  const offsetOf = (bucket: number) => (bucket % ringCount) * channelCount
  const oldest = () => head - ringCount + 1
  const count = (channel: number, range: { from: number; to: number }) => {
    let total = 0
    const to = Math.min(range.to, head)
    for (let bucket = Math.max(range.from, oldest()); bucket <= to; bucket++)
      total += amounts[offsetOf(bucket) + channel] ?? 0
    return total
  }

  /** Empties the buckets between the old head and the new one. */
  const advance = (bucket: number) => {
    const from = Math.max(head + 1, bucket - ringCount + 1)
    for (let next = from; next <= bucket; next++) {
      const offset = offsetOf(next)
      amounts.fill(0, offset, offset + channelCount)
    }
    head = bucket
    // Recounted once per bucket, so that fractions never add up to a drift.
    for (let channel = 0; channel < channelCount; channel++)
      running[channel] = count(channel, { from: head - windowCount + 1, to: head })
  }

  return {
    add(atMs, channel, amount) {
      const bucket = Math.floor(atMs / bucketMs)
      if (bucket > head) advance(bucket)
      if (bucket < oldest()) return false
      const index = offsetOf(bucket) + channel
      amounts[index] = (amounts[index] ?? 0) + amount
      if (bucket > head - windowCount) running[channel] = (running[channel] ?? 0) + amount
      return true
    },
    sum(channel, endMs, windowMs) {
      const end = Math.floor(endMs / bucketMs)
      const buckets = bucketsIn(windowMs)
      if (end === head && buckets === windowCount) return running[channel] ?? 0
      return count(channel, { from: end - buckets + 1, to: end })
    },
    widen({ channel, endMs, atLeast, windowMs, windowMaxMs }) {
      const end = Math.floor(endMs / bucketMs)
      let buckets = bucketsIn(windowMs)
      let total = count(channel, { from: end - buckets + 1, to: end })
      const bucketsMax = bucketsIn(windowMaxMs)
      while (total < atLeast && buckets < bucketsMax) {
        total += count(channel, { from: end - buckets, to: end - buckets })
        buckets++
      }
      return buckets * bucketMs
    },
    clear() {
      amounts.fill(0)
      running.fill(0)
      head = Number.NEGATIVE_INFINITY
    },
  }
}
