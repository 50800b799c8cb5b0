import type { Topology } from '../config/topology.ts'
import { createRecentKeys } from '../lib/recent-keys.ts'
import type { Generation } from '../model/generation.ts'
import type { Observation, ObservationUnit } from '../model/observation.ts'
import type { Column } from './columns.ts'
import type { Counters } from './counters.ts'
import { Cursor, type CursorOptions } from './cursor.ts'
import { type Heard, Hearing, type HearingOptions, type IntakeMoment } from './hearing.ts'
import type { Taker, Tally } from './leaf.ts'
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
  readonly #amounts: { at: Float64Array; weight: number; count: number }
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
    this.#amounts = { at: this.#hearing.at, weight: 1, count: 1 }
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
    if (!hearing.hear(heard, observation)) return
    if ((heard.units & UNIT_FLAG[unit]) === 0) this.#tellSender(heard, observation)
    if (observation.isPresence) return
    const isAttempt = unit === 'attempt'
    const feed = isAttempt ? this.#options.counters.feedOf(observation, this.#atUnixMs) : unit
    if (!sorted || sorted.feed !== feed) {
      this.#point(observation)
      sorted = this.#memo.sort(observation, this.#cursor, { feed, sender: heard })
    }
    const { isCounted } = sorted
    const isNew = isCounted || isAttempt ? this.#isFirst(observation) : true
    const isCurrent = !isCounted || this.#options.restarts.isCurrent(observation)
    if (isNew && isCurrent) this.#give(sorted.tallies, observation)
    else this.#giveAgain(sorted.tallies, observation, { isNew, isCurrent })
    if (isAttempt && isNew) this.#options.onAttempt?.(observation, this.#atUnixMs)
    if (!isNew) this.#options.events.duplicateSkipped()
  }

  /** Of the item that is being taken. */
  get #atUnixMs(): number {
    return this.#hearing.at[0] as number
  }

  /** Puts the cursor onto an item. */
  #point(observation: Observation): void {
    if (this.#under === observation) return
    this.#cursor.moveTo(observation, { atUnixMs: this.#atUnixMs, heardMs: this.#nowMs })
    this.#under = observation
  }

  #give(tallies: readonly Tally[], observation: Observation): void {
    const amounts = this.#amounts
    amounts.weight = observation.weight
    amounts.count = observation.count ?? 1
    for (const tally of tallies) {
      if (tally.hasEach) {
        this.#point(observation)
        for (const taker of tally.leaf.each) this.#add(taker)
      }
      if (!tally.hasTallied) continue
      if (!tally.add(amounts)) this.#turn(tally, observation)
      if (!tally.hasColumns) continue
      this.#point(observation)
      tally.push(this.#cursor)
    }
  }

  /** Counts up what does not go with this item, and begins with it. */
  #turn(tally: Tally, observation: Observation): void {
    if (tally.observation) this.#flush(tally)
    else {
      this.#point(observation)
      // Groups are made in the order in which their items come, not in that of counting them up. Where
      // a number is read, nobody knows yet whether any item carries it.
      for (const taker of tally.leaf.tallied) if (taker.column < 0) this.#entryOf(taker)
      this.#pending.push(tally)
    }
    tally.begin(observation, this.#amounts)
  }

  /** What came before, or belongs to a time before the weights in force, counts for some rules only. */
  #giveAgain(tallies: readonly Tally[], observation: Observation, standing: Standing): void {
    this.#point(observation)
    for (const { leaf } of tallies) {
      for (const taker of leaf.each) if (isTaking(taker, standing)) this.#add(taker)
      for (const taker of leaf.tallied) if (isTaking(taker, standing)) this.#add(taker)
    }
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
  #tellSender(heard: Heard, observation: Observation): void {
    const { unit } = observation
    heard.units |= UNIT_FLAG[unit]
    this.#point(observation)
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
  /** Not delivered before. */
  readonly isNew: boolean
  /** Started under the weights in force. */
  readonly isCurrent: boolean
}

/** A source is heard by anything it sends, also by what it sends again. */
function isTaking({ run: { rule } }: Taker, { isNew, isCurrent }: Standing): boolean {
  return (isNew || rule.kind === 'silence') && (isCurrent || !isRestartable(rule))
}
