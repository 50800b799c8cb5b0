import { ringPlace } from './ring-place.ts'

/** What the numbers of a window come to. `last` is the newest by event time. */
export interface ValueSummary {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly last: number
}

/**
 * Numbers over a sliding window of event time, folded into buckets that each keep count, sum, least,
 * greatest and newest. Memory is fixed by span and bucket.
 */
export interface ValueWindow {
  /** `count` times the same number; default 1. */
  add(atMs: number, value: number, count?: number): void
  /** Over the buckets of (endMs − windowMs, endMs]; undefined when they hold nothing. */
  summary(endMs: number, windowMs: number): ValueSummary | undefined
  /** Event time of the oldest number since the last clear; undefined before the first. */
  readonly sinceMs: number | undefined
  clear(): void
  /** What `load` takes. */
  save(): SavedValues
  /** False, and nothing changes, for what no window of this shape saved. */
  load(saved: unknown): boolean
}

export interface SavedValues {
  readonly bucketMs: number
  readonly sinceMs: number | undefined
  /** Seven numbers a bucket: index, count, sum, min, max, last, lastMs. */
  readonly buckets: Float64Array
}

export function createValueWindow(options: { bucketMs: number; spanMs: number }): ValueWindow {
  return new ValueRing(options)
}

const NUMBERS = 7
const INDEX = 0
const COUNT = 1
const SUM = 2
const MIN = 3
const MAX = 4
const LAST = 5
const LAST_MS = 6

/** A class over one typed array: numbers are added and summed up without making an object of each. */
class ValueRing implements ValueWindow {
  readonly #bucketMs: number
  readonly #ringCount: number
  /** Seven numbers a bucket; an index of −1 is an empty place. */
  readonly #ring: Float64Array
  #sinceMs: number | undefined

  constructor({ bucketMs, spanMs }: { bucketMs: number; spanMs: number }) {
    this.#bucketMs = bucketMs
    this.#ringCount = this.#bucketsIn(spanMs) + 1
    this.#ring = new Float64Array(this.#ringCount * NUMBERS)
    this.clear()
  }

  get sinceMs(): number | undefined {
    return this.#sinceMs
  }

  add(atMs: number, value: number, count = 1): void {
    const index = Math.floor(atMs / this.#bucketMs)
    const ring = this.#ring
    const from = ringPlace(index, this.#ringCount) * NUMBERS
    // The place is taken by a newer bucket: the number is older than the ring reaches back.
    if (index < 0 || (ring[from + INDEX] as number) > index) return
    if (this.#sinceMs === undefined || atMs < this.#sinceMs) this.#sinceMs = atMs
    if (ring[from + INDEX] !== index) this.#begin(from, index)
    ring[from + COUNT] = (ring[from + COUNT] as number) + count
    ring[from + SUM] = (ring[from + SUM] as number) + value * count
    if (value < (ring[from + MIN] as number)) ring[from + MIN] = value
    if (value > (ring[from + MAX] as number)) ring[from + MAX] = value
    if (atMs < (ring[from + LAST_MS] as number)) return
    ring[from + LAST] = value
    ring[from + LAST_MS] = atMs
  }

  summary(endMs: number, windowMs: number): ValueSummary | undefined {
    const end = Math.floor(endMs / this.#bucketMs)
    const ring = this.#ring
    const total = { count: 0, sum: 0, min: Infinity, max: -Infinity, last: 0 }
    // Buckets come in the order of time, so that the last one holds the newest number.
    for (let index = Math.max(0, end - this.#bucketsIn(windowMs) + 1); index <= end; index++) {
      const from = ringPlace(index, this.#ringCount) * NUMBERS
      if (ring[from + INDEX] !== index) continue
      total.count += ring[from + COUNT] as number
      total.sum += ring[from + SUM] as number
      total.min = Math.min(total.min, ring[from + MIN] as number)
      total.max = Math.max(total.max, ring[from + MAX] as number)
      total.last = ring[from + LAST] as number
    }
    return total.count > 0 ? total : undefined
  }

  clear(): void {
    for (let from = 0; from < this.#ring.length; from += NUMBERS) this.#ring[from + INDEX] = -1
    this.#sinceMs = undefined
  }

  save(): SavedValues {
    const kept: number[] = []
    for (let from = 0; from < this.#ring.length; from += NUMBERS)
      if (this.#ring[from + INDEX] !== -1) kept.push(...this.#ring.subarray(from, from + NUMBERS))
    return { bucketMs: this.#bucketMs, sinceMs: this.#sinceMs, buckets: Float64Array.from(kept) }
  }

  load(saved: unknown): boolean {
    if (!isSavedValues(saved, this.#bucketMs)) return false
    this.clear()
    this.#sinceMs = saved.sinceMs
    for (let from = 0; from < saved.buckets.length; from += NUMBERS) {
      const bucket = saved.buckets.subarray(from, from + NUMBERS)
      const index = bucket[INDEX] as number
      const to = ringPlace(index, this.#ringCount) * NUMBERS
      if ((this.#ring[to + INDEX] as number) < index) this.#ring.set(bucket, to)
    }
    return true
  }

  #begin(from: number, index: number): void {
    this.#ring[from + INDEX] = index
    this.#ring[from + COUNT] = 0
    this.#ring[from + SUM] = 0
    this.#ring[from + MIN] = Number.POSITIVE_INFINITY
    this.#ring[from + MAX] = Number.NEGATIVE_INFINITY
    this.#ring[from + LAST_MS] = Number.NEGATIVE_INFINITY
  }

  #bucketsIn(ms: number): number {
    return Math.max(1, Math.ceil(ms / this.#bucketMs - 1e-9))
  }
}

function isSavedValues(saved: unknown, bucketMs: number): saved is SavedValues {
  const values = saved as Partial<SavedValues> | null | undefined
  if (typeof values !== 'object' || values === null || values.bucketMs !== bucketMs) return false
  if (values.sinceMs !== undefined && !Number.isFinite(values.sinceMs)) return false
  const { buckets } = values
  if (!(buckets instanceof Float64Array) || buckets.length % NUMBERS !== 0) return false
  for (let from = 0; from < buckets.length; from += NUMBERS)
    if (!Number.isSafeInteger(buckets[from]) || (buckets[from] as number) < 0) return false
  return true
}
