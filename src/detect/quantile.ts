import type { RuleOf } from '../config/rules.ts'
import { BIN_GROWTH } from '../lib/exponential-bins.ts'
import type { ExponentialSketch } from '../lib/exponential-sketch.ts'
import { createSketchWindow, type SketchWindow } from '../lib/sketch-window.ts'
import { type Instant, type KindState, STRETCH_MAX } from './kind.ts'
import { numberOf } from './number-of.ts'
import type { Numbers } from './numbers.ts'
import {
  baselineBucketMs,
  createQuantileBaseline,
  type QuantileBaseline,
} from './quantile-baseline.ts'
import { bucketEndMs, slackToCount } from './slack.ts'

type Config = RuleOf<'quantile'>

/**
 * Fires when a quantile of a number is over a level, over n times its own baseline, or, when both
 * stand, over both; never below the floor. At most 1.1 % from the true quantile.
 *
 * Slides in buckets of a second or window/18, whichever is longer. Memory per group: a bin takes 4 B,
 * a bucket the octaves in use, so for latencies 0.1 to 0.2 MB with a baseline, and 0.5 MB at most
 * (180 buckets up to the longest clear window, and 61 of the baseline, of 16 octaves each).
 */
export function createQuantile(rule: Config): KindState {
  const { windowMs, trip, clear, q, of } = rule
  const stretchMs = clear.windowMs * STRETCH_MAX
  const spanMs = Math.max(windowMs, stretchMs)
  const window = createSketchWindow({ bucketMs: quantileBucketMs(rule), windowMs, spanMs })
  const isRelative = trip.timesBaseline !== undefined || clear.timesBaseline !== undefined
  const baseline = isRelative ? createQuantileBaseline({ rule, window, spanMs }) : undefined

  const levelOf = (level: number | undefined, times: number | undefined) =>
    times === undefined ? level : timesNormal(times, level, baseline?.value())
  const judge = (at: Instant) => {
    const now = window.running(at.endUnixMs)
    const isOpen = at.missing(windowMs) > 0
    const level = levelOf(trip.above, trip.timesBaseline)
    const { count } = now
    const value = count < trip.countMin ? undefined : now.quantile(q)
    const threshold = Math.max(level ?? trip.above ?? 0, rule.floor ?? 0)
    if (value === undefined || level === undefined) {
      const little = { outcome: isOpen ? 'open' : 'few', value: value ?? null } as const
      return { isOver: false, ...little, threshold, count }
    }
    const isOver = value > level && value >= (rule.floor ?? value)
    // What is missing could move a quantile either way: only what fires already goes on.
    const outcome = isOpen && !(isOver && at.isTripped) ? 'open' : isOver ? 'trips' : 'calm'
    return { isOver, outcome, value, threshold, count } as const
  }

  return {
    add(item) {
      const value = numberOf(item, of)
      if (value === undefined) return undefined
      const isLearned = baseline?.take(item, value) ?? false
      return window.add(item.atUnixMs, value, item) || isLearned ? isSlow(rule, value) : undefined
    },
    addAll(item, numbers) {
      const isLearned = baseline?.takeAll(item, numbers)
      const isKept = window.addAll(item.atUnixMs, numbers.bins(), numbers)
      return isKept || isLearned ? isSlow(rule, greatestOf(numbers)) : undefined
    },
    judge(at) {
      baseline?.advance(at.endUnixMs)
      const { isOver, ...reading } = judge(at)
      if (isOver || at.isTripped) baseline?.refuse(at.endUnixMs)
      return reading
    },
    slack(endUnixMs, outcome) {
      const level = levelOf(trip.above, trip.timesBaseline)
      const untilUnixMs = bucketEndMs(endUnixMs, window.bucketMs)
      // Baselines are learned bucket by bucket.
      if (level === undefined) return { weight: Number.POSITIVE_INFINITY, untilUnixMs }
      const now = window.running(endUnixMs)
      if (outcome === 'few') return slackToCount(trip.countMin - now.count)
      return { weight: spareOf(rule, now, level), untilUnixMs }
    },
    clears(at) {
      const below = levelOf(clear.below, clear.timesBaseline)
      if (below === undefined) return false
      const limit = Math.max(below, clear.isOwn ? 0 : (rule.floor ?? 0))
      const reachMs = Math.max(clear.windowMs, at.endUnixMs - at.floorUnixMs)
      const ofMs = window.widen({
        endMs: at.endUnixMs,
        atLeast: clear.countMin,
        windowMs: clear.windowMs,
        windowMaxMs: Math.min(stretchMs, reachMs),
      })
      if (ofMs === undefined || at.missing(ofMs) > 0) return false
      const value = window.over(at.endUnixMs, ofMs).quantile(q)
      return value !== undefined && value < limit
    },
    // What was normal stays so: only the evidence starts anew.
    restart: () => window.clear(),
    save: () => [window.save(), baseline?.save()],
    load: (saved) => loadBoth(saved, window, baseline),
  }
}

/** Undefined while there is no baseline to compare with. */
function timesNormal(times: number, level = 0, normal: number | undefined): number | undefined {
  return normal === undefined ? undefined : Math.max(level, times * normal)
}

/** How much may come that is over the level before the quantile can be. */
function spareOf({ q, floor }: Config, now: ExponentialSketch, level: number): number {
  // What is at the floor is not below it.
  const least = Math.max(level, (floor ?? 0) * (1 - 1e-9))
  return ((1 - q) * now.weight - now.weightAbove(least)) / q
}

function loadBoth(
  saved: unknown,
  window: SketchWindow,
  baseline: QuantileBaseline | undefined,
): boolean {
  const [values, normal]: unknown[] = Array.isArray(saved) ? saved : []
  if (window.load(values) && (!baseline || baseline.load(normal))) return true
  window.clear()
  baseline?.clear()
  return false
}

function quantileBucketMs({ windowMs }: Config): number {
  return Math.max(Math.min(1_000, windowMs / 6), windowMs / 18)
}

/** Sizes of the buckets that it sorts numbers into. */
export function quantileBucketsOf(rule: Config): readonly number[] {
  const bucketMs = quantileBucketMs(rule)
  return [bucketMs, baselineBucketMs(rule, bucketMs)]
}

function greatestOf({ values, from, until }: Numbers): number {
  let greatest = Number.NEGATIVE_INFINITY
  for (let i = from; i < until; i++) {
    const value = values[i] as number
    if (value > greatest) greatest = value
  }
  return greatest
}

/** Whether a single number speaks for tripping, as far as one can know without the baseline. */
function isSlow({ trip, floor }: Config, value: number): boolean {
  // A bin may lie above the level by its middle, and the number below.
  return value * BIN_GROWTH > Math.max(trip.above ?? 0, floor ?? 0)
}
