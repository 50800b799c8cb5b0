import type { RuleOf } from '../config/rules.ts'
import { createSketchWindow, type SketchWindow } from '../lib/sketch-window.ts'
import type { Item } from './kind.ts'
import { createLearning } from './learning.ts'
import type { Numbers } from './numbers.ts'

/** The quantile that a group used to have: over `baseline` before the trip window. */
export interface QuantileBaseline {
  /** Learns what has left the window that ends there. */
  advance(endMs: number): void
  /** Never learns what stands in the window that ends there. */
  refuse(endMs: number): void
  /** Hears of an item, and keeps it when it is so late that its bucket was learned already. */
  take(item: Item, value: number): boolean
  /** As `take` for each of many. */
  takeAll(item: Item, numbers: Numbers): boolean
  /** Undefined until half of the baseline has passed, with enough values. */
  value(): number | undefined
  clear(): void
  save(): unknown
  load(saved: unknown): boolean
}

export interface QuantileBaselineOptions {
  readonly rule: RuleOf<'quantile'>
  readonly window: SketchWindow
  /** How far back the window keeps its buckets. */
  readonly spanMs: number
}

/** A coarser bucket loses nothing but the exact edge of the baseline. */
const BUCKETS = 60

export function baselineBucketMs({ baselineMs }: RuleOf<'quantile'>, bucketMs: number): number {
  return Math.max(bucketMs, baselineMs / BUCKETS)
}

export function createQuantileBaseline(options: QuantileBaselineOptions): QuantileBaseline {
  const { rule, window } = options
  const { baselineMs, windowMs, q, trip } = rule
  const { bucketMs } = window
  const learning = createLearning({ bucketMs, windowMs, spanMs: options.spanMs })
  const size = { windowMs: baselineMs, spanMs: baselineMs }
  const sketches = createSketchWindow({ bucketMs: baselineBucketMs(rule, bucketMs), ...size })
  /** Event time of the oldest value, and the newest end of a window. */
  let sinceMs = Number.POSITIVE_INFINITY
  let endMs = Number.NEGATIVE_INFINITY
  // Asked on every judgement, changed once per bucket.
  let known: number | undefined
  let isKnown = false

  const learn = (bucket: number, learnedMs: number) => {
    const sketch = window.bucket(bucket)
    if (!sketch || sketch.count === 0) return
    sketches.merge(learnedMs, sketch)
    isKnown = false
  }
  const compute = () => {
    const { learnedMs } = learning
    if (learnedMs === undefined || endMs - sinceMs < baselineMs / 2) return undefined
    const sketch = sketches.running(learnedMs)
    return sketch.count < trip.countMin ? undefined : sketch.quantile(q)
  }
  const keep = ({ atUnixMs }: Item, add: (learnedMs: number) => boolean) => {
    if (atUnixMs < sinceMs) sinceMs = atUnixMs
    const learnedMs = learning.lateMs(atUnixMs)
    if (learnedMs === undefined) return false
    isKnown = false
    return add(learnedMs)
  }
  return {
    advance(nowMs) {
      if (nowMs <= endMs) return
      const isNewBucket = Math.floor(nowMs / bucketMs) !== Math.floor(endMs / bucketMs)
      endMs = nowMs
      if (!isNewBucket) return
      learning.advance(nowMs, learn)
      isKnown = false
    },
    refuse: learning.refuse,
    take: (item, value) => keep(item, (atMs) => sketches.add(atMs, value, item)),
    takeAll: (item, numbers) =>
      keep(item, (atMs) => sketches.addAll(atMs, numbers.bins(), numbers)),
    value() {
      if (!isKnown) known = compute()
      isKnown = true
      return known
    },
    clear() {
      learning.clear()
      sketches.clear()
      sinceMs = Number.POSITIVE_INFINITY
      endMs = Number.NEGATIVE_INFINITY
      isKnown = false
    },
    save: () => [learning.save(), sketches.save(), Float64Array.of(sinceMs, endMs)],
    load(saved) {
      isKnown = false
      if (!Array.isArray(saved) || !learning.load(saved[0]) || !sketches.load(saved[1]))
        return false
      const times: unknown = saved[2]
      if (!(times instanceof Float64Array) || times.length !== 2 || times.some(Number.isNaN))
        return false
      sinceMs = times[0] as number
      endMs = times[1] as number
      return true
    },
  }
}
