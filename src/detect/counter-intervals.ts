import type { RequestOutcome } from '../model/attempt.ts'
import {
  dropBalanced,
  type Lacking,
  lackingIn,
  type PlaceCounts,
  type Places,
  placeIn,
} from './counter-places.ts'
import type { CounterStep } from './counter-steps.ts'
import { OUTCOMES, REACH_MAX_MS } from './status-reading.ts'

// The time between statuses of one router, interval by interval: by what its counters grew, and which
// spans ended then.

export interface Intervals {
  /** A span that came for the first time, put where it ended. */
  add(span: SeenSpan): void
  /** Ends the interval that is open, and opens the next; 'back' when the clock was set back. */
  close(step: CounterStep): 'on' | 'back'
  /** The sums of the stretch that is compared, of nothing before `sinceUnixMs`. */
  stretch(nowUnixMs: number, sinceUnixMs: number): Sums
  /** What counters say beyond the spans that rules were shown, oldest first, and each of it once. */
  takeLacking(): readonly Lacking[]
  save(): unknown
  load(saved: unknown): void
}

export interface SeenSpan {
  readonly route: string
  readonly target: string
  readonly outcome: RequestOutcome
  readonly atUnixMs: number
  readonly count: number
  readonly weight: number
  /** Its route is one that the router counts. */
  readonly isCompared: boolean
  /** Rules count it: it is of the pair in force, and no counter stands for it. */
  readonly isShown: boolean
}

export interface Sums {
  counted: number
  /** Weights of spans, and the variance of their sum as an estimate of how many there were. */
  seen: number
  variance: number
}

export interface IntervalsOptions {
  /** What is compared is so long at least, and ends `graceMs` before the last status. */
  readonly stretchMs: number
  readonly graceMs: number
  /** A longer time between two statuses is not compared: nobody listened, or nobody spoke. */
  readonly gapMs: number
}

interface Interval extends Sums {
  readonly fromUnixMs: number
  untilUnixMs: number
  isCompared: boolean
  readonly places: Places
}

/** The stretch widens for fewer attempts, up to so many times its length. */
export const COUNT_MIN = 50
export const WIDEN_MAX = 8
/** Between two statuses, where the clocks say nothing. */
const STEP_MS = 1_000

export function createIntervals(options: IntervalsOptions): Intervals {
  return new IntervalList(options)
}

/** A class, since every attempt passes. */
class IntervalList implements Intervals {
  readonly #options: IntervalsOptions
  /** Oldest first, without gaps; the last one is open: the next status ends it. */
  #list: Interval[] = []
  /** Where the last span was put; not once intervals, or what they hold, change. */
  #last: { readonly interval: Interval; readonly place: PlaceCounts } | undefined
  /** What was lacking until then was taken. */
  #takenUntilUnixMs = Number.NEGATIVE_INFINITY

  constructor(options: IntervalsOptions) {
    this.#options = options
  }

  add(span: SeenSpan): void {
    const interval = this.#find(span.atUnixMs)
    if (!interval) return
    const { weight, count } = span
    if (span.isCompared) {
      interval.seen += weight
      interval.variance += weight * (weight / count - 1)
    }
    const outcome = span.isShown ? OUTCOMES.indexOf(span.outcome) : -1
    const place = outcome < 0 ? undefined : this.#placeOf(interval, span)
    if (place) place.seen[outcome] = (place.seen[outcome] ?? 0) + weight
  }

  /** What comes together is mostly of one interval, route and target. */
  #placeOf(interval: Interval, span: SeenSpan): PlaceCounts | undefined {
    const last = this.#last
    const isLast = last?.interval === interval && last.place.target === span.target
    if (isLast && last.place.route === span.route) return last.place
    const place = placeIn(interval.places, span)
    if (place) this.#last = { interval, place }
    return place
  }

  close(step: CounterStep): 'on' | 'back' {
    this.#last = undefined
    const { fromUnixMs, untilUnixMs, places } = step
    const isBack = untilUnixMs <= (this.#list.at(-1)?.fromUnixMs ?? Number.NEGATIVE_INFINITY)
    if (isBack) {
      // What was before cannot be told from what comes now.
      this.#list = [openAt(untilUnixMs - STEP_MS)]
      this.#takenUntilUnixMs = untilUnixMs - STEP_MS
    }
    const open = this.#list.at(-1)
    if (open) {
      const lengthMs = untilUnixMs - (fromUnixMs ?? untilUnixMs)
      open.untilUnixMs = untilUnixMs
      open.isCompared = lengthMs > 0 && lengthMs <= this.#options.gapMs && !step.hasNewRoute
      open.counted = step.total
      for (const { route, target, ended } of places) {
        const place = ended.some((count) => count > 0) && placeIn(open.places, { route, target })
        if (place) for (const [outcome, count] of ended.entries()) place.counted[outcome] = count
      }
    }
    const fresh = new Set(places.filter(({ isFresh }) => isFresh).map(({ route }) => route))
    for (const route of fresh) for (const interval of this.#list) interval.places.delete(route)
    this.#list.push(openAt(untilUnixMs))
    this.#prune(untilUnixMs)
    return isBack ? 'back' : 'on'
  }

  stretch(nowUnixMs: number, sinceUnixMs: number): Sums {
    const { stretchMs, graceMs } = this.#options
    const endUnixMs = nowUnixMs - graceMs
    const sums = { counted: 0, seen: 0, variance: 0 }
    for (const one of this.#list.slice(0, -1).reverse()) {
      const { fromUnixMs, untilUnixMs } = one
      if (fromUnixMs < sinceUnixMs) break
      if (sums.counted >= COUNT_MIN && untilUnixMs <= endUnixMs - stretchMs) break
      if (untilUnixMs <= endUnixMs - stretchMs * WIDEN_MAX) break
      if (!one.isCompared || untilUnixMs > endUnixMs) continue
      sums.counted += one.counted
      sums.seen += one.seen
      sums.variance += one.variance
    }
    return sums
  }

  takeLacking(): readonly Lacking[] {
    this.#last = undefined
    const due = this.#list
      .slice(0, -1)
      .filter(({ untilUnixMs }) => untilUnixMs > this.#takenUntilUnixMs)
    this.#takenUntilUnixMs = due.at(-1)?.untilUnixMs ?? this.#takenUntilUnixMs
    // A span on the edge of two intervals may stand in the other one: the sum is what counts.
    const owed = new Map<string, number>()
    const lacking = due.flatMap((interval) => lackingIn(interval, owed))
    for (const { places } of due) places.clear()
    return lacking
  }

  save(): unknown {
    return { list: this.#list, takenUntilUnixMs: this.#takenUntilUnixMs }
  }

  load(saved: unknown): void {
    this.#last = undefined
    const known = saved as { list: Interval[]; takenUntilUnixMs: number }
    this.#list = known.list
    this.#takenUntilUnixMs = known.takenUntilUnixMs
  }

  #find(atUnixMs: number): Interval | undefined {
    const last = this.#last?.interval
    if (last && atUnixMs > last.fromUnixMs && atUnixMs <= last.untilUnixMs) return last
    for (let index = this.#list.length - 1; index >= 0; index--) {
      const interval = this.#list[index]
      if (interval && atUnixMs > interval.fromUnixMs) return interval
    }
    return undefined
  }

  /** Keeps what a stretch may reach, and rules would still take. */
  #prune(nowUnixMs: number): void {
    const { stretchMs, graceMs } = this.#options
    const back = (ms: number) => nowUnixMs - Math.min(graceMs + ms, REACH_MAX_MS)
    const narrowUnixMs = back(stretchMs)
    const wideUnixMs = back(stretchMs * WIDEN_MAX)
    let counted = 0
    let kept = this.#list.length - 1
    for (; kept > 0; kept--) {
      const before = this.#list[kept - 1]
      if (!before || before.untilUnixMs <= wideUnixMs) break
      if (before.untilUnixMs <= narrowUnixMs && counted >= COUNT_MIN) break
      if (before.untilUnixMs > nowUnixMs - graceMs) continue
      counted += before.counted
      dropBalanced(before.places)
    }
    if (kept > 0) this.#list.splice(0, kept)
  }
}

function openAt(fromUnixMs: number): Interval {
  return {
    ...{ fromUnixMs, untilUnixMs: Number.POSITIVE_INFINITY, isCompared: false },
    ...{ counted: 0, seen: 0, variance: 0, places: new Map() },
  }
}
