import { binOf } from '../lib/exponential-bins.ts'
import type { Cursor } from './cursor.ts'
import { numberOf } from './number-of.ts'
import type { Numbers } from './numbers.ts'
import type { Part, Pile } from './pile.ts'

// The numbers of items that are counted as one: a rule is handed all of them at once, and goes through
// an array instead of being called for each item.

/** So many items at most are held back; then rules are told. */
export const LENGTH_MAX = 1_024
const LENGTH_MIN = 16

/** One number of each item. A class, since each tally has its own. */
export class Column implements Numbers {
  readonly key: string
  values: Float64Array = new Float64Array(LENGTH_MIN)
  weights: Float64Array = NONE
  counts: Float64Array = NONE
  length = 0
  /** Samples and weight of the items that carry it. */
  count = 0
  weight = 0
  #bins = NO_BINS
  #binCount = 0

  constructor(key: string) {
    this.key = key
  }

  /** To be called before it is handed to rules: with weight and samples of each item, by its place. */
  complete(weights: Float64Array, counts: Float64Array): void {
    this.weights = weights
    this.counts = counts
  }

  /** The number of the item under the cursor. */
  push(cursor: Cursor): void {
    if (this.length === this.values.length) this.values = grown(this.values)
    const value = isLength(this.key, cursor)
      ? Math.max(0, cursor.atUnixMs - cursor.startUnixMs)
      : (numberOf(cursor, this.key) ?? Number.NaN)
    this.values[this.length++] = value
    if (Number.isNaN(value)) return
    this.count += cursor.count
    this.weight += cursor.weight
  }

  /** Those of items of a pile. */
  pushPile(pile: Pile, { from, until }: Part, first: () => Cursor): void {
    while (this.values.length < this.length + until - from) this.values = grown(this.values)
    const numbers = pile.numbers(this.key, () => numberOf(first(), this.key))
    for (let place = from; place < until; place++) {
      const value = numbers[place] as number
      this.values[this.length++] = value
      if (Number.isNaN(value)) continue
      this.count += pile.counts[place] as number
      this.weight += pile.weights[place] as number
    }
  }

  bins(): Int16Array {
    if (this.#bins.length < this.length) this.#bins = new Int16Array(this.values.length)
    const { values, length } = this
    for (; this.#binCount < length; this.#binCount++)
      this.#bins[this.#binCount] = binOf(values[this.#binCount] as number)
    return this.#bins
  }

  clear(): void {
    this.length = 0
    this.count = 0
    this.weight = 0
    this.#binCount = 0
  }
}

const NONE = new Float64Array(0)
const NO_BINS = new Int16Array(0)

export function grown(array: Float64Array): Float64Array {
  const next = new Float64Array(Math.max(LENGTH_MIN, array.length * 2))
  next.set(array)
  return next
}

/** How long a span took is known from its times. */
function isLength(key: string, { unit }: Cursor): boolean {
  return key === 'duration' && (unit === 'attempt' || unit === 'request' || unit === 'span')
}
