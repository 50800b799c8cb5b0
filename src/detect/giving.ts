import type { Observation } from '../model/observation.ts'
import type { Cells } from './cells.ts'
import { Cursor, type CursorOptions } from './cursor.ts'
import { Laid, type LaidColumn } from './laid.ts'
import type { Taker } from './leaf.ts'
import type { Numbers } from './numbers.ts'
import type { Pile } from './pile.ts'
import { isRestartable } from './rule-book.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'
import type { Amounts, Tally } from './tally.ts'

/** How an item stands to what came before it; see `giveAgain`. */
export interface Standing {
  /** Not delivered before. */
  readonly isNew: boolean
  /** Started under the weights in force. */
  readonly isCurrent: boolean
}

/** What all of them share. */
export interface GivingOptions {
  /** Where the event time stands of the item that is being given. */
  readonly at: Float64Array
  /** Where tallies count up. */
  readonly cells: Cells
}

/** Gives items to the groups that take them: those that look alike together. */
export class Giving {
  readonly cursor: Cursor
  /** What the cursor stands on; undefined while it stands for many. */
  #under: Observation | undefined
  readonly #amounts: { at: Float64Array; weight: number; count: number }
  #pile: Pile | undefined
  #nowMs = 0
  #batch = 0
  #touched = new Map<RunGroup, RuleRun>()
  /** Those that hold something back. */
  #pending: Tally[] = []
  readonly #cells: Cells
  readonly #laid = new Laid()

  constructor(options: CursorOptions, { at, cells }: GivingOptions) {
    this.cursor = new Cursor(options)
    this.#amounts = { at, weight: 1, count: 1 }
    this.#cells = cells
  }

  begin(nowMs: number): void {
    this.#nowMs = nowMs
    this.#batch++
    this.#touched = new Map()
    this.#under = undefined
    // Of a batch that was not taken to its end: its items cannot be read any more.
    for (const tally of this.#pending) tally.clear()
    this.#pending = []
    this.#cells.clear()
  }

  /** Every group that took something since it began. */
  end(): ReadonlyMap<RunGroup, RuleRun> {
    for (const tally of this.#pending) this.#flush(tally)
    this.#pending = []
    return this.#touched
  }

  /** Puts the cursor onto an item. */
  point(observation: Observation): void {
    if (this.#under === observation) return
    const atUnixMs = this.#amounts.at[0] as number
    this.cursor.moveTo(observation, { atUnixMs, heardMs: this.#nowMs })
    this.#under = observation
  }

  give(tallies: readonly Tally[], observation: Observation): void {
    const amounts = this.#amounts
    amounts.weight = observation.weight
    amounts.count = observation.count ?? 1
    for (const tally of tallies) {
      if (tally.hasEach) {
        this.point(observation)
        for (const taker of tally.leaf.each) this.#add(taker)
      }
      if (tally.hasTallied) this.#count(tally, observation, amounts)
    }
  }

  #count(tally: Tally, observation: Observation, amounts: Amounts): void {
    const cursor = () => {
      this.point(observation)
      return this.cursor
    }
    if (!tally.observation) this.#begin(tally, observation)
    if (tally.add(amounts, cursor)) return
    this.#flush(tally)
    this.#begin(tally, observation)
    tally.add(amounts, cursor)
  }

  /** As `give` for each of them. */
  givePile(tallies: readonly Tally[], pile: Pile): void {
    this.#pile = pile
    for (const tally of tallies) {
      if (tally.hasEach) this.#giveEach(tally, pile)
      if (!tally.hasTallied) continue
      for (let from = 0; from < pile.length; ) {
        if (!tally.observation) this.#begin(tally, this.#pointAt(pile, from))
        from = tally.addPile(pile, from, this.#ofFirst)
        if (from < pile.length) this.#flush(tally)
      }
    }
  }

  /** Of the pile that is being given. */
  readonly #ofFirst = (): Cursor => {
    const { items, atUnixMs } = this.#pile as Pile
    this.#amounts.at[0] = atUnixMs[0] as number
    this.point(items[0] as Observation)
    return this.cursor
  }

  #giveEach({ leaf }: Tally, pile: Pile): void {
    for (let at = 0; at < pile.length; at++) {
      this.point(this.#pointAt(pile, at))
      for (const taker of leaf.each) this.#add(taker)
    }
  }

  /** An item of a pile is the one that is being given. */
  #pointAt(pile: Pile, at: number): Observation {
    this.#amounts.at[0] = pile.atUnixMs[at] as number
    return pile.items[at] as Observation
  }

  /** What came before, or belongs to a time before the weights in force, counts for some rules only. */
  giveAgain(tallies: readonly Tally[], observation: Observation, standing: Standing): void {
    this.point(observation)
    for (const { leaf } of tallies) {
      for (const taker of leaf.each) if (isTaking(taker, standing)) this.#add(taker)
      for (const { takers } of leaf.tallied)
        for (const taker of takers) if (isTaking(taker, standing)) this.#add(taker)
    }
  }

  /** The first of those that are counted up together. */
  #begin(tally: Tally, observation: Observation): void {
    tally.observation = observation
    this.#pending.push(tally)
    this.point(observation)
    // Groups are made in the order in which their items come, not in that of counting them up. Where
    // a number is read, nobody knows yet whether any item carries it.
    for (const { takers } of tally.leaf.tallied)
      for (const taker of takers) if (taker.column < 0) this.#entryOf(taker)
  }

  /** Tells the rules of what was counted up. */
  #flush(tally: Tally): void {
    const { observation, leaf } = tally
    if (!observation) return
    const { cursor } = this
    const laid = this.#laid
    tally.lay(laid)
    this.#under = undefined
    cursor.moveTo(observation, { atUnixMs: observation.atUnixMs, heardMs: this.#nowMs })
    for (const { bucketsMs, takers } of leaf.tallied)
      for (let from = 0; from < laid.length; ) {
        const until = laid.cut(from, bucketsMs)
        cursor.shiftTo(laid.atUnixMs)
        for (const taker of takers) {
          cursor.count = laid.count
          cursor.weight = laid.weight
          const column = laid.columnOf(taker.column, { from, until })
          if (column) this.#addNumbers(taker, column)
          else this.#add(taker)
        }
        from = until
      }
    tally.clear()
  }

  #addNumbers(taker: Taker, column: LaidColumn): void {
    const { cursor } = this
    if (column.count < cursor.count && !taker.isUsableWithout(cursor.read)) {
      if (column.count === 0) return
      cursor.count = column.count
      cursor.weight = column.weight
    }
    this.addTo(taker.run, this.#entryOf(taker), column)
  }

  #add(taker: Taker): void {
    const { run } = taker
    const { cursor } = this
    if (taker.takes && !taker.takes(cursor.read)) return
    // What the kind cannot use must not make a group; where there is one, the kind leaves it out.
    // Only `silence` does not look.
    if (taker.entry && run.rule.kind !== 'silence') this.addTo(run, taker.entry)
    else if (taker.isUsable(cursor)) this.addTo(run, this.#entryOf(taker))
  }

  #entryOf(taker: Taker): RunGroup {
    if (taker.entry) return taker.entry
    const entry = taker.run.groupOf(this.cursor)
    if (taker.isEntryKnown && !entry.isOverflow) taker.entry = entry
    return entry
  }

  /** What is under the cursor goes to a group. */
  addTo(run: RuleRun, entry: RunGroup, column?: Numbers): void {
    entry.group.add(this.cursor, column)
    if (entry.touchedBatch === this.#batch) return
    entry.touchedBatch = this.#batch
    this.#touched.set(entry, run)
  }
}

/** A source is heard by anything it sends, also by what it sends again. */
function isTaking({ run: { rule } }: Taker, { isNew, isCurrent }: Standing): boolean {
  return (isNew || rule.kind === 'silence') && (isCurrent || !isRestartable(rule))
}
