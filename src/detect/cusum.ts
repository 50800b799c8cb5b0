import type { RuleOf } from '../config/rules.ts'
import { formatDurationMs } from '../lib/duration.ts'
import { type CusumBaseline, createCusumBaseline } from './cusum-baseline.ts'
import { createCusumMeans, MEANS_KEPT } from './cusum-means.ts'
import { type CusumChange, createCusumSides } from './cusum-sides.ts'
import type { Instant, KindState } from './kind.ts'

const BUCKETS = 10
/** A bucket is judged when the next one is over too, so that what comes a little late is in it. */
const GRACE = 1
/** Bucket means that a baseline must rest on. */
const LEARNED_MIN = 30
/** Less than one percent of what is constant is no deviation. */
const DEVIATION_RATIO_MIN = 0.01

/**
 * Fires where the mean of a number, or a volume, changed: a two-sided standardised CUSUM over the
 * means of buckets of window/10, S = max(0, S + z − k), k = 0.5 and the
 * baseline's own standard error, fires at S > `above` (default 8); z against
 * mean and deviation of the baseline, which ends one window before. It goes on for one window, and
 * the baseline starts anew with what came after the change.
 *
 * A shift of 2 deviations is found 7 buckets later (median; 95 % within 10). Steady normal noise trips
 * falsely once in 16,000 buckets with a baseline of 600 of them (27 h at `window: 60s`), once in 7,500
 * with one of 60 (all measured): reason enough to annotate only, and for a baseline of many windows.
 * While anything is missing it stands still. Memory per group: 2.5 KB.
 *
 * @see Hawkins and Olwell, Cumulative Sum Charts and Charting for Quality Improvement (1998)
 */
export function createCusum(rule: RuleOf<'change'>): KindState {
  const { windowMs, trip } = rule
  const bucketMs = windowMs / BUCKETS
  const means = createCusumMeans({ of: rule.of, bucketMs, windowMs })
  const baseline = createCusumBaseline({ baselineMs: rule.baselineMs, bucketMs })
  const sides = createCusumSides({ above: trip.above, bucketMs, baseline })
  const scale = createScale(rule, baseline)
  let own: Own = { ...START }

  const step = (bucket: number) => {
    const value = means.value(bucket)
    if (value === undefined) return
    const count = scale.countOf(means.count((bucket + 0.5) * bucketMs))
    const canJudge = count >= trip.countMin && scale.isReady(own)
    const change = sides.step(bucket, value, canJudge ? scale.deviation() : undefined)
    if (!change) return
    const reason = describe({ of: rule.of, bucketMs, change })
    own = { ...own, firedMs: own.endMs, isAnew: true, sum: change.sum, reason }
  }
  /** Judges the buckets that are over; not those of which something is missing. */
  const advance = (endMs: number, isMissing: boolean) => {
    own.endMs = Math.max(own.endMs, endMs)
    const last = Math.floor(own.endMs / bucketMs) - 1 - GRACE
    let next = Math.max(own.next, last - MEANS_KEPT + 2 + GRACE)
    for (; next <= last; next++) if (!isMissing) step(next)
    own.next = next
  }
  const clear = () => {
    means.clear()
    sides.clear()
    own = { ...own, next: Number.NaN }
  }

  return {
    add(item) {
      if (!means.add(item)) return undefined
      // The first bucket is only partly heard.
      if (Number.isNaN(own.next)) own.next = Math.floor(item.atUnixMs / bucketMs) + 1
      return true
    },
    judge(at) {
      const isMissing = at.missing(windowMs) > 0
      advance(at.endUnixMs, isMissing)
      const count = scale.countOf(means.count(own.endMs))
      const facts = { value: sides.value, threshold: trip.above, count }
      if (isOn(at, own, windowMs))
        return { outcome: 'trips', ...facts, value: own.sum, reason: own.reason }
      const isEnough = count >= trip.countMin && scale.isReady(own)
      return { outcome: isMissing ? 'open' : isEnough ? 'calm' : 'few', ...facts }
    },
    clears: (at) => !isOn(at, own, windowMs),
    // What was normal stays so: only the evidence starts anew.
    restart: clear,
    save: () => [means.save(), baseline.save(), sides.save(), { ...own }],
    load(saved) {
      const parts: unknown[] = Array.isArray(saved) ? saved : []
      const isOurs = means.load(parts[0]) && baseline.load(parts[1]) && sides.load(parts[2])
      if (isOurs && isOwn(parts[3])) {
        own = { ...parts[3] }
        return true
      }
      clear()
      baseline.clear()
      own = { ...START }
      return false
    },
  }
}

/** With what a value is compared, and whether it can be. */
function createScale(rule: RuleOf<'change'>, baseline: CusumBaseline) {
  const { baselineMs, windowMs } = rule
  const isVolume = rule.of === 'volume'
  const learnedMin = Math.min(LEARNED_MIN, Math.floor((baselineMs / 2 / windowMs) * BUCKETS))
  return {
    isReady({ endMs, isAnew }: Own): boolean {
      const { sinceMs, count } = baseline
      if (sinceMs === undefined || count < learnedMin) return false
      return isAnew || endMs - sinceMs >= baselineMs / 2
    },
    // A volume that fell to nothing is judged by how much there was.
    countOf: (count: number) =>
      isVolume ? Math.max(count, Math.floor(baseline.mean * BUCKETS)) : count,
    deviation() {
      const { mean, deviation } = baseline
      // Independent arrivals scatter by the root of their number.
      const natural = isVolume ? Math.sqrt(Math.max(1, mean)) : 0
      return Math.max(deviation, Math.abs(mean) * DEVIATION_RATIO_MIN, natural, 1e-9)
    },
  }
}

function isOn({ endUnixMs }: Instant, { firedMs }: Own, windowMs: number): boolean {
  return endUnixMs < firedMs + windowMs
}

function describe(query: { of: string; bucketMs: number; change: CusumChange }): string {
  const { of, bucketMs, change } = query
  const render = (value: number) => {
    if (of === 'duration') return formatDurationMs(Math.round(value))
    const shown = of === 'volume' ? (value * 1_000) / bucketMs : value
    return `${Number(shown.toPrecision(3))}${of === 'volume' ? '/s' : ''}`
  }
  return `${of} from ${render(change.from)} to ${render(change.to)}`
}

interface Own {
  /** The bucket that is judged next; NaN before the first item. */
  next: number
  /** Newest end of a window. */
  endMs: number
  readonly firedMs: number
  /** Whether the baseline began at a change, and not at a start: then it need not be as long. */
  readonly isAnew: boolean
  /** Of the last change: the sum that it came to, and what it was. */
  readonly sum: number
  readonly reason: string
}

const START: Own = {
  next: Number.NaN,
  endMs: Number.NEGATIVE_INFINITY,
  firedMs: Number.NEGATIVE_INFINITY,
  isAnew: false,
  sum: 0,
  reason: '',
}

function isOwn(saved: unknown): saved is Own {
  if (typeof saved !== 'object' || saved === null) return false
  const { next, endMs, firedMs, sum, isAnew, reason } = saved as Partial<Own>
  const isTime = [next, endMs, firedMs, sum].every((one) => typeof one === 'number')
  return isTime && typeof isAnew === 'boolean' && typeof reason === 'string'
}
