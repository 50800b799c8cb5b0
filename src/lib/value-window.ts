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
  add(atMs: number, value: number): void
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

interface Bucket extends ValueSummary {
  readonly index: number
  readonly lastMs: number
}

export function createValueWindow(options: { bucketMs: number; spanMs: number }): ValueWindow {
  const { bucketMs } = options
  const bucketsIn = (ms: number) => Math.max(1, Math.ceil(ms / bucketMs - 1e-9))
  const ringCount = bucketsIn(options.spanMs) + 1
  const ring: (Bucket | undefined)[] = new Array(ringCount)
  let sinceMs: number | undefined
  return {
    get sinceMs() {
      return sinceMs
    },
    add(atMs, value) {
      const index = Math.floor(atMs / bucketMs)
      const known = ring[index % ringCount]
      // The place is taken by a newer bucket: the number is older than the ring reaches back.
      if (known && known.index > index) return
      if (sinceMs === undefined || atMs < sinceMs) sinceMs = atMs
      const one = { count: 1, sum: value, min: value, max: value, last: value }
      ring[index % ringCount] =
        known?.index === index
          ? { index, ...join(known, { ...one, lastMs: atMs }) }
          : { index, ...one, lastMs: atMs }
    },
    summary(endMs, windowMs) {
      const end = Math.floor(endMs / bucketMs)
      let total: Bucket | undefined
      for (let index = end - bucketsIn(windowMs) + 1; index <= end; index++) {
        const bucket = ring[((index % ringCount) + ringCount) % ringCount]
        if (bucket?.index !== index) continue
        total = total ? { index, ...join(total, bucket) } : bucket
      }
      return total
    },
    clear() {
      ring.fill(undefined)
      sinceMs = undefined
    },
    save: () => ({
      bucketMs,
      sinceMs,
      buckets: Float64Array.from(ring.flatMap((bucket) => (bucket ? toNumbers(bucket) : []))),
    }),
    load(saved) {
      if (!isSavedValues(saved, bucketMs)) return false
      ring.fill(undefined)
      sinceMs = saved.sinceMs
      for (let from = 0; from < saved.buckets.length; from += NUMBERS) {
        const bucket = toBucket(saved.buckets.subarray(from, from + NUMBERS))
        const place = bucket.index % ringCount
        if ((ring[place]?.index ?? Number.NEGATIVE_INFINITY) < bucket.index) ring[place] = bucket
      }
      return true
    },
  }
}

const NUMBERS = 7

function toNumbers({ index, count, sum, min, max, last, lastMs }: Bucket): number[] {
  return [index, count, sum, min, max, last, lastMs]
}

function toBucket(numbers: Float64Array): Bucket {
  const [index = 0, count = 0, sum = 0, min = 0, max = 0, last = 0, lastMs = 0] = numbers
  return { index, count, sum, min, max, last, lastMs }
}

function isSavedValues(saved: unknown, bucketMs: number): saved is SavedValues {
  const values = saved as Partial<SavedValues> | null | undefined
  if (typeof values !== 'object' || values === null || values.bucketMs !== bucketMs) return false
  if (values.sinceMs !== undefined && !Number.isFinite(values.sinceMs)) return false
  const { buckets } = values
  return buckets instanceof Float64Array && buckets.length % NUMBERS === 0
}

function join(a: Omit<Bucket, 'index'>, b: Omit<Bucket, 'index'>): Omit<Bucket, 'index'> {
  const newer = b.lastMs >= a.lastMs ? b : a
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    last: newer.last,
    lastMs: newer.lastMs,
  }
}
