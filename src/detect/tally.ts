import type { Observation } from '../model/observation.ts'
import { CELL, CELLS_MAX, type Cells } from './cells.ts'
import type { Cursor } from './cursor.ts'
import type { Laid } from './laid.ts'
import type { Leaf } from './leaf.ts'
import type { Pile } from './pile.ts'
import { Rows } from './rows.ts'

const NONE = -1
const CRUMB_MS = 0.001

/** Of the item that is being taken. */
export interface Amounts {
  /** Its event time, in an array of one. */
  readonly at: Float64Array
  readonly weight: number
  readonly count: number
}

/** Items of a batch of one leaf and one source: those within the same buckets count as one. */
export class Tally {
  readonly leaf: Leaf
  /** Some rule sees each item; some see many as one. */
  readonly hasEach: boolean
  readonly hasTallied: boolean
  /** Where some rule reads numbers. */
  readonly rows: Rows | undefined
  /** Any of them: they are alike in all that is read but the numbers. Undefined while there is none. */
  observation: Observation | undefined
  readonly #cells: Cells
  #first = NONE
  /** The one that took something last. */
  #last = NONE
  #cellCount = 0

  constructor(leaf: Leaf, cells: Cells) {
    this.leaf = leaf
    this.hasEach = leaf.each.length > 0
    this.hasTallied = leaf.tallied.length > 0
    this.rows = leaf.numberKeys.length > 0 ? new Rows(leaf.numberKeys) : undefined
    this.#cells = cells
  }

  /** Adds an item, the one under the cursor; false when there is no room. */
  add({ at, weight, count }: Amounts, cursor: () => Cursor): boolean {
    const atUnixMs = at[0] as number
    const cell = this.rows?.room === 0 ? NONE : this.#cellOf(atUnixMs)
    if (cell === NONE) return false
    const { values } = this.#cells
    const newestUnixMs = Math.max(values[cell + CELL.atUnixMs] as number, atUnixMs)
    this.#put(cell, { count, weight, newestUnixMs, items: 1 })
    this.rows?.push(cursor(), values[cell + CELL.number] as number)
    return true
  }

  /** Adds items of a pile, up to the first for which there is no room: its place. */
  addPile(pile: Pile, from: number, first: () => Cursor): number {
    const { atUnixMs, weights, counts } = pile
    const { rows } = this
    const end = rows ? Math.min(pile.length, from + rows.room) : pile.length
    let place = from
    while (place < end) {
      const cell = this.#cellOf(atUnixMs[place] as number)
      if (cell === NONE) break
      const { values } = this.#cells
      const fromUnixMs = values[cell + CELL.fromUnixMs] as number
      const untilUnixMs = values[cell + CELL.untilUnixMs] as number
      let newestUnixMs = values[cell + CELL.atUnixMs] as number
      let count = 0
      let weight = 0
      const begin = place
      for (; place < end; place++) {
        const oneUnixMs = atUnixMs[place] as number
        if (oneUnixMs < fromUnixMs || oneUnixMs >= untilUnixMs) break
        count += counts[place] as number
        weight += weights[place] as number
        if (oneUnixMs > newestUnixMs) newestUnixMs = oneUnixMs
      }
      this.#put(cell, { count, weight, newestUnixMs, items: place - begin })
      rows?.addPile(pile, { from: begin, until: place }, values[cell + CELL.number] as number)
    }
    if (place > from) rows?.addNumbers(pile, { from, until: place }, first)
    return place
  }

  #put(cell: number, by: { count: number; weight: number; newestUnixMs: number; items: number }) {
    const { values } = this.#cells
    values[cell] = (values[cell] as number) + by.count
    values[cell + CELL.weight] = (values[cell + CELL.weight] as number) + by.weight
    values[cell + CELL.atUnixMs] = by.newestUnixMs
    values[cell + CELL.items] = (values[cell + CELL.items] as number) + by.items
  }

  #cellOf(atUnixMs: number): number {
    if (this.#last === NONE) return this.#open(atUnixMs)
    if (this.#holds(this.#last, atUnixMs)) return this.#last
    const { values } = this.#cells
    for (let cell = this.#first; cell !== NONE; cell = values[cell + CELL.next] as number)
      if (this.#holds(cell, atUnixMs)) {
        this.#last = cell
        return cell
      }
    return this.#open(atUnixMs)
  }

  #holds(cell: number, atUnixMs: number): boolean {
    const { values } = this.#cells
    if (atUnixMs < (values[cell + CELL.fromUnixMs] as number)) return false
    return atUnixMs < (values[cell + CELL.untilUnixMs] as number)
  }

  #open(atUnixMs: number): number {
    if (this.#cellCount === CELLS_MAX) return NONE
    const cell = this.#cells.take()
    const { values } = this.#cells
    let fromUnixMs = 0
    let untilUnixMs = Number.POSITIVE_INFINITY
    for (const bucketMs of this.leaf.bucketsMs) {
      const from = Math.floor(atUnixMs / bucketMs) * bucketMs
      fromUnixMs = Math.max(fromUnixMs, from)
      untilUnixMs = Math.min(untilUnixMs, from + bucketMs)
    }
    values[cell + CELL.atUnixMs] = atUnixMs
    // Where bounds of buckets are no whole numbers, one may come out beyond an item that stands on it.
    values[cell + CELL.fromUnixMs] = Math.min(fromUnixMs, atUnixMs)
    values[cell + CELL.untilUnixMs] = Math.max(untilUnixMs, atUnixMs + CRUMB_MS)
    values[cell + CELL.number] = this.#cellCount++
    values[cell + CELL.next] = this.#first
    this.#first = cell
    this.#last = cell
    return cell
  }

  /** Lays all of it out in the order of time. */
  lay(laid: Laid): void {
    laid.begin()
    const { values } = this.#cells
    for (let cell = this.#first; cell !== NONE; cell = values[cell + CELL.next] as number)
      laid.put(values, cell)
    laid.end(this.rows)
  }

  clear(): void {
    this.#first = NONE
    this.#last = NONE
    this.#cellCount = 0
    this.observation = undefined
    this.rows?.clear()
  }
}
