import { createRingWindow, type RingWindow } from '../lib/ring-window.ts'
import type { FieldValue } from '../model/observation.ts'
import type { Item } from './kind.ts'
import { createLearning } from './learning.ts'
import { populationShift, type Shift } from './population-shift.ts'

/** The mix of a field's values in the window, and in the baseline before it. Memory: 53 KB. */
export interface MixWindows {
  /** False for an item that is too old. */
  add(item: Item, value: FieldValue): boolean
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

/** Classes of a field: no text is kept. */
export const CLASSES = 64
const SAMPLES = CLASSES
const BUCKETS = 20
const BASELINE_BUCKETS = 60
/** log2 of the least number that has a class of its own is −20. */
const LOG2_OFFSET = 20

export interface MixWindowsOptions {
  readonly windowMs: number
  readonly baselineMs: number
  readonly countMin: number
}

export function createMixWindows(options: MixWindowsOptions): MixWindows {
  const { windowMs, baselineMs } = options
  const bucketMs = windowMs / BUCKETS
  const spanMs = windowMs * 2
  const channelCount = CLASSES + 1
  const ring = createRingWindow({ bucketMs, windowMs, spanMs, channelCount })
  const coarseMs = Math.max(bucketMs, baselineMs / BASELINE_BUCKETS)
  const baseline = createRingWindow({ bucketMs: coarseMs, windowMs: baselineMs, channelCount })
  const learning = createLearning({ bucketMs, windowMs, spanMs })
  const compare = createCompare({ ...options, ring, baseline })
  let sinceMs = Number.POSITIVE_INFINITY
  // Asked after every batch, changed by items and by time.
  let known: Shift | undefined
  let knownBucket = Number.NaN

  const learn = (bucket: number, learnedMs: number) => {
    const middleMs = (bucket + 0.5) * bucketMs
    for (let channel = 0; channel < channelCount; channel++) {
      const amount = ring.sum(channel, middleMs, bucketMs)
      if (amount > 0) baseline.add(learnedMs, channel, amount)
    }
  }
  const put = (window: RingWindow, atMs: number, { weight, count }: Item) =>
    window.add(atMs, SAMPLES, count) && window.add(atMs, valueClass, weight)
  let valueClass = 0
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
      const { atUnixMs } = item
      valueClass = classOf(value)
      const learnedMs = learning.lateMs(atUnixMs)
      const isLate = learnedMs !== undefined && put(baseline, learnedMs, item)
      if (!put(ring, atUnixMs, item) && !isLate) return false
      if (atUnixMs < sinceMs) sinceMs = atUnixMs
      knownBucket = Number.NaN
      return true
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

/** The class of a value, below CLASSES: by log2 for numbers (0 for zero and below), else by a hash. */
export function classOf(value: FieldValue): number {
  if (typeof value === 'number') {
    if (!(value > 0)) return 0
    return 1 + Math.max(0, Math.min(CLASSES - 2, Math.floor(Math.log2(value)) + LOG2_OFFSET))
  }
  const text = String(value)
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 15)) & (CLASSES - 1)
}

/** The least number of a class. */
export function leastOf(place: number): number {
  return place === 0 ? 0 : 2 ** (place - 1 - LOG2_OFFSET)
}
