import type { FieldValue, Observation } from '../model/observation.ts'
import { Column, grown, LENGTH_MAX } from './columns.ts'
import type { Cursor } from './cursor.ts'
import type { Item } from './kind.ts'
import type { Part, Pile } from './pile.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'

// Where items that look alike to the rules end up: which groups take them, and how.

type Read = (key: string) => FieldValue | undefined

/** One rule that takes the items of a leaf. */
export interface Taker {
  readonly run: RuleRun
  /** What could not be told from the sorted keys. */
  readonly takes: ((read: Read) => boolean) | undefined
  /** Every `by` key is sorted, so that all items go to one group: `entry`, once it was asked for. */
  readonly isEntryKnown: boolean
  /** What the kind can use; what it could not must not make a group of its own. */
  readonly isUsable: (item: Item) => boolean
  /** Where the number stands that it is handed of many items; -1 when it reads none, or sees each. */
  readonly column: number
  /** Whether it counts items that do not carry the number. */
  readonly isUsableWithout: (read: Read) => boolean
  entry: RunGroup | undefined
}

export interface Leaf {
  /** Rules that see each item. */
  readonly each: readonly Taker[]
  /** Rules that see many as one. */
  readonly tallied: readonly Taker[]
  /** What its tallies are made of: the buckets that they may not cross, and the numbers they keep. */
  readonly bucketsMs: readonly number[]
  readonly numberKeys: readonly string[]
  /** Some rule counts items, so that an item delivered again must not come twice. */
  readonly isCounted: boolean
}

/** The numbers of all tallies, side by side: what each item touches, and nothing of it boxed. */
export class TallyNumbers {
  values: Float64Array = new Float64Array(LINE * 256)
  #used = 0

  /** Where the numbers of one more tally begin. */
  take(): number {
    const at = this.#used
    this.#used += LINE
    if (this.#used > this.values.length) this.values = grown(this.values)
    return at
  }
}

/** So many for each, which is what a processor fetches at once. */
const LINE = 8
const COUNT = 0
const WEIGHT = 1
const AT = 2
const FROM = 3
const UNTIL = 4

const CRUMB_MS = 0.001

/** Items of one leaf that count as one: of one source, in the same buckets. */
export class Tally {
  readonly leaf: Leaf
  /** Some rule sees each item; some see many as one. */
  readonly hasEach: boolean
  readonly hasTallied: boolean
  readonly hasColumns: boolean
  /** Any of them: they are alike in all that is read but the columns. */
  observation: Observation | undefined
  readonly columns: readonly Column[]
  readonly #numbers: TallyNumbers
  readonly #first: number
  #weights: Float64Array = new Float64Array(0)
  #counts: Float64Array = new Float64Array(0)
  #length = 0

  constructor(leaf: Leaf, numbers: TallyNumbers) {
    this.leaf = leaf
    this.hasEach = leaf.each.length > 0
    this.hasTallied = leaf.tallied.length > 0
    this.columns = leaf.numberKeys.map((key) => new Column(key))
    this.hasColumns = this.columns.length > 0
    this.#numbers = numbers
    this.#first = numbers.take()
  }

  get count(): number {
    return this.#numbers.values[this.#first + COUNT] as number
  }

  get weight(): number {
    return this.#numbers.values[this.#first + WEIGHT] as number
  }

  /** Event time of the newest. */
  get atUnixMs(): number {
    return this.#numbers.values[this.#first + AT] as number
  }

  /** Adds an item of the same source; false when it does not go with what is there. */
  add(amounts: Amounts): boolean {
    const { values } = this.#numbers
    const atUnixMs = amounts.at[0] as number
    if (atUnixMs < (values[this.#first + FROM] as number)) return false
    if (atUnixMs >= (values[this.#first + UNTIL] as number)) return false
    this.#put(amounts)
    return true
  }

  #put({ at, weight, count }: Amounts): void {
    const { values } = this.#numbers
    const first = this.#first
    const atUnixMs = at[0] as number
    values[first] = (values[first] as number) + count
    values[first + WEIGHT] = (values[first + WEIGHT] as number) + weight
    if (atUnixMs > (values[first + AT] as number)) values[first + AT] = atUnixMs
  }

  /** Begins with an item, which is to be added. */
  begin(observation: Observation, atUnixMs: number): void {
    this.observation = observation
    const { values } = this.#numbers
    let fromUnixMs = 0
    let untilUnixMs = Number.POSITIVE_INFINITY
    for (const bucketMs of this.leaf.bucketsMs) {
      const from = Math.floor(atUnixMs / bucketMs) * bucketMs
      fromUnixMs = Math.max(fromUnixMs, from)
      untilUnixMs = Math.min(untilUnixMs, from + bucketMs)
    }
    values[this.#first + AT] = atUnixMs
    // Where bounds of buckets are no whole numbers, one may come out beyond an item that stands on it.
    values[this.#first + FROM] = Math.min(fromUnixMs, atUnixMs)
    values[this.#first + UNTIL] = Math.max(untilUnixMs, atUnixMs + CRUMB_MS)
  }

  /** Adds items of a pile, up to the first that does not go with what is there: its place. */
  addPile(pile: Pile, from: number): number {
    const { values } = this.#numbers
    const first = this.#first
    const fromUnixMs = values[first + FROM] as number
    const untilUnixMs = values[first + UNTIL] as number
    const { atUnixMs, weights, counts } = pile
    const end = this.hasColumns
      ? Math.min(pile.length, from + LENGTH_MAX - this.#length)
      : pile.length
    let newestUnixMs = values[first + AT] as number
    let count = 0
    let weight = 0
    let place = from
    for (; place < end; place++) {
      const oneUnixMs = atUnixMs[place] as number
      if (oneUnixMs < fromUnixMs || oneUnixMs >= untilUnixMs) break
      count += counts[place] as number
      weight += weights[place] as number
      if (oneUnixMs > newestUnixMs) newestUnixMs = oneUnixMs
    }
    values[first] = (values[first] as number) + count
    values[first + WEIGHT] = (values[first + WEIGHT] as number) + weight
    values[first + AT] = newestUnixMs
    return place
  }

  /** The numbers of items of a pile that were added. */
  pushPile(pile: Pile, part: Part, first: () => Cursor): void {
    const { from, until } = part
    const length = this.#length + until - from
    while (this.#weights.length < length) {
      this.#weights = grown(this.#weights)
      this.#counts = grown(this.#counts)
    }
    for (let place = from; place < until; place++) {
      this.#weights[this.#length] = pile.weights[place] as number
      this.#counts[this.#length++] = pile.counts[place] as number
    }
    for (const column of this.columns) column.pushPile(pile, part, first)
    this.#closeWhenFull()
  }

  /** Nothing more goes with what is full. */
  #closeWhenFull(): void {
    if (this.#length === LENGTH_MAX) this.#numbers.values[this.#first + UNTIL] = 0
  }

  /** The numbers of the item under the cursor, which was added. */
  push(cursor: Cursor): void {
    if (this.#length === this.#weights.length) {
      this.#weights = grown(this.#weights)
      this.#counts = grown(this.#counts)
    }
    this.#weights[this.#length] = cursor.weight
    this.#counts[this.#length++] = cursor.count
    for (const column of this.columns) column.push(cursor)
    this.#closeWhenFull()
  }

  /** Completes the columns, to be handed to rules. */
  end(): void {
    for (const column of this.columns) column.complete(this.#weights, this.#counts)
  }

  clear(): void {
    const { values } = this.#numbers
    for (let at = this.#first; at < this.#first + LINE; at++) values[at] = 0
    this.observation = undefined
    this.#length = 0
    for (const column of this.columns) column.clear()
  }
}

/** Of the item that is being taken. */
export interface Amounts {
  /** Its event time, in an array of one. */
  readonly at: Float64Array
  readonly weight: number
  readonly count: number
}
