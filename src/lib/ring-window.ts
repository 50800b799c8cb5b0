import { ringPlace } from './ring-place.ts'

/**
 * Sums over a sliding window of event time, in a ring of buckets.
 *
 * A ring of typed arrays and not a list of items: memory is fixed by the window, not by traffic, and
 * the sum of the newest full window is kept running, so that it can be read on every arrival.
 */
export interface RingWindow {
  /**
   * Adds `amount` to a channel at an event time. Late items land in their own bucket; false, and
   * nothing is added, when the time is older than the ring reaches back, or before 1970.
   */
  add(atMs: number, channel: number, amount: number): boolean
  /** The same for an item: its `count` to channel 0 and its `weight` to `channel`, in one go. */
  addItem(atMs: number, item: { count: number; weight: number }, channel: number): boolean
  /** Sum of a channel over the buckets of (endMs − windowMs, endMs]; windowMs up to `spanMs`. */
  sum(channel: number, endMs: number, windowMs: number): number
  /**
   * The narrowest window ending at `endMs`, from `windowMs` to `windowMaxMs`, in which the channel
   * sums to `atLeast`; `windowMaxMs` when none does.
   */
  widen(query: WidenQuery): number
  /** Adds each bucket of a channel, from the one that holds `fromMs` on, to the next place of `into`. */
  addTo(into: Float64Array, from: { readonly channel: number; readonly fromMs: number }): void
  clear(): void
  /** What `load` takes: the buckets up to the newest, without the empty ones before. */
  save(): SavedRing
  /** False, and nothing changes, for what no ring of this shape saved. */
  load(saved: unknown): boolean
}

export interface SavedRing {
  readonly bucketMs: number
  /** Number of the newest bucket (event time / bucketMs); null when there is none. */
  readonly head: number | null
  /** Channels of each bucket, oldest first. */
  readonly amounts: Float64Array
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
  return new Ring(options)
}

/** A class, since there are thousands: one set of functions for all. */
class Ring implements RingWindow {
  readonly #bucketMs: number
  readonly #channelCount: number
  readonly #windowCount: number
  readonly #ringCount: number
  readonly #amounts: Float64Array
  readonly #running: Float64Array
  /** Number of the newest bucket. */
  #head = Number.NEGATIVE_INFINITY

  constructor({ bucketMs, windowMs, spanMs = 0, channelCount }: RingWindowOptions) {
    this.#bucketMs = bucketMs
    this.#channelCount = channelCount
    this.#windowCount = this.#bucketsIn(windowMs)
    this.#ringCount = Math.max(this.#windowCount, this.#bucketsIn(spanMs)) + 1
    this.#amounts = new Float64Array(this.#ringCount * channelCount)
    this.#running = new Float64Array(channelCount)
  }

  add(atMs: number, channel: number, amount: number): boolean {
    const bucket = Math.floor(atMs / this.#bucketMs)
    if (bucket < this.#oldest()) return false
    if (bucket > this.#head) this.#advance(bucket)
    const index = this.#offsetOf(bucket) + channel
    this.#amounts[index] = (this.#amounts[index] as number) + amount
    if (bucket > this.#head - this.#windowCount)
      this.#running[channel] = (this.#running[channel] as number) + amount
    return true
  }

  addItem(atMs: number, item: { count: number; weight: number }, channel: number): boolean {
    const bucket = Math.floor(atMs / this.#bucketMs)
    if (bucket < this.#oldest()) return false
    if (bucket > this.#head) this.#advance(bucket)
    const index = ringPlace(bucket, this.#ringCount) * this.#channelCount
    const amounts = this.#amounts
    amounts[index] = (amounts[index] as number) + item.count
    amounts[index + channel] = (amounts[index + channel] as number) + item.weight
    if (bucket > this.#head - this.#windowCount) {
      const running = this.#running
      running[0] = (running[0] as number) + item.count
      running[channel] = (running[channel] as number) + item.weight
    }
    return true
  }

  sum(channel: number, endMs: number, windowMs: number): number {
    const end = Math.floor(endMs / this.#bucketMs)
    const buckets = this.#bucketsIn(windowMs)
    if (buckets === this.#windowCount && end >= this.#head) {
      const left = this.#without(channel, end)
      if (left !== undefined) return left
    }
    return this.#count(channel, end - buckets + 1, end)
  }

  widen({ channel, endMs, atLeast, windowMs, windowMaxMs }: WidenQuery): number {
    const end = Math.floor(endMs / this.#bucketMs)
    let buckets = this.#bucketsIn(windowMs)
    let total = this.#count(channel, end - buckets + 1, end)
    const bucketsMax = this.#bucketsIn(windowMaxMs)
    while (total < atLeast && buckets < bucketsMax) {
      total += this.#count(channel, end - buckets, end - buckets)
      buckets++
    }
    return buckets * this.#bucketMs
  }

  addTo(into: Float64Array, { channel, fromMs }: { channel: number; fromMs: number }): void {
    const from = Math.floor(fromMs / this.#bucketMs)
    const last = Math.min(from + into.length - 1, this.#head)
    for (let bucket = Math.max(from, this.#oldest()); bucket <= last; bucket++) {
      const amount = this.#amounts[this.#offsetOf(bucket) + channel] as number
      into[bucket - from] = (into[bucket - from] as number) + amount
    }
  }

  clear(): void {
    this.#amounts.fill(0)
    this.#running.fill(0)
    this.#head = Number.NEGATIVE_INFINITY
  }

  save(): SavedRing {
    const head = Number.isFinite(this.#head) ? this.#head : null
    const saved = { bucketMs: this.#bucketMs, head }
    if (head === null) return { ...saved, amounts: new Float64Array(0) }
    let first = this.#oldest()
    while (first < head && this.#bucket(first).every((amount) => amount === 0)) first++
    const amounts = new Float64Array((head - first + 1) * this.#channelCount)
    // Two pieces at most: the ring goes on at its beginning.
    const from = this.#offsetOf(first)
    const tail = this.#amounts.subarray(from, from + amounts.length)
    amounts.set(tail)
    amounts.set(this.#amounts.subarray(0, amounts.length - tail.length), tail.length)
    return { ...saved, amounts }
  }

  load(saved: unknown): boolean {
    const count = this.#channelCount
    if (!isSavedRing(saved, this.#bucketMs, count)) return false
    this.clear()
    if (saved.head === null) return true
    this.#head = saved.head
    const first = saved.head - saved.amounts.length / count + 1
    for (let bucket = Math.max(first, this.#oldest()); bucket <= saved.head; bucket++) {
      const from = (bucket - first) * count
      this.#bucket(bucket).set(saved.amounts.subarray(from, from + count))
    }
    this.#recount()
    return true
  }

  #bucketsIn(ms: number): number {
    return Math.max(1, Math.ceil(ms / this.#bucketMs - 1e-9))
  }

  #offsetOf(bucket: number): number {
    return ringPlace(bucket, this.#ringCount) * this.#channelCount
  }

  #bucket(bucket: number): Float64Array {
    const offset = this.#offsetOf(bucket)
    return this.#amounts.subarray(offset, offset + this.#channelCount)
  }

  #empty(bucket: number): void {
    const from = this.#offsetOf(bucket)
    for (let at = from; at < from + this.#channelCount; at++) this.#amounts[at] = 0
  }

  #oldest(): number {
    return Math.max(0, this.#head - this.#ringCount + 1)
  }

  #count(channel: number, from: number, to: number): number {
    let total = 0
    const last = Math.min(to, this.#head)
    for (let bucket = Math.max(from, this.#oldest()); bucket <= last; bucket++)
      total += this.#amounts[this.#offsetOf(bucket) + channel] as number
    return total
  }

  /** Empties the buckets between the old head and the new one. */
  #advance(bucket: number): void {
    let isKnown = true
    for (let channel = 0; channel < this.#channelCount; channel++) {
      const left = this.#without(channel, bucket)
      if (left === undefined) isKnown = false
      else this.#running[channel] = left
    }
    const from = Math.max(this.#head + 1, bucket - this.#ringCount + 1, 0)
    for (let next = from; next <= bucket; next++) this.#empty(next)
    this.#head = bucket
    if (!isKnown) this.#recount()
  }

  /**
   * What is left of the running sum in the window that ends at a later bucket, without counting all of
   * it again. Undefined for fractions, which would add up to a drift, and where nothing of it is left.
   */
  #without(channel: number, end: number): number | undefined {
    const running = this.#running[channel] as number
    if (end === this.#head) return running
    if (end - this.#head >= this.#windowCount || !Number.isSafeInteger(running)) return undefined
    const first = this.#head - this.#windowCount + 1
    const leaving = this.#count(channel, first, end - this.#windowCount)
    return Number.isSafeInteger(leaving) ? running - leaving : undefined
  }

  #recount(): void {
    for (let channel = 0; channel < this.#channelCount; channel++)
      this.#running[channel] = this.#count(channel, this.#head - this.#windowCount + 1, this.#head)
  }
}

function isSavedRing(saved: unknown, bucketMs: number, channelCount: number): saved is SavedRing {
  const ring = saved as Partial<SavedRing> | null | undefined
  if (typeof ring !== 'object' || ring === null || ring.bucketMs !== bucketMs) return false
  const { head, amounts } = ring
  if (!(amounts instanceof Float64Array) || amounts.length % channelCount !== 0) return false
  return head === null || (Number.isSafeInteger(head) && amounts.length > 0)
}
