import type { Topology } from '../config/topology.ts'
import { createRecentKeys } from '../lib/recent-keys.ts'
import type { Generation } from '../model/generation.ts'
import type { Observation, ObservationUnit } from '../model/observation.ts'
import type { Column } from './columns.ts'
import type { Counters } from './counters.ts'
import { Cursor, type CursorOptions } from './cursor.ts'
import { type Heard, Hearing, type HearingOptions, type IntakeMoment } from './hearing.ts'
import type { Leaf, Taker, Tally } from './leaf.ts'
import { LeafMemo } from './leaf-memo.ts'
import type { Restarts } from './restarts.ts'
import { isRestartable, type RuleBook } from './rule-book.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'

/** The way of observations to their groups: heard, guarded, counted once, sorted. */
export interface Intake {
  /** Takes what came together, and returns every group that took something of it. */
  take(observations: readonly Observation[], now: IntakeMoment): ReadonlyMap<RunGroup, RuleRun>
}

export interface IntakeOptions extends CursorOptions, HearingOptions {
  readonly book: RuleBook
  readonly restarts: Restarts
  topology(): Topology
  pairAt(route: string): Generation | undefined
  readonly counters: Pick<Counters, 'feedOf'>
  /** Told of every attempt that was not delivered before. */
  onAttempt?(observation: Observation, atUnixMs: number): void
}

// Two generations of this many spans: at 6,000/s at least 40 s, within which exporters try again.
const ONCE_MAX = 250_000
const UNIT_FLAG: Readonly<Record<ObservationUnit, number>> = {
  attempt: 1,
  request: 2,
  span: 4,
  log: 8,
  metric: 16,
  status: 32,
}

export function createIntake(options: IntakeOptions): Intake {
  return new Sorting(options)
}

/** A class, since it is the hot path: what a batch needs stands in fields. */
class Sorting implements Intake {
  readonly #options: IntakeOptions
  readonly #once = createRecentKeys({ countMax: ONCE_MAX })
  readonly #cursor: Cursor
  /** What the cursor stands on; undefined while it stands for many. */
  #under: Observation | undefined
  readonly #hearing: Hearing
  readonly #memo: LeafMemo
  #nowMs = 0
  #batch = 0
  #touched = new Map<RunGroup, RuleRun>()
  /** Those that hold something back. */
  #pending: Tally[] = []

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#cursor = new Cursor(options)
    this.#hearing = new Hearing(options)
    this.#memo = new LeafMemo(options)
  }

  take(observations: readonly Observation[], now: IntakeMoment): ReadonlyMap<RunGroup, RuleRun> {
    this.#nowMs = now.nowMs
    this.#batch++
    this.#touched = new Map()
    this.#under = undefined
    this.#hearing.begin(now)
    this.#memo.begin()
    for (const observation of observations) this.#takeOne(observation)
    for (const tally of this.#pending) this.#flush(tally)
    this.#pending = []
    this.#hearing.end()
    return this.#touched
  }

  #takeOne(observation: Observation): void {
    const { unit, traits } = observation
    let sorted = traits && this.#memo.known(traits)
    const hearing = this.#hearing
    const heard = sorted ? hearing.again(sorted.sender) : hearing.of(observation.source)
    // What a router counted came with its status.
    const way = observation.feed === undefined ? unit : 'status'
    const atUnixMs = hearing.hear(heard, way, observation.atUnixMs)
    if (atUnixMs === undefined) return
    if ((heard.units & UNIT_FLAG[unit]) === 0) this.#tellSender(heard, observation, atUnixMs)
    if (observation.isPresence) return
    const feed = unit === 'attempt' ? this.#options.counters.feedOf(observation, atUnixMs) : unit
    if (!sorted || sorted.feed !== feed) {
      this.#point(observation, atUnixMs)
      sorted = this.#memo.sort(observation, this.#cursor, { feed, sender: heard })
    }
    const { isCounted } = sorted
    const isAttempt = unit === 'attempt'
    const isNew = isCounted || isAttempt ? this.#isFirst(observation) : true
    const isCurrent = !isCounted || this.#options.restarts.isCurrent(observation)
    for (const tally of sorted.tallies) {
      if (isNew && isCurrent) this.#give(tally, observation, atUnixMs)
      else this.#giveAgain(tally.leaf, observation, { atUnixMs, isNew, isCurrent })
    }
    if (isAttempt && isNew) this.#options.onAttempt?.(observation, atUnixMs)
    if (!isNew) this.#options.events.duplicateSkipped()
  }

  /** Puts the cursor onto an item. */
  #point(observation: Observation, atUnixMs: number): void {
    if (this.#under === observation) return
    this.#cursor.moveTo(observation, { atUnixMs, heardMs: this.#nowMs })
    this.#under = observation
  }

  #give(tally: Tally, observation: Observation, atUnixMs: number): void {
    const { each, tallied } = tally.leaf
    if (each.length > 0) {
      this.#point(observation, atUnixMs)
      for (const taker of each) this.#add(taker)
    }
    if (tallied.length === 0) return
    if (!tally.observation) this.#begin(tally, observation, atUnixMs)
    else if (!tally.fits(atUnixMs)) {
      this.#flush(tally)
      tally.begin(observation, atUnixMs)
    }
    tally.add(atUnixMs, observation.weight, observation.count ?? 1)
    if (!tally.hasColumns) return
    this.#point(observation, atUnixMs)
    tally.push(this.#cursor)
  }

  /** What came before, or belongs to a time before the weights in force, counts for some rules only. */
  #giveAgain(leaf: Leaf, observation: Observation, standing: Standing): void {
    this.#point(observation, standing.atUnixMs)
    for (const taker of leaf.each) if (isTaking(taker, standing)) this.#add(taker)
    for (const taker of leaf.tallied) if (isTaking(taker, standing)) this.#add(taker)
  }

  #begin(tally: Tally, observation: Observation, atUnixMs: number): void {
    this.#point(observation, atUnixMs)
    // Groups are made in the order in which their items come, not in that of counting them up. Where a
    // number is read, nobody knows yet whether any item carries it.
    for (const taker of tally.leaf.tallied) if (taker.column < 0) this.#entryOf(taker)
    this.#pending.push(tally)
    tally.begin(observation, atUnixMs)
  }

  #flush(tally: Tally): void {
    const { observation, atUnixMs } = tally
    if (!observation) return
    const cursor = this.#cursor
    cursor.moveTo(observation, { atUnixMs, heardMs: this.#nowMs })
    this.#under = undefined
    tally.end()
    for (const taker of tally.leaf.tallied) {
      cursor.count = tally.count
      cursor.weight = tally.weight
      const column = tally.columns[taker.column]
      if (column) this.#addNumbers(taker, column)
      else this.#add(taker)
    }
    tally.clear()
  }

  #addNumbers(taker: Taker, column: Column): void {
    const cursor = this.#cursor
    if (column.count < cursor.count && !taker.isUsableWithout(cursor.read)) {
      if (column.count === 0) return
      cursor.count = column.count
      cursor.weight = column.weight
    }
    this.#addTo(taker.run, this.#entryOf(taker), column)
  }

  /** Rules that only ask who sends: of a batch, one item of each sender and unit is enough. */
  #tellSender(heard: Heard, observation: Observation, atUnixMs: number): void {
    const { unit } = observation
    heard.units |= UNIT_FLAG[unit]
    this.#point(observation, atUnixMs)
    for (const run of this.#options.book.perSenderOf(unit)) {
      if (run.takes(this.#cursor)) this.#addTo(run, run.groupOf(this.#cursor))
    }
  }

  #isFirst({ once, unit }: Observation): boolean {
    return once === undefined || this.#once.isNew(once, UNIT_FLAG[unit])
  }

  #add(taker: Taker): void {
    const { run } = taker
    const cursor = this.#cursor
    if (taker.takes && !taker.takes(cursor.read)) return
    // What the kind cannot use must not make a group; where there is one, the kind leaves it out.
    // Only `silence` does not look.
    if (taker.entry && run.rule.kind !== 'silence') this.#addTo(run, taker.entry)
    else if (taker.isUsable(cursor)) this.#addTo(run, this.#entryOf(taker))
  }

  #entryOf(taker: Taker): RunGroup {
    if (taker.entry) return taker.entry
    const entry = taker.run.groupOf(this.#cursor)
    if (taker.isEntryKnown && !entry.isOverflow) taker.entry = entry
    return entry
  }

  #addTo(run: RuleRun, entry: RunGroup, column?: Column): void {
    entry.group.add(this.#cursor, column)
    if (entry.touchedBatch === this.#batch) return
    entry.touchedBatch = this.#batch
    this.#touched.set(entry, run)
  }
}

interface Standing {
  readonly atUnixMs: number
  /** Not delivered before. */
  readonly isNew: boolean
  /** Started under the weights in force. */
  readonly isCurrent: boolean
}

/** A source is heard by anything it sends, also by what it sends again. */
function isTaking({ run: { rule } }: Taker, { isNew, isCurrent }: Standing): boolean {
  return (isNew || rule.kind === 'silence') && (isCurrent || !isRestartable(rule))
}
