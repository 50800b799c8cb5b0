import type { Topology } from '../config/topology.ts'
import { createRecentKeys } from '../lib/recent-keys.ts'
import type { Generation } from '../model/generation.ts'
import type { Observation, ObservationUnit } from '../model/observation.ts'
import { ObservationColumns } from '../model/observation-columns.ts'
import { type AttemptPile, AttemptPiles } from './attempt-piles.ts'
import { Columns, type Given, type NewAttempts, UNIT_FLAG } from './columns.ts'
import type { Counters } from './counters.ts'
import type { CursorOptions } from './cursor.ts'
import type { Feed } from './feeds.ts'
import { Giving } from './giving.ts'
import { type Heard, Hearing, type HearingOptions, type IntakeMoment } from './hearing.ts'
import { LeafMemo } from './leaf-memo.ts'
import type { Leaves, ToldOfSender } from './leaves.ts'
import type { Restarts } from './restarts.ts'
import type { RuleBook } from './rule-book.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'

/** The way of observations to their groups: heard, guarded, counted once, sorted. */
export interface Intake {
  /** Takes what came together, and returns every group that took something of it. */
  take(
    observations: readonly Observation[],
    now: IntakeMoment,
    columns?: ObservationColumns,
  ): ReadonlyMap<RunGroup, RuleRun>
}

export interface IntakeOptions extends CursorOptions, HearingOptions {
  readonly book: RuleBook
  readonly restarts: Restarts
  topology(): Topology
  pairAt(route: string): Generation | undefined
  readonly counters: Pick<Counters, 'feedOf' | 'mayCover'>
  /** Told of every attempt that was not delivered before. */
  onAttempts(attempts: NewAttempts): void
}

// Two generations of this many items: at 6,000/s at least 40 s, within which exporters try again.
const ONCE_MAX = 250_000

export function createIntake(options: IntakeOptions): Intake {
  return new Sorting(options)
}

/** A class, since it is the hot path: what a batch needs stands in fields. */
class Sorting implements Intake {
  readonly #options: IntakeOptions
  readonly #once = createRecentKeys({ countMax: ONCE_MAX })
  /** Of what comes without columns. */
  readonly #own = new ObservationColumns()
  readonly #columns = new Columns()
  readonly #hearing: Hearing
  readonly #memo: LeafMemo
  readonly #giving: Giving
  readonly #attempts = new AttemptPiles()
  /** Those that hold something. */
  readonly #tried: AttemptPile[] = []
  #batch = 0

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#hearing = new Hearing(options)
    this.#memo = new LeafMemo({ ...options, attempts: this.#attempts })
    this.#giving = new Giving(options, this.#columns)
  }

  take(
    observations: readonly Observation[],
    now: IntakeMoment,
    columns = this.#own.of(observations),
  ): ReadonlyMap<RunGroup, RuleRun> {
    const given = { observations, columns }
    this.#begin(given, now)
    const { length } = observations
    for (let place = 0; place < length; place++) {
      if (!this.#takeKnown(given, place)) this.#takeOne(given, place)
      if (this.#columns.isFull) this.#giveAll()
    }
    this.#giveAll()
    this.#hearing.end()
    // Nothing of it is looked at later: it may go.
    this.#columns.given = undefined
    return this.#giving.end()
  }

  /** Leaves nothing of a batch that was not taken to its end. */
  #begin(given: Given, now: IntakeMoment): void {
    this.#hearing.begin(now)
    this.#memo.begin()
    this.#giving.begin(now.nowMs)
    this.#columns.clear()
    this.#columns.given = given
    for (const pile of this.#tried) pile.clear()
    this.#tried.length = 0
    this.#batch++
  }

  /** Puts an item into the columns that was sorted by its traits; false for one that needs a look. */
  #takeKnown(given: Given, place: number): boolean {
    const { columns } = given
    const traits = columns.traits[place]
    const leaves = traits && this.#memo.known(traits)
    if (!leaves) return false
    const hearing = this.#hearing
    const atUnixMs = hearing.timeOf(columns.atUnixMs[place] as number)
    if (Number.isNaN(atUnixMs)) return false
    if (leaves.batch !== this.#batch)
      this.#meet(leaves, given.observations[place] as Observation, atUnixMs)
    if (!leaves.isPlain) return false
    const { restarts } = this.#options
    if (!restarts.isCurrent(given.observations[place] as Observation)) return false
    hearing.hearTimely(leaves.sender, atUnixMs)
    if (!leaves.isIdle) this.#columns.put(leaves, place, atUnixMs)
    return true
  }

  /** With the first such item of a batch: what is the same of all of them. */
  #meet(leaves: Leaves, observation: Observation, atUnixMs: number): void {
    const { sender, feed } = leaves
    const { unit, source } = observation
    const { counters } = this.#options
    const hearing = this.#hearing
    leaves.batch = this.#batch
    const isCovered = unit === 'attempt' && counters.mayCover(source.id, hearing.timelySinceUnixMs)
    leaves.isPlain = feed === unit && !isCovered
    if (!leaves.isPlain) return
    const heard = hearing.again(sender)
    hearing.at[0] = atUnixMs
    if ((heard.units & UNIT_FLAG[unit]) === 0) this.#tellSender(heard, observation, leaves)
  }

  #giveAll(): void {
    const columns = this.#columns
    const { length, flags, isNew, isCurrent } = columns
    this.#once.areNew(columns)
    for (let row = 0; row < length; row++) {
      const isFirst = isNew[row] === 1
      if (isFirst && isCurrent[row] === 1) this.#giving.give(row)
      else this.#giveAgain(row)
      if (isFirst && flags[row] === UNIT_FLAG.attempt) this.#try(row)
    }
    this.#giving.flush()
    for (const pile of this.#tried) {
      this.#options.onAttempts({ pile, columns })
      pile.clear()
    }
    this.#tried.length = 0
    columns.clear()
  }

  /** An attempt that was not delivered before. */
  #try(row: number): void {
    const columns = this.#columns
    const leaves = columns.leaves[row] as Leaves
    const pile = leaves.attempts ?? this.#attempts.of(columns.observation(row))
    if (!pile) return
    if (pile.length === 0) this.#tried.push(pile)
    pile.push(row)
  }

  /** One that was delivered before, or started under weights that are no longer in force. */
  #giveAgain(row: number): void {
    const columns = this.#columns
    const standing = { isNew: columns.isNew[row] === 1, isCurrent: columns.isCurrent[row] === 1 }
    this.#giving.point(columns.observation(row), columns.atUnixMs[row] as number)
    this.#giving.giveAgain((columns.leaves[row] as Leaves).tallies, standing)
    if (!standing.isNew) this.#options.events.duplicateSkipped()
  }

  #takeOne({ observations }: Given, place: number): void {
    const observation = observations[place] as Observation
    const { unit, traits } = observation
    let leaves = traits && this.#memo.known(traits)
    const hearing = this.#hearing
    const heard = leaves ? hearing.again(leaves.sender) : hearing.of(observation.source)
    if (!hearing.hear(heard, observation)) return
    if ((heard.units & UNIT_FLAG[unit]) === 0) this.#tellSender(heard, observation)
    if (observation.isPresence) return
    const atUnixMs = hearing.at[0] as number
    const feed = unit === 'attempt' ? this.#options.counters.feedOf(observation, atUnixMs) : unit
    if (!leaves || leaves.feed !== feed) leaves = this.#sort(observation, feed, heard)
    const isCurrent = this.#options.restarts.isCurrent(observation)
    this.#columns.putOne(leaves, place, { atUnixMs, isCurrent })
  }

  #sort(observation: Observation, feed: Feed, sender: Heard): Leaves {
    this.#giving.point(observation, this.#hearing.at[0] as number)
    return this.#memo.sort(observation, this.#giving.cursor, { feed, sender })
  }

  /** Rules that only ask who sends: of a batch, one item of each sender and unit is enough. */
  #tellSender(heard: Heard, observation: Observation, leaves?: Leaves): void {
    const { unit } = observation
    const giving = this.#giving
    heard.units |= UNIT_FLAG[unit]
    giving.point(observation, this.#hearing.at[0] as number)
    const told = leaves?.told ?? this.#toldOf(leaves?.telling ?? this.#tellingOf(unit))
    for (const { run, entry } of told) giving.addTo(run, entry)
    // In a group that is shared for want of room, another one may be the next time.
    if (leaves && told.every(({ entry }) => !entry.isOverflow)) leaves.told = told
  }

  /** Of the item under the cursor. */
  #tellingOf(unit: ObservationUnit): readonly RuleRun[] {
    const { cursor } = this.#giving
    return this.#options.book.perSenderOf(unit).filter((run) => run.takes(cursor))
  }

  #toldOf(runs: readonly RuleRun[]): readonly ToldOfSender[] {
    const { cursor } = this.#giving
    return runs.map((run) => ({ run, entry: run.groupOf(cursor) }))
  }
}
