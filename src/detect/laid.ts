import { binOf } from '../lib/exponential-bins.ts'
import { CELL, CELLS_MAX } from './cells.ts'
import type { Numbers } from './numbers.ts'
import { ROWS_MAX, type Rows } from './rows.ts'

// A tally in the order of time, as rules are told of it. Cells are as short as the finest of them wants
// it: each rule gets as many at once as lie in one of its own buckets.

/** One for all tallies: they are laid out one after the other. */
export class Laid {
  /** Cells. */
  length = 0
  /** Of the cells that were cut out last: samples, weight, and event time of the newest. */
  count = 0
  weight = 0
  atUnixMs = 0
  readonly #columns: LaidColumn[] = []
  readonly #newest = new Float64Array(CELLS_MAX)
  readonly #counts = new Float64Array(CELLS_MAX)
  readonly #weights = new Float64Array(CELLS_MAX)
  /** By cell, and one more: where its items begin. */
  readonly #starts = new Int32Array(CELLS_MAX + 1)
  readonly #numbers = new Uint8Array(CELLS_MAX)
  /** By number of a cell: where its next item goes. */
  readonly #places = new Int32Array(CELLS_MAX)
  /** By item, as they came: where it goes. */
  readonly #placeOf = new Int32Array(ROWS_MAX)
  readonly #rowWeights = new Float64Array(ROWS_MAX)
  readonly #rowCounts = new Float64Array(ROWS_MAX)

  begin(): void {
    this.length = 0
  }

  /** Puts a cell to where it belongs; mostly that is one of the ends. */
  put(values: Float64Array, cell: number): void {
    const newestUnixMs = values[cell + CELL.atUnixMs] as number
    let at = this.length++
    for (; at > 0 && (this.#newest[at - 1] as number) > newestUnixMs; at--) this.#move(at - 1, at)
    this.#newest[at] = newestUnixMs
    this.#counts[at] = values[cell + CELL.count] as number
    this.#weights[at] = values[cell + CELL.weight] as number
    this.#starts[at] = values[cell + CELL.items] as number
    this.#numbers[at] = values[cell + CELL.number] as number
  }

  #move(from: number, to: number): void {
    this.#newest[to] = this.#newest[from] as number
    this.#counts[to] = this.#counts[from] as number
    this.#weights[to] = this.#weights[from] as number
    this.#starts[to] = this.#starts[from] as number
    this.#numbers[to] = this.#numbers[from] as number
  }

  end(rows: Rows | undefined): void {
    if (!rows) return
    let start = 0
    for (let at = 0; at < this.length; at++) {
      const items = this.#starts[at] as number
      this.#starts[at] = start
      this.#places[this.#numbers[at] as number] = start
      start += items
    }
    this.#starts[this.length] = start
    for (let row = 0; row < rows.length; row++) {
      const cell = rows.cells[row] as number
      const place = this.#places[cell] as number
      this.#places[cell] = place + 1
      this.#placeOf[row] = place
      this.#rowWeights[place] = rows.weights[row] as number
      this.#rowCounts[place] = rows.counts[row] as number
    }
    for (let index = 0; index < rows.columns.length; index++) {
      this.#columns[index] ??= new LaidColumn(this.#rowWeights, this.#rowCounts)
      const column = this.#columns[index] as LaidColumn
      column.lay(rows.columns[index] as Float64Array, this.#placeOf, rows.length)
    }
  }

  /** Cuts out the cells from one on that lie in the same buckets, and returns where the next begin. */
  cut(from: number, bucketsMs: readonly number[]): number {
    let until = from + 1
    this.count = this.#counts[from] as number
    this.weight = this.#weights[from] as number
    for (; until < this.length && this.#isNear(from, until, bucketsMs); until++) {
      this.count += this.#counts[until] as number
      this.weight += this.#weights[until] as number
    }
    this.atUnixMs = this.#newest[until - 1] as number
    return until
  }

  /** A column of those that were cut out. */
  columnOf(
    index: number,
    { from, until }: { from: number; until: number },
  ): LaidColumn | undefined {
    const column = index < 0 ? undefined : this.#columns[index]
    column?.cut(this.#starts[from] as number, this.#starts[until] as number)
    return column
  }

  #isNear(one: number, other: number, bucketsMs: readonly number[]): boolean {
    const oneUnixMs = this.#newest[one] as number
    const otherUnixMs = this.#newest[other] as number
    for (const bucketMs of bucketsMs)
      if (Math.floor(oneUnixMs / bucketMs) !== Math.floor(otherUnixMs / bucketMs)) return false
    return true
  }
}

/** One number of each item. */
export class LaidColumn implements Numbers {
  from = 0
  until = 0
  readonly values = new Float64Array(ROWS_MAX)
  readonly weights: Float64Array
  readonly counts: Float64Array
  /** Samples and weight of the items from one to the other that carry it. */
  count = 0
  weight = 0
  #length = 0
  readonly #bins = new Int16Array(ROWS_MAX)
  #hasBins = false

  constructor(weights: Float64Array, counts: Float64Array) {
    this.weights = weights
    this.counts = counts
  }

  lay(values: Float64Array, placeOf: Int32Array, length: number): void {
    for (let row = 0; row < length; row++)
      this.values[placeOf[row] as number] = values[row] as number
    this.#length = length
    this.#hasBins = false
    this.from = 0
    this.until = 0
    this.count = 0
    this.weight = 0
  }

  cut(from: number, until: number): void {
    if (from === this.from && until === this.until) return
    this.from = from
    this.until = until
    this.count = 0
    this.weight = 0
    for (let at = from; at < until; at++) {
      if (Number.isNaN(this.values[at] as number)) continue
      this.count += this.counts[at] as number
      this.weight += this.weights[at] as number
    }
  }

  bins(): Int16Array {
    if (this.#hasBins) return this.#bins
    this.#hasBins = true
    for (let at = 0; at < this.#length; at++) this.#bins[at] = binOf(this.values[at] as number)
    return this.#bins
  }
}
