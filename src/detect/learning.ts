/**
 * What a rule takes for normal: that which has left its window, except while it trips. So a baseline
 * never learns the incident that it is there to show, and it does not fade while one lasts: a baseline
 * keeps its own time, which stands still meanwhile.
 *
 * Constant memory. Buckets are numbered by event time / bucketMs.
 */
export interface Learning {
  /**
   * Hands over every bucket that has left the window ending at `endMs`, oldest first, each once, with
   * the time at which the baseline keeps it.
   */
  advance(endMs: number, learn: (bucket: number, learnedMs: number) => void): void
  /** The rule trips: what stands in the window that ends there is never learned. */
  refuse(endMs: number): void
  /**
   * When the baseline keeps an item of that time whose bucket was handed over already; undefined when
   * the bucket is still to come, or will not be learned.
   */
  lateMs(atMs: number): number | undefined
  /** Up to when it has learned, in the baseline's own time; undefined before the first advance. */
  readonly learnedMs: number | undefined
  clear(): void
  save(): Float64Array
  load(saved: unknown): boolean
}

export interface LearningOptions {
  readonly bucketMs: number
  readonly windowMs: number
  /** How far back the buckets are kept. */
  readonly spanMs: number
}

export function createLearning({ bucketMs, windowMs, spanMs }: LearningOptions): Learning {
  const windowCount = Math.max(1, Math.ceil(windowMs / bucketMs - 1e-9))
  const spanCount = Math.ceil(spanMs / bucketMs)
  // The last bucket handed over, the last refused, and the time that was refused so far.
  let passed = Number.NEGATIVE_INFINITY
  let refused = Number.NEGATIVE_INFINITY
  let stoodMs = 0
  return {
    advance(endMs, learn) {
      const last = Math.floor(endMs / bucketMs) - windowCount
      const first = Math.max(passed + 1, last - spanCount + 1)
      for (let bucket = first; bucket <= last; bucket++) {
        if (bucket <= refused) stoodMs += bucketMs
        else learn(bucket, bucket * bucketMs - stoodMs)
      }
      if (last > passed) passed = last
    },
    refuse(endMs) {
      refused = Math.max(refused, Math.floor(endMs / bucketMs))
    },
    lateMs(atMs) {
      const bucket = Math.floor(atMs / bucketMs)
      return bucket <= passed && bucket > refused ? atMs - stoodMs : undefined
    },
    get learnedMs() {
      return Number.isFinite(passed) ? (passed + 1) * bucketMs - stoodMs - 1 : undefined
    },
    clear() {
      passed = Number.NEGATIVE_INFINITY
      refused = Number.NEGATIVE_INFINITY
      stoodMs = 0
    },
    save: () => Float64Array.of(passed, refused, stoodMs),
    load(saved) {
      if (!(saved instanceof Float64Array) || saved.length !== 3 || saved.some(Number.isNaN))
        return false
      const [lastPassed = 0, lastRefused = 0, stood = 0] = saved
      if (!(stood >= 0 && Math.max(stood, lastPassed, lastRefused) < Infinity)) return false
      passed = lastPassed
      refused = lastRefused
      stoodMs = stood
      return true
    },
  }
}
