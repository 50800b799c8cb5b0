import { createDistinctMin } from './distinct-min.ts'
import type { Item } from './kind.ts'

/** A template that is new, and its lines of the last window. */
export interface Fresh {
  readonly id: string
  readonly text: string
  readonly firstUnixMs: number
  lastUnixMs: number
  add(item: Item): void
  /** Takes the lines of another over, which was found to be the same template. */
  absorb(other: Fresh): void
  /** Lines of (endMs − windowMs, endMs]: adjusted, and as samples. */
  sum(endMs: number, windowMs: number): FreshSum
  hasDistinct(endMs: number, windowMs: number): boolean
  save(): SavedFresh
}

export interface FreshSum {
  readonly total: number
  readonly samples: number
}

export type SavedBucket = readonly [bucket: number, total: number, samples: number]

export interface SavedFresh {
  readonly id: string
  readonly text: string
  readonly firstUnixMs: number
  readonly lastUnixMs: number
  readonly buckets: readonly SavedBucket[]
  /** The values of `min_distinct`, as that saves them. */
  readonly distinct: unknown
}

export interface FreshOptions {
  readonly bucketMs: number
  /** The longest window that is asked for. */
  readonly spanMs: number
  readonly distinctMin: Readonly<Record<string, number>>
}

/** Of one template, in all that is remembered of it. */
export const BUCKETS_MAX = 500

/** Buckets only where lines are: new templates are rare and short, and a ring for each is not. */
export function createFresh(
  start: Pick<SavedFresh, 'id' | 'text' | 'firstUnixMs'> & Partial<SavedFresh>,
  options: FreshOptions,
): Fresh {
  const { bucketMs, spanMs, distinctMin } = options
  const buckets = new Map<number, SavedBucket>()
  for (const bucket of start.buckets ?? []) buckets.set(bucket[0], bucket)
  const distinct = createDistinctMin(distinctMin)
  // Damaged: then they are asked for anew.
  if (start.distinct !== undefined && !distinct.load(start.distinct)) distinct.clear()
  let firstUnixMs = start.firstUnixMs
  let lastUnixMs = start.lastUnixMs ?? start.firstUnixMs
  const bucketOf = (atMs: number) => Math.floor(atMs / bucketMs)
  const put = ([bucket, total, samples]: SavedBucket) => {
    const old = buckets.get(bucket)
    buckets.set(bucket, [bucket, total + (old?.[1] ?? 0), samples + (old?.[2] ?? 0)])
    if (old) return
    const oldest = bucketOf(lastUnixMs - spanMs)
    for (const one of buckets.keys()) if (one < oldest) buckets.delete(one)
  }
  const save = () => ({
    id: start.id,
    text: start.text,
    firstUnixMs,
    lastUnixMs,
    buckets: [...buckets.values()],
    distinct: distinct.save(),
  })

  return {
    id: start.id,
    text: start.text,
    get firstUnixMs() {
      return firstUnixMs
    },
    get lastUnixMs() {
      return lastUnixMs
    },
    add(item) {
      lastUnixMs = Math.max(lastUnixMs, item.atUnixMs)
      put([bucketOf(item.atUnixMs), item.weight, item.count])
      distinct.add(item)
    },
    absorb(other) {
      firstUnixMs = Math.min(firstUnixMs, other.firstUnixMs)
      lastUnixMs = Math.max(lastUnixMs, other.lastUnixMs)
      for (const bucket of other.save().buckets) put(bucket)
    },
    sum(endMs, windowMs) {
      const end = bucketOf(endMs)
      const from = end - Math.max(1, Math.ceil(windowMs / bucketMs - 1e-9))
      let total = 0
      let samples = 0
      for (const [bucket, amount, count] of buckets.values()) {
        if (bucket <= from || bucket > end) continue
        total += amount
        samples += count
      }
      return { total, samples }
    },
    hasDistinct: (endMs, windowMs) => distinct.isMet(endMs, windowMs),
    save,
  }
}

export function isSavedFresh(value: unknown): value is SavedFresh {
  if (typeof value !== 'object' || value === null) return false
  const { id, text, firstUnixMs, lastUnixMs, buckets } = value as Partial<Record<string, unknown>>
  if (typeof id !== 'string' || typeof text !== 'string') return false
  if (!Number.isFinite(firstUnixMs) || !Number.isFinite(lastUnixMs)) return false
  const isBucket = (one: unknown) =>
    Array.isArray(one) && one.length === 3 && one.every((number) => Number.isFinite(number))
  return Array.isArray(buckets) && buckets.length <= BUCKETS_MAX + 2 && buckets.every(isBucket)
}
