import type { Observation } from '../model/observation.ts'
import type { Column } from './columns.ts'
import { Cursor, type CursorOptions } from './cursor.ts'
import type { Amounts, Taker, Tally } from './leaf.ts'
import type { Pile } from './pile.ts'
import { isRestartable } from './rule-book.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'

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
  readonly #amounts: { at: Float64Array; weight: number; count: number }
  #nowMs = 0
  #batch = 0
  #touched = new Map<RunGroup, RuleRun>()
  /** Those that hold something back. */
  #pending: Tally[] = []

  /** @param at where the event time stands of the item that is being given */
  constructor(options: CursorOptions, at: Float64Array) {
    this.cursor = new Cursor(options)
    this.#amounts = { at, weight: 1, count: 1 }
  }

  begin(nowMs: number): void {
    this.#nowMs = nowMs
    this.#batch++
    this.#touched = new Map()
    this.#under = undefined
    // Of a batch that was not taken to its end: its items cannot be read any more.
    for (const tally of this.#pending) tally.clear()
    this.#pending = []
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
    if (!tally.add(amounts)) {
      this.#turn(tally, observation)
      tally.add(amounts)
    }
    if (!tally.hasColumns) return
    this.point(observation)
    tally.push(this.cursor)
  }

  /** As `give` for each of them. */
  givePile(tallies: readonly Tally[], pile: Pile): void {
    const first = () => {
      this.point(this.#pointAt(pile, 0))
      return this.cursor
    }
    for (const tally of tallies) {
      if (tally.hasEach) this.#giveEach(tally, pile)
      if (!tally.hasTallied) continue
      for (let from = 0; from < pile.length; ) {
        const until = tally.addPile(pile, from)
        if (until === from) this.#turn(tally, this.#pointAt(pile, from))
        else if (tally.hasColumns) tally.pushPile(pile, { from, until }, first)
        from = until
      }
    }
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
      for (const taker of leaf.tallied) if (isTaking(taker, standing)) this.#add(taker)
    }
  }

  /** Counts up what does not go with this item, and begins with it. */
  #turn(tally: Tally, observation: Observation): void {
    if (tally.observation) this.#flush(tally)
    else {
      this.point(observation)
      // Groups are made in the order in which their items come, not in that of counting them up. Where
      // a number is read, nobody knows yet whether any item carries it.
      for (const taker of tally.leaf.tallied) if (taker.column < 0) this.#entryOf(taker)
      this.#pending.push(tally)
    }
    tally.begin(observation, this.#amounts.at[0] as number)
  }

  #flush(tally: Tally): void {
    const { observation, atUnixMs } = tally
    if (!observation) return
    const { cursor } = this
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
  addTo(run: RuleRun, entry: RunGroup, column?: Column): void {
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
