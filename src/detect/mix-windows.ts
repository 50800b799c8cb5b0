import { createRingWindow, type RingWindow } from '../lib/ring-window.ts'
import type { FieldValue } from '../model/observation.ts'
import type { Item } from './kind.ts'
import { createLearning } from './learning.ts'
import { CHANNELS, CLASSES, MixSums, SAMPLES } from './mix-sums.ts'
import type { Numbers } from './numbers.ts'
import { populationShift, type Shift } from './population-shift.ts'

/** The mix of a field's values in the window, and in the baseline before it. Memory: 53 KB. */
export interface MixWindows {
  /** False for an item that is too old. */
  add(item: Item, value: FieldValue): boolean
  /** The same of many that differ in a number. */
  addAll(item: Item, numbers: Numbers): boolean
  /** Learns what has left the window that ends there. */
  advance(endMs: number): void
  /** Undefined with too few items, or before half of the baseline has passed. */
  shift(endMs: number): Shift | undefined
  /** Samples of the window. */
  count(endMs: number): number
  /** Forgets the window, and keeps the baseline. */
  restart(): void
  clear(): void
  save(): unknown
  /** False for what it did not save; then it is empty. */
  load(saved: unknown): boolean
}

const BUCKETS = 20
const BASELINE_BUCKETS = 60

export interface MixWindowsOptions {
  readonly windowMs: number
  readonly baselineMs: number
  readonly countMin: number
}

/** Sizes of the buckets of the window and of the baseline. */
export function mixBucketsOf(options: Pick<MixWindowsOptions, 'windowMs' | 'baselineMs'>) {
  const bucketMs = options.windowMs / BUCKETS
  return [bucketMs, Math.max(bucketMs, options.baselineMs / BASELINE_BUCKETS)] as const
}

const MIXED = { channelCount: CHANNELS } as const

export function createMixWindows(options: MixWindowsOptions): MixWindows {
  const { windowMs, baselineMs } = options
  const [bucketMs, coarseMs] = mixBucketsOf(options)
  const spanMs = windowMs * 2
  const ring = createRingWindow({ ...MIXED, bucketMs, windowMs, spanMs })
  const baseline = createRingWindow({ ...MIXED, bucketMs: coarseMs, windowMs: baselineMs })
  const learning = createLearning({ bucketMs, windowMs, spanMs })
  const compare = createCompare({ ...options, ring, baseline })
  let sinceMs = Number.POSITIVE_INFINITY
  // Asked after every batch, changed by items and by time.
  let known: Shift | undefined
  let knownBucket = Number.NaN

  const learn = (bucket: number, learnedMs: number) => {
    const middleMs = (bucket + 0.5) * bucketMs
    for (let channel = 0; channel < CHANNELS; channel++) {
      const amount = ring.sum(channel, middleMs, bucketMs)
      if (amount > 0) baseline.add(learnedMs, channel, amount)
    }
  }
  const sums = new MixSums()
  const keep = (atUnixMs: number) => {
    const learnedMs = learning.lateMs(atUnixMs)
    const isLate = learnedMs !== undefined && sums.addTo(baseline, learnedMs)
    if (!sums.addTo(ring, atUnixMs) && !isLate) return false
    if (atUnixMs < sinceMs) sinceMs = atUnixMs
    knownBucket = Number.NaN
    return true
  }
  const restart = () => {
    ring.clear()
    knownBucket = Number.NaN
  }
  const clear = () => {
    restart()
    baseline.clear()
    learning.clear()
    sinceMs = Number.POSITIVE_INFINITY
  }
  return {
    add(item, value) {
      sums.become(item, value)
      return keep(item.atUnixMs)
    },
    addAll({ atUnixMs }, numbers) {
      sums.becomeAll(numbers)
      return keep(atUnixMs)
    },
    advance: (endMs) => learning.advance(endMs, learn),
    shift(endMs) {
      const bucket = Math.floor(endMs / bucketMs)
      if (bucket === knownBucket) return known
      const { learnedMs } = learning
      const isReady = learnedMs !== undefined && endMs - sinceMs >= baselineMs / 2
      known = isReady ? compare(endMs, learnedMs) : undefined
      knownBucket = bucket
      return known
    },
    count: (endMs) => ring.sum(SAMPLES, endMs, windowMs),
    restart,
    clear,
    save: () => [ring.save(), baseline.save(), learning.save(), sinceMs],
    load(saved) {
      clear()
      const [window, past, learned, since] = Array.isArray(saved) ? saved : []
      const isOurs = ring.load(window) && baseline.load(past) && learning.load(learned)
      if (isOurs && typeof since === 'number' && !Number.isNaN(since)) {
        sinceMs = since
        return true
      }
      clear()
      return false
    },
  }
}

function createCompare(
  options: MixWindowsOptions & { readonly ring: RingWindow; readonly baseline: RingWindow },
) {
  const { ring, baseline, windowMs, baselineMs, countMin } = options
  const now = new Float64Array(CLASSES)
  const then = new Float64Array(CLASSES)
  return (endMs: number, learnedMs: number): Shift | undefined => {
    const count = ring.sum(SAMPLES, endMs, windowMs)
    const countThen = baseline.sum(SAMPLES, learnedMs, baselineMs)
    if (count < countMin || countThen < countMin) return undefined
    for (let channel = 0; channel < CLASSES; channel++) {
      now[channel] = ring.sum(channel, endMs, windowMs)
      then[channel] = baseline.sum(channel, learnedMs, baselineMs)
    }
    return populationShift({ now, then, count, countThen })
  }
}
