import type { Observation } from '../model/observation.ts'
import type { Columns } from './columns.ts'
import { Cursor, type CursorOptions } from './cursor.ts'
import type { ItemNumber } from './item-numbers.ts'
import { Laid, type LaidColumn } from './laid.ts'
import type { Taker } from './leaf.ts'
import type { Leaves } from './leaves.ts'
import { numberOf } from './number-of.ts'
import type { Numbers } from './numbers.ts'
import { isRestartable } from './rule-book.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'
import type { Tally } from './tally.ts'

/** How an item stands to what came before it; see `giveAgain`. */
export interface Standing {
  /** Not delivered before. */
  readonly isNew: boolean
  /** Started under the weights in force. */
  readonly isCurrent: boolean
}

/** Gives items to the groups that take them: those that look alike together. */
export class Giving {
  readonly cursor: Cursor
  /** What the cursor stands on; undefined while it stands for many. */
  #under: Observation | undefined
  readonly #place = { atUnixMs: 0, heardMs: 0 }
  #batch = 0
  #touched = new Map<RunGroup, RuleRun>()
  readonly #columns: Columns
  /** Those that hold something back. */
  readonly #pending: Tally[] = []
  readonly #laid = new Laid()

  constructor(options: CursorOptions, columns: Columns) {
    this.cursor = new Cursor(options)
    this.#columns = columns
  }

  begin(nowMs: number): void {
    this.#place.heardMs = nowMs
    this.#batch++
    this.#touched = new Map()
    this.#under = undefined
    // Of a batch that was not taken to its end: its items cannot be read any more.
    for (const tally of this.#pending) tally.clear()
    this.#pending.length = 0
  }

  /** Every group that took something since it began. */
  end(): ReadonlyMap<RunGroup, RuleRun> {
    return this.#touched
  }

  /** Puts the cursor onto an item. */
  point(observation: Observation, atUnixMs: number): void {
    if (this.#under === observation) return
    this.#place.atUnixMs = atUnixMs
    this.cursor.moveTo(observation, this.#place)
    this.#under = observation
  }

  /** Gives an item of the columns: to rules that see many as one only with `flush`. */
  give(row: number): void {
    const { tallies, numbers } = this.#columns.leaves[row] as Leaves
    for (const tally of tallies) {
      if (tally.hasEach) {
        this.#pointAt(row)
        for (const taker of tally.leaf.each) this.#add(taker)
      }
      if (!tally.hasTallied) continue
      if (tally.length === 0) this.#begin(tally, row)
      tally.push(row)
    }
    if (numbers.length > 0) this.#read(numbers, row)
  }

  #read(numbers: readonly ItemNumber[], row: number): void {
    for (const { key, place, isOwn, value } of numbers)
      this.#columns.numbers(place)[row] = isOwn
        ? (numberOf(this.#pointAt(row), key) ?? Number.NaN)
        : value
  }

  #pointAt(row: number): Cursor {
    const columns = this.#columns
    this.point(columns.observation(row), columns.atUnixMs[row] as number)
    return this.cursor
  }

  /** What came before, or belongs to a time before the weights in force, counts for some rules only. */
  giveAgain(tallies: readonly Tally[], standing: Standing): void {
    for (const { leaf } of tallies) {
      for (const taker of leaf.each) if (isTaking(taker, standing)) this.#add(taker)
      for (const { takers } of leaf.tallied)
        for (const taker of takers) if (isTaking(taker, standing)) this.#add(taker)
    }
  }

  /** The first of those that are counted up together. */
  #begin(tally: Tally, row: number): void {
    this.#pending.push(tally)
    if (tally.hasGroups) return
    this.#pointAt(row)
    // Groups are made in the order in which their items come, not in that of counting them up. Where
    // a number is read, nobody knows yet whether any item carries it.
    const takers = tally.leaf.tallied
      .flatMap((set) => set.takers)
      .filter(({ column }) => column < 0)
    for (const taker of takers) this.#entryOf(taker)
    tally.hasGroups = takers.every(({ entry }) => entry !== undefined)
  }

  /** Tells the rules of what was held back. */
  flush(): void {
    for (const tally of this.#pending) {
      for (let from = 0; from < tally.length; ) from = this.#tell(tally, from)
      tally.clear()
    }
    this.#pending.length = 0
  }

  /** Of its items from one on; returns where the next begin. */
  #tell(tally: Tally, from: number): number {
    const { cursor } = this
    const laid = this.#laid
    const next = laid.lay(tally, this.#columns, from)
    // Any of them: they are alike in all that is read but the numbers.
    this.#pointAt(tally.rows[from] as number)
    this.#under = undefined
    cursor.answerFrom(tally.said)
    for (const { bucketsMs, takers } of tally.leaf.tallied)
      for (let cell = 0; cell < laid.length; ) {
        const until = laid.cut(cell, bucketsMs)
        cursor.shiftTo(laid.atUnixMs)
        for (const taker of takers) {
          cursor.count = laid.count
          cursor.weight = laid.weight
          const column = laid.columnOf(taker.column, { from: cell, until })
          if (column) this.#addNumbers(taker, column)
          else this.#add(taker)
        }
        cell = until
      }
    return next
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
