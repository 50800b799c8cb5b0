import { binOf } from '../lib/exponential-bins.ts'
import { COLUMNS_MAX, type Columns } from './columns.ts'
import { type NumberSource, notedOf, TOOK } from './item-numbers.ts'
import type { Numbers } from './numbers.ts'
import type { Tally } from './tally.ts'

// A tally in the order of time, as rules are told of it: in cells, stretches of time in which no bucket of
// its rules begins. Cells are as short as the finest of them wants it: each rule gets as many at once as
// lie in one of its own buckets.

/** Of a tally at once. */
export const CELLS_MAX = 64
const CRUMB_MS = 0.001

/** One for all tallies: they are laid out one after the other. */
export class Laid {
  /** Cells. */
  length = 0
  /** Of the cells that were cut out last: samples, weight, and event time of the newest. */
  count = 0
  weight = 0
  atUnixMs = 0
  readonly #columns: LaidColumn[] = []
  /** By cell, in the order in which they were opened. */
  readonly #fromUnixMs = new Float64Array(CELLS_MAX)
  readonly #untilUnixMs = new Float64Array(CELLS_MAX)
  readonly #newestUnixMs = new Float64Array(CELLS_MAX)
  readonly #counts = new Float64Array(CELLS_MAX)
  readonly #weights = new Float64Array(CELLS_MAX)
  readonly #items = new Int32Array(CELLS_MAX)
  /** Cells in the order of time. */
  readonly #order = new Uint8Array(CELLS_MAX)
  /** In that order, and one more: where their items begin. */
  readonly #starts = new Int32Array(CELLS_MAX + 1)
  /** By cell: where its next item goes. */
  readonly #places = new Int32Array(CELLS_MAX)
  /** By item of the tally. */
  readonly #cellOf = new Uint8Array(COLUMNS_MAX)
  readonly #rowWeights = new Float64Array(COLUMNS_MAX)
  readonly #rowCounts = new Float64Array(COLUMNS_MAX)
  readonly #rowOf = new Uint16Array(COLUMNS_MAX)

  /** Lays out the items of a tally from one on, and returns the first for which there was no room. */
  lay(tally: Tally, columns: Columns, from: number): number {
    const until = this.#fill(tally, columns, from)
    this.#sort()
    if (tally.sources.length > 0) this.#layNumbers(tally, columns, { from, until })
    return until
  }

  #fill({ rows, length, leaf }: Tally, columns: Columns, from: number): number {
    const { atUnixMs, weights, counts } = columns
    this.length = 0
    let cell = -1
    for (let place = from; place < length; place++) {
      const row = rows[place] as number
      const oneUnixMs = atUnixMs[row] as number
      if (cell < 0 || !this.#holds(cell, oneUnixMs)) cell = this.#cellAt(oneUnixMs, leaf.bucketsMs)
      if (cell < 0) return place
      this.#cellOf[place] = cell
      this.#items[cell] = (this.#items[cell] as number) + 1
      this.#counts[cell] = (this.#counts[cell] as number) + (counts[row] as number)
      this.#weights[cell] = (this.#weights[cell] as number) + (weights[row] as number)
      if (oneUnixMs > (this.#newestUnixMs[cell] as number)) this.#newestUnixMs[cell] = oneUnixMs
    }
    return length
  }

  #holds(cell: number, atUnixMs: number): boolean {
    if (atUnixMs < (this.#fromUnixMs[cell] as number)) return false
    return atUnixMs < (this.#untilUnixMs[cell] as number)
  }

  #cellAt(atUnixMs: number, bucketsMs: readonly number[]): number {
    for (let cell = 0; cell < this.length; cell++) if (this.#holds(cell, atUnixMs)) return cell
    return this.length === CELLS_MAX ? -1 : this.#open(atUnixMs, bucketsMs)
  }

  #open(atUnixMs: number, bucketsMs: readonly number[]): number {
    const cell = this.length++
    let fromUnixMs = 0
    let untilUnixMs = Number.POSITIVE_INFINITY
    for (const bucketMs of bucketsMs) {
      const from = Math.floor(atUnixMs / bucketMs) * bucketMs
      if (from > fromUnixMs) fromUnixMs = from
      if (from + bucketMs < untilUnixMs) untilUnixMs = from + bucketMs
    }
    // Where bounds of buckets are no whole numbers, one may come out beyond an item that stands on it.
    this.#fromUnixMs[cell] = Math.min(fromUnixMs, atUnixMs)
    this.#untilUnixMs[cell] = Math.max(untilUnixMs, atUnixMs + CRUMB_MS)
    this.#newestUnixMs[cell] = atUnixMs
    this.#counts[cell] = 0
    this.#weights[cell] = 0
    this.#items[cell] = 0
    return cell
  }

  /** Mostly they were opened in that order, or in the opposite one. */
  #sort(): void {
    const order = this.#order
    const newest = this.#newestUnixMs
    for (let cell = 0; cell < this.length; cell++) {
      let at = cell
      const cellUnixMs = newest[cell] as number
      for (; at > 0 && (newest[order[at - 1] as number] as number) > cellUnixMs; at--)
        order[at] = order[at - 1] as number
      order[at] = cell
    }
  }

  #layNumbers(
    { rows, sources }: Tally,
    columns: Columns,
    { from, until }: { from: number; until: number },
  ): void {
    let start = 0
    for (let at = 0; at < this.length; at++) {
      const cell = this.#order[at] as number
      this.#starts[at] = start
      this.#places[cell] = start
      start += this.#items[cell] as number
    }
    this.#starts[this.length] = start
    for (let one = from; one < until; one++) {
      const cell = this.#cellOf[one] as number
      const row = rows[one] as number
      const place = this.#places[cell] as number
      this.#places[cell] = place + 1
      this.#rowOf[place] = row
      this.#rowWeights[place] = columns.weights[row] as number
      this.#rowCounts[place] = columns.counts[row] as number
    }
    for (let index = 0; index < sources.length; index++) {
      this.#columns[index] ??= new LaidColumn(this.#rowWeights, this.#rowCounts)
      const column = this.#columns[index] as LaidColumn
      this.#readColumn(column, sources[index] as NumberSource, columns)
      column.begin(start)
    }
  }

  #readColumn({ values }: LaidColumn, source: NumberSource, columns: Columns): void {
    const rowOf = this.#rowOf
    const length = this.#starts[this.length] as number
    const noted = notedOf(source)
    if (noted < 0) {
      const numbers = source === TOOK ? columns.tookMs : columns.numbers(source)
      for (let place = 0; place < length; place++)
        values[place] = numbers[rowOf[place] as number] as number
      return
    }
    const { places } = columns
    const numbers = columns.given?.columns.noted[noted] as Float64Array
    for (let place = 0; place < length; place++) {
      const row = rowOf[place] as number
      const own = numbers[places[row] as number] as number
      values[place] = Number.isNaN(own) ? columns.askNoted(row, noted) : own
    }
  }

  /** Cuts out the cells from one on that lie in the same buckets, and returns where the next begin. */
  cut(from: number, bucketsMs: readonly number[]): number {
    const order = this.#order
    const first = order[from] as number
    let until = from + 1
    this.count = this.#counts[first] as number
    this.weight = this.#weights[first] as number
    for (; until < this.length && this.#isNear(first, order[until] as number, bucketsMs); until++) {
      const cell = order[until] as number
      this.count += this.#counts[cell] as number
      this.weight += this.#weights[cell] as number
    }
    this.atUnixMs = this.#newestUnixMs[order[until - 1] as number] as number
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
    const oneUnixMs = this.#newestUnixMs[one] as number
    const otherUnixMs = this.#newestUnixMs[other] as number
    for (const bucketMs of bucketsMs)
      if (Math.floor(oneUnixMs / bucketMs) !== Math.floor(otherUnixMs / bucketMs)) return false
    return true
  }
}

/** One number of each item. */
export class LaidColumn implements Numbers {
  from = 0
  until = 0
  readonly values = new Float64Array(COLUMNS_MAX)
  readonly weights: Float64Array
  readonly counts: Float64Array
  /** Samples and weight of the items from one to the other that carry it. */
  count = 0
  weight = 0
  #length = 0
  readonly #bins = new Int16Array(COLUMNS_MAX)
  #hasBins = false

  constructor(weights: Float64Array, counts: Float64Array) {
    this.weights = weights
    this.counts = counts
  }

  /** So many values were put in. */
  begin(length: number): void {
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
