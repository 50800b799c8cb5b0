import type { Cursor } from './cursor.ts'
import { numberOf } from './number-of.ts'
import type { Part, Pile } from './pile.ts'

// The numbers of items that are counted as one: a rule is handed all of them at once, and goes through
// an array instead of being called for each item.

/** So many items of a tally at most are held back; then rules are told. */
export const ROWS_MAX = 1_024
const ROWS_MIN = 16

/** Of the items of a tally in the order in which they came: their numbers, by key. */
export class Rows {
  readonly keys: readonly string[]
  /** NaN of an item that does not carry it. */
  readonly columns: Float64Array[]
  weights: Float64Array = new Float64Array(ROWS_MIN)
  counts: Float64Array = new Float64Array(ROWS_MIN)
  /** The numbers of their cells. */
  cells: Uint8Array = new Uint8Array(ROWS_MIN)
  length = 0

  constructor(keys: readonly string[]) {
    this.keys = keys
    this.columns = keys.map(() => new Float64Array(ROWS_MIN))
  }

  get room(): number {
    return ROWS_MAX - this.length
  }

  /** The item under the cursor. */
  push(cursor: Cursor, cell: number): void {
    const at = this.length
    this.#grow(at + 1)
    this.weights[at] = cursor.weight
    this.counts[at] = cursor.count
    this.cells[at] = cell
    for (let index = 0; index < this.keys.length; index++) {
      const key = this.keys[index] as string
      const column = this.columns[index] as Float64Array
      column[at] = isLength(key, cursor)
        ? Math.max(0, cursor.atUnixMs - cursor.startUnixMs)
        : (numberOf(cursor, key) ?? Number.NaN)
    }
    this.length++
  }

  /** Items of a pile that lie in the same cell; their numbers are added later. */
  addPile({ weights, counts }: Pile, { from, until }: Part, cell: number): void {
    this.#grow(this.length + until - from)
    for (let place = from; place < until; place++) {
      const at = this.length++
      this.weights[at] = weights[place] as number
      this.counts[at] = counts[place] as number
      this.cells[at] = cell
    }
  }

  /** Of the items of a pile that were added last. */
  addNumbers(pile: Pile, { from, until }: Part, first: () => Cursor): void {
    const begin = this.length - (until - from)
    for (let index = 0; index < this.keys.length; index++) {
      const key = this.keys[index] as string
      const column = this.columns[index] as Float64Array
      const numbers = pile.numbers(key, first)
      for (let place = from; place < until; place++)
        column[begin + place - from] = numbers[place] as number
    }
  }

  clear(): void {
    this.length = 0
  }

  #grow(length: number): void {
    if (length <= this.weights.length) return
    const size = Math.max(length, this.weights.length * 2)
    this.weights = grown(this.weights, size)
    this.counts = grown(this.counts, size)
    for (let index = 0; index < this.columns.length; index++)
      this.columns[index] = grown(this.columns[index] as Float64Array, size)
    const cells = new Uint8Array(size)
    cells.set(this.cells)
    this.cells = cells
  }
}

function grown(array: Float64Array, length: number): Float64Array {
  const next = new Float64Array(length)
  next.set(array)
  return next
}

/** How long a span took is known from its times. */
function isLength(key: string, { unit }: Cursor): boolean {
  return key === 'duration' && (unit === 'attempt' || unit === 'request' || unit === 'span')
}
