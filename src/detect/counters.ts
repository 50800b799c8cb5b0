import type { Generation } from '../model/generation.ts'
import type { Observation } from '../model/observation.ts'
import type { CounterEvents } from '../telemetry/counter-events.ts'
import type { NewAttempts } from './columns.ts'
import type { IntervalsOptions, SeenSpan } from './counter-intervals.ts'
import { toObservations } from './counter-observations.ts'
import type { Lacking } from './counter-places.ts'
import { type CounterStep, type CounterSteps, createCounterSteps } from './counter-steps.ts'
import type { Feed } from './feeds.ts'
import type { Remembered } from './memory.ts'
import { createSpanShortfall, type SpanShortfall } from './span-shortfall.ts'
import { readStatus } from './status-reading.ts'

// The counters in the statuses of routers: for rules that ask for them, and in place of a router's
// spans while these fall short of them.
//
// Neither twice nor never: when a router turns out to be short, rules are given what counters say
// beyond the spans that they were shown, back through the stretch that was compared, and from then on
// the counters of each status; its spans pass them by, whenever they ended. When its spans are all
// there again, those count that ended after the last status by which counters counted. Both are by
// the router's own clock, so that switching is exact to the milliseconds between its counting an
// attempt and ending the span.

export interface Counters extends Remembered {
  /** Of a batch that is a status: its attempts, for rules that take counters. */
  take(observations: readonly Observation[], receivedUnixMs: number): readonly Observation[]
  /** Attempts that were not delivered before. */
  observe(attempts: NewAttempts): void
  /** Which rules are shown it. */
  feedOf(observation: Observation, atUnixMs: number): Feed
  /** Whether counters may stand for some of the spans of a source that ended since. */
  mayCover(source: string, sinceUnixMs: number): boolean
  /** The share of attempts that a router's spans lack, while its counters stand for them; else undefined. */
  missingShareOf(router: string): number | undefined
  forget(router: string): void
}

export interface CountersOptions {
  readonly latenessMs: number
  readonly restarts: { pairAt(route: string): Generation | undefined }
  readonly events: CounterEvents
  /** Whether some rule takes the counters of every router. */
  isCounted(): boolean
}

interface Book {
  readonly steps: CounterSteps
  readonly shortfall: SpanShortfall
}

const ROUTERS_MAX = 1_000
// Of the network, which does not run faster in a rehearsal either.
const STRETCH_MS = 30_000
/** SDKs export every 5 s where nobody set it. */
const EXPORT_MS = 5_000
const GAP_MS = 10_000

export function createCounters(options: CountersOptions): Counters {
  return new CounterBooks(options)
}

/** A class, since every attempt passes. */
class CounterBooks implements Counters {
  readonly #options: CountersOptions
  readonly #compared: IntervalsOptions
  /** Heard last stands last. */
  readonly #books = new Map<string, Book>()
  /** The attempt that is passing; nobody keeps it. */
  readonly #span: { -readonly [K in keyof SeenSpan]: SeenSpan[K] } = {
    ...{ route: '', target: '', outcome: 'ok', atUnixMs: 0, count: 1, weight: 1 },
    ...{ isCompared: false, isShown: false },
  }
  /** Whose was asked for last: what comes together is mostly of one. */
  #last: { readonly router: string; readonly book: Book | undefined } | undefined
  /** Routers that said goodbye while they were short: what spans they still send stays covered. */
  readonly #gone = new Set<string>()

  constructor(options: CountersOptions) {
    this.#options = options
    const graceMs = Math.max(options.latenessMs, EXPORT_MS)
    this.#compared = { stretchMs: STRETCH_MS, graceMs, gapMs: GAP_MS }
  }

  take(observations: readonly Observation[], receivedUnixMs: number): readonly Observation[] {
    const reading = readStatus(observations, receivedUnixMs)
    if (!reading) return []
    const { router } = reading
    const { steps, shortfall } = this.#heard(router)
    const step = steps.take(reading)
    if (!step) return []
    const { hasChanged, lacking } = shortfall.step(step)
    if (hasChanged) this.#tell(router, shortfall)
    const counted = this.#options.isCounted() ? grownIn(step) : []
    return [
      ...toObservations(router, 'instead', lacking),
      ...toObservations(router, 'counted', counted),
    ]
  }

  observe({ pile, columns }: NewAttempts): void {
    const { facts, rows, length, isOfSpans, source } = pile
    const book = isOfSpans ? this.#find(source) : undefined
    if (!book) return
    const { steps, shortfall } = book
    const span = this.#span
    span.route = facts.route
    span.target = facts.target
    span.outcome = facts.outcome
    span.isCompared = steps.hasRoute(facts.route)
    for (let at = 0; at < length; at++) {
      const row = rows[at] as number
      span.atUnixMs = columns.atUnixMs[row] as number
      span.count = columns.counts[row] as number
      span.weight = columns.weights[row] as number
      // What is of before the weights in force was not shown to rules.
      span.isShown = !shortfall.covers(span.atUnixMs) && columns.isCurrent[row] === 1
      shortfall.span(span)
    }
  }

  feedOf(observation: Observation, atUnixMs: number): Feed {
    const { unit, feed, source } = observation
    if (feed) return feed
    if (unit !== 'attempt' || this.#books.size === 0) return unit
    const book = this.#find(source.id)
    if (!book?.shortfall.covers(atUnixMs)) return unit
    // Made when it is asked for: only here.
    const { attempt } = observation
    return attempt && book.steps.hasRoute(attempt.route) ? 'covered' : unit
  }

  mayCover(source: string, sinceUnixMs: number): boolean {
    if (this.#books.size === 0) return false
    return this.#find(source)?.shortfall.mayCover(sinceUnixMs) ?? false
  }

  readonly missingShareOf = (router: string): number | undefined => {
    const shortfall = this.#books.get(router)?.shortfall
    return shortfall?.isShort ? shortfall.missingShare : undefined
  }

  forget(router: string): void {
    this.#last = undefined
    if (this.missingShareOf(router) === undefined) this.#books.delete(router)
    else this.#gone.add(router)
    this.#countShort()
  }

  save(): unknown {
    return [...this.#books].map(([router, { steps, shortfall }]) => {
      return { router, steps: steps.save(), shortfall: shortfall.save() }
    })
  }

  load(saved: unknown): void {
    for (const known of saved as { router: string; steps: unknown; shortfall: unknown }[]) {
      const book = this.#createBook()
      book.steps.load(known.steps)
      book.shortfall.load(known.shortfall)
      this.#books.set(known.router, book)
      this.#last = undefined
      if (book.shortfall.isShort) this.#tell(known.router, book.shortfall)
    }
  }

  #createBook(): Book {
    return {
      steps: createCounterSteps(this.#options.restarts.pairAt),
      shortfall: createSpanShortfall(this.#compared),
    }
  }

  #find(router: string): Book | undefined {
    if (this.#last?.router !== router) this.#last = { router, book: this.#books.get(router) }
    return this.#last.book
  }

  #heard(router: string): Book {
    this.#last = undefined
    const book = this.#books.get(router) ?? this.#createBook()
    this.#books.delete(router)
    this.#books.set(router, book)
    this.#gone.delete(router)
    const [longest] = this.#books.keys()
    if (this.#books.size > ROUTERS_MAX && longest !== undefined) {
      this.#books.delete(longest)
      this.#gone.delete(longest)
    }
    return book
  }

  #tell(router: string, { isShort, missingShare }: SpanShortfall): void {
    const { events } = this.#options
    if (isShort) events.spansShort({ router, missingShare })
    else events.spansComplete({ router })
    this.#countShort()
  }

  #countShort(): void {
    let count = 0
    for (const [router, { shortfall }] of this.#books)
      if (shortfall.isShort && !this.#gone.has(router)) count++
    this.#options.events.routersShort(count)
  }
}

function grownIn({ fromUnixMs, untilUnixMs, places }: CounterStep): Lacking[] {
  if (fromUnixMs === undefined || fromUnixMs >= untilUnixMs) return []
  return places.flatMap(({ route, target, ended }) =>
    [...ended.entries()].flatMap(([outcome, count]) =>
      count > 0 ? [{ route, target, outcome, count, fromUnixMs, untilUnixMs }] : [],
    ),
  )
}
