import { createRingWindow } from '../lib/ring-window.ts'
import type { Item } from './kind.ts'
import { numberOf } from './number-of.ts'

/** The mean of a number, or the volume, bucket by bucket. Memory: 24 B × 31. */
export interface CusumMeans {
  /** False for an item that counts for nothing: without the number, or older than the ring. */
  add(item: Item): boolean
  /** Undefined for a bucket without the number; a volume is 0 there. */
  value(bucket: number): number | undefined
  /** Samples of the window that ends there. */
  count(endMs: number): number
  clear(): void
  save(): unknown
  load(saved: unknown): boolean
}

/** How many buckets are kept. */
export const MEANS_KEPT = 30
const SAMPLES = 0
const WEIGHT = 1
const AMOUNT = 2

export function createCusumMeans(options: {
  readonly of: string
  readonly bucketMs: number
  readonly windowMs: number
}): CusumMeans {
  const { of, bucketMs, windowMs } = options
  const isVolume = of === 'volume'
  const spanMs = bucketMs * MEANS_KEPT
  const ring = createRingWindow({ bucketMs, windowMs, spanMs, channelCount: 3 })
  return {
    add(item) {
      const value = isVolume ? 1 : numberOf(item, of)
      if (value === undefined) return false
      const { atUnixMs, weight } = item
      if (!ring.add(atUnixMs, SAMPLES, item.count)) return false
      ring.add(atUnixMs, WEIGHT, weight)
      ring.add(atUnixMs, AMOUNT, value * weight)
      return true
    },
    value(bucket) {
      const middleMs = (bucket + 0.5) * bucketMs
      const weight = ring.sum(WEIGHT, middleMs, bucketMs)
      if (isVolume) return weight
      return weight > 0 ? ring.sum(AMOUNT, middleMs, bucketMs) / weight : undefined
    },
    count: (endMs) => ring.sum(SAMPLES, endMs, windowMs),
    clear: () => ring.clear(),
    save: () => ring.save(),
    load: (saved) => ring.load(saved),
  }
}
