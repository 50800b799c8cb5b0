import type { Topology } from '../config/topology.ts'
import { createRecentKeys } from '../lib/recent-keys.ts'
import type { Generation } from '../model/generation.ts'
import type { Observation, ObservationUnit } from '../model/observation.ts'
import { Cells } from './cells.ts'
import type { Counters } from './counters.ts'
import type { CursorOptions } from './cursor.ts'
import type { Feed } from './feeds.ts'
import { Giving } from './giving.ts'
import { type Heard, Hearing, type HearingOptions, type IntakeMoment } from './hearing.ts'
import { LeafMemo, type Leaves, type ToldOfSender } from './leaf-memo.ts'
import type { Pile } from './pile.ts'
import { type PiledKey, Piles } from './piles.ts'
import type { Restarts } from './restarts.ts'
import type { RuleBook } from './rule-book.ts'
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
  readonly counters: Pick<Counters, 'feedOf' | 'mayCover'>
  /** Told of every attempt that was not delivered before. */
  onAttempt?(observation: Observation, atUnixMs: number): void
}

// Two generations of this many items: at 6,000/s at least 40 s, within which exporters try again.
const ONCE_MAX = 250_000
const UNIT_FLAG: Readonly<Record<ObservationUnit, number>> = {
  attempt: 1,
  request: 2,
  span: 4,
  log: 8,
  metric: 16,
  status: 32,
}

/** Spans in any sense: what else has traits may be read in the order in which it came. */
const PILED = UNIT_FLAG.attempt | UNIT_FLAG.request | UNIT_FLAG.span

export function createIntake(options: IntakeOptions): Intake {
  return new Sorting(options)
}

/** A class, since it is the hot path: what a batch needs stands in fields. */
class Sorting implements Intake {
  readonly #options: IntakeOptions
  readonly #once = createRecentKeys({ countMax: ONCE_MAX })
  readonly #hearing: Hearing
  readonly #memo: LeafMemo
  readonly #giving: Giving
  readonly #piles = new Piles<Leaves>()
  readonly #key: PiledKey = { identity: 0, flag: 0, atUnixMs: 0 }

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#hearing = new Hearing(options)
    const cells = new Cells()
    this.#memo = new LeafMemo({ ...options, cells })
    this.#giving = new Giving(options, { at: this.#hearing.at, cells })
  }

  take(observations: readonly Observation[], now: IntakeMoment): ReadonlyMap<RunGroup, RuleRun> {
    this.#hearing.begin(now)
    this.#memo.begin()
    this.#giving.begin(now.nowMs)
    this.#piles.begin()
    for (const observation of observations) if (!this.#pile(observation)) this.#takeOne(observation)
    this.#takePiles()
    const touched = this.#giving.end()
    this.#hearing.end()
    return touched
  }

  /** Lays an item where others like it lie; false for one that has to be looked at by itself. */
  #pile(observation: Observation): boolean {
    const { traits } = observation
    const leaves = traits && this.#memo.known(traits)
    if (!leaves || (UNIT_FLAG[observation.unit] & PILED) === 0 || observation.isPresence)
      return false
    const atUnixMs = this.#hearing.timeOf(observation)
    if (Number.isNaN(atUnixMs)) return false
    if (leaves.isIdle) return this.#hearOnly(leaves, observation, atUnixMs)
    if (leaves.isCounted && !this.#options.restarts.isCurrent(observation)) return false
    const piles = this.#piles
    if (piles.isFirst(leaves) && !this.#begin(leaves, observation)) return false
    const { once, unit } = observation
    const key = this.#key
    key.identity = leaves.isCounted || unit === 'attempt' ? (once ?? Number.NaN) : Number.NaN
    key.flag = UNIT_FLAG[unit]
    key.atUnixMs = atUnixMs
    piles.put(leaves, observation, key)
    if (piles.isFull) this.#takePiles()
    return true
  }

  #hearOnly(leaves: Leaves, observation: Observation, atUnixMs: number): true {
    const heard = this.#hearing.again(leaves.sender)
    this.#hearing.hearTimely(heard, atUnixMs)
    if ((heard.units & UNIT_FLAG[observation.unit]) !== 0) return true
    this.#hearing.at[0] = atUnixMs
    this.#tellSender(heard, observation, leaves)
    return true
  }

  /** The first of a pile: what is the same of all of them. */
  #begin(leaves: Leaves, observation: Observation): boolean {
    const { sender, feed } = leaves
    const { unit, source } = observation
    const hearing = this.#hearing
    const { counters } = this.#options
    const isPlain = feed === unit && !counters.mayCover(source.id, hearing.timelySinceUnixMs)
    if (!isPlain) return false
    const heard = hearing.again(sender)
    hearing.at[0] = hearing.timeOf(observation)
    if ((heard.units & UNIT_FLAG[unit]) === 0) this.#tellSender(heard, observation, leaves)
    return true
  }

  #takePiles(): void {
    this.#once.areNew(this.#piles.keys)
    this.#piles.take(this.#takeAgain, this.#takePile)
  }

  /** One that was delivered before. */
  readonly #takeAgain = (leaves: Leaves, observation: Observation, atUnixMs: number): void => {
    this.#hearing.at[0] = atUnixMs
    this.#hearing.hearTimely(leaves.sender, atUnixMs)
    this.#giving.giveAgain(leaves.tallies, observation, { isNew: false, isCurrent: true })
    this.#options.events.duplicateSkipped()
  }

  readonly #takePile = ({ sender, tallies }: Leaves, pile: Pile): void => {
    const { items, atUnixMs, length } = pile
    let newestUnixMs = atUnixMs[0] as number
    for (let at = 1; at < length; at++)
      if ((atUnixMs[at] as number) > newestUnixMs) newestUnixMs = atUnixMs[at] as number
    this.#hearing.hearTimely(sender, newestUnixMs)
    this.#giving.givePile(tallies, pile)
    const { onAttempt } = this.#options
    if (!onAttempt || items[0]?.unit !== 'attempt') return
    for (let at = 0; at < length; at++) onAttempt(items[at] as Observation, atUnixMs[at] as number)
  }

  #takeOne(observation: Observation): void {
    const { unit, traits } = observation
    let leaves = traits && this.#memo.known(traits)
    const hearing = this.#hearing
    const heard = leaves ? hearing.again(leaves.sender) : hearing.of(observation.source)
    if (!hearing.hear(heard, observation)) return
    if ((heard.units & UNIT_FLAG[unit]) === 0) this.#tellSender(heard, observation)
    if (observation.isPresence) return
    const isAttempt = unit === 'attempt'
    const feed = isAttempt ? this.#options.counters.feedOf(observation, this.#atUnixMs) : unit
    if (!leaves || leaves.feed !== feed) leaves = this.#sort(observation, feed, heard)
    const { isCounted, tallies } = leaves
    const isNew = isCounted || isAttempt ? this.#isFirst(observation) : true
    const isCurrent = !isCounted || this.#options.restarts.isCurrent(observation)
    if (isNew && isCurrent) this.#giving.give(tallies, observation)
    else this.#giving.giveAgain(tallies, observation, { isNew, isCurrent })
    if (isAttempt && isNew) this.#options.onAttempt?.(observation, this.#atUnixMs)
    if (!isNew) this.#options.events.duplicateSkipped()
  }

  #sort(observation: Observation, feed: Feed, sender: Heard): Leaves {
    this.#giving.point(observation)
    return this.#memo.sort(observation, this.#giving.cursor, { feed, sender })
  }

  /** Of the item that is being taken. */
  get #atUnixMs(): number {
    return this.#hearing.at[0] as number
  }

  /** Rules that only ask who sends: of a batch, one item of each sender and unit is enough. */
  #tellSender(heard: Heard, observation: Observation, leaves?: Leaves): void {
    const { unit } = observation
    const giving = this.#giving
    heard.units |= UNIT_FLAG[unit]
    giving.point(observation)
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

  #isFirst({ once, unit }: Observation): boolean {
    return once === undefined || this.#once.isNew(once, UNIT_FLAG[unit])
  }
}
