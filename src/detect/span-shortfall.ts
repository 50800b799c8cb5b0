import {
  COUNT_MIN,
  createIntervals,
  type Intervals,
  type IntervalsOptions,
  type SeenSpan,
  WIDEN_MAX,
} from './counter-intervals.ts'
import type { Lacking } from './counter-places.ts'
import type { CounterStep } from './counter-steps.ts'

// Whether the spans of one router are all there: those that ended between two statuses beside what
// its counters grew by. Compared is the narrowest stretch of `stretchMs` or more that holds COUNT_MIN
// attempts and ends `graceMs` before the last status, so that the delay of an export is no shortfall.
// Weights are compared, and what chance explains of declared sampling is no shortfall either.

export interface SpanShortfall {
  /** A span that came for the first time. */
  span(span: SeenSpan): void
  step(step: CounterStep): ShortfallStep
  readonly isShort: boolean
  /** Of the counters, what spans lacked when last compared; 0..1. */
  readonly missingShare: number
  /** Whether counters stand for a span that ended then. */
  covers(endUnixMs: number): boolean
  /** Whether they stand for any that ended since. */
  mayCover(sinceUnixMs: number): boolean
  save(): unknown
  load(saved: unknown): void
}

export interface ShortfallStep {
  readonly hasChanged: boolean
  /** What is to be counted instead of spans. */
  readonly lacking: readonly Lacking[]
}

/** More than this share missing is short; half of it is fine again. */
const SHORT_ABOVE = 0.02
const FINE_UP_TO = 0.01
/** Fewer missing are no shortfall: one lost span is none. */
const MISSING_MIN = 5
/** Standard errors of a sampled sum that chance explains. */
const SIGMAS = 3
const NEVER = Number.NEGATIVE_INFINITY

export function createSpanShortfall(options: IntervalsOptions): SpanShortfall {
  return new Shortfall(options)
}

interface Saved {
  readonly isShort: boolean
  readonly missingShare: number
  readonly sinceUnixMs: number
  readonly fineSinceUnixMs: number | undefined
  readonly coveredUntilUnixMs: number
  readonly intervals: unknown
}

class Shortfall implements SpanShortfall {
  isShort = false
  missingShare = 0
  readonly #stretchMs: number
  readonly #intervals: Intervals
  /** When it last changed: what was before says nothing of now. */
  #sinceUnixMs = NEVER
  #fineSinceUnixMs: number | undefined
  /** Attempts that ended until then were told by counters, while the router was short. */
  #coveredUntilUnixMs = NEVER

  constructor(options: IntervalsOptions) {
    this.#stretchMs = options.stretchMs
    this.#intervals = createIntervals(options)
  }

  span(span: SeenSpan): void {
    this.#intervals.add(span)
  }

  covers(endUnixMs: number): boolean {
    return this.isShort || endUnixMs <= this.#coveredUntilUnixMs
  }

  mayCover(sinceUnixMs: number): boolean {
    return this.isShort || sinceUnixMs <= this.#coveredUntilUnixMs
  }

  step(step: CounterStep): ShortfallStep {
    const { untilUnixMs } = step
    if (this.#intervals.close(step) === 'back') {
      this.#sinceUnixMs = untilUnixMs
      this.#fineSinceUnixMs = undefined
      this.#coveredUntilUnixMs = NEVER
    }
    const wasShort = this.isShort
    this.#judge(untilUnixMs)
    // Also of the last step before spans count again: they count from here on.
    const lacking = wasShort || this.isShort ? this.#intervals.takeLacking() : []
    return { hasChanged: this.isShort !== wasShort, lacking }
  }

  save(): Saved {
    return {
      ...{ isShort: this.isShort, missingShare: this.missingShare },
      ...{ sinceUnixMs: this.#sinceUnixMs, fineSinceUnixMs: this.#fineSinceUnixMs },
      ...{ coveredUntilUnixMs: this.#coveredUntilUnixMs, intervals: this.#intervals.save() },
    }
  }

  load(saved: unknown): void {
    const known = saved as Saved
    this.isShort = known.isShort
    this.missingShare = known.missingShare
    this.#sinceUnixMs = known.sinceUnixMs
    this.#fineSinceUnixMs = known.fineSinceUnixMs
    this.#coveredUntilUnixMs = known.coveredUntilUnixMs
    this.#intervals.load(known.intervals)
  }

  #judge(nowUnixMs: number): void {
    const { counted, seen, variance } = this.#intervals.stretch(nowUnixMs, this.#sinceUnixMs)
    if (counted === 0) return
    const missing = counted - seen
    const chance = SIGMAS * Math.sqrt(Math.max(0, variance))
    this.missingShare = Math.max(0, missing / counted)
    const isOver = (share: number) => missing > share * counted + chance
    if (!this.isShort) {
      if (missing >= MISSING_MIN && isOver(SHORT_ABOVE)) this.#change(nowUnixMs)
      return
    }
    if (missing >= 1 && isOver(FINE_UP_TO)) {
      this.#fineSinceUnixMs = undefined
      return
    }
    this.#fineSinceUnixMs ??= nowUnixMs
    const holdMs = counted >= COUNT_MIN ? this.#stretchMs : this.#stretchMs * WIDEN_MAX
    if (nowUnixMs - this.#fineSinceUnixMs < holdMs) return
    this.#change(nowUnixMs)
    this.#coveredUntilUnixMs = nowUnixMs
  }

  #change(nowUnixMs: number): void {
    this.isShort = !this.isShort
    this.#sinceUnixMs = nowUnixMs
    this.#fineSinceUnixMs = undefined
  }
}
