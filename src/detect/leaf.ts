import type { FieldValue, Observation } from '../model/observation.ts'
import { Column, grown, LENGTH_MAX } from './columns.ts'
import type { Cursor } from './cursor.ts'
import type { Item } from './kind.ts'
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

/** Items of one leaf that count as one: of one source, in the same buckets. */
export class Tally {
  readonly leaf: Leaf
  count = 0
  weight = 0
  atUnixMs = 0
  /** Any of them: they are alike in all that is read but the columns. */
  observation: Observation | undefined
  readonly columns: readonly Column[]
  readonly hasColumns: boolean
  #fromUnixMs = 0
  #untilUnixMs = 0
  #weights: Float64Array = new Float64Array(0)
  #counts: Float64Array = new Float64Array(0)
  #length = 0

  constructor(leaf: Leaf) {
    this.leaf = leaf
    this.columns = leaf.numberKeys.map((key) => new Column(key))
    this.hasColumns = this.columns.length > 0
  }

  /** Whether an item of the same source may be added to what is there. */
  fits(atUnixMs: number): boolean {
    if (this.#length === LENGTH_MAX) return false
    return atUnixMs >= this.#fromUnixMs && atUnixMs < this.#untilUnixMs
  }

  /** Begins with an item, which is still to be added. */
  begin(observation: Observation, atUnixMs: number): void {
    this.observation = observation
    this.atUnixMs = atUnixMs
    this.#fromUnixMs = 0
    this.#untilUnixMs = Number.POSITIVE_INFINITY
    for (const bucketMs of this.leaf.bucketsMs) {
      const from = Math.floor(atUnixMs / bucketMs) * bucketMs
      this.#fromUnixMs = Math.max(this.#fromUnixMs, from)
      this.#untilUnixMs = Math.min(this.#untilUnixMs, from + bucketMs)
    }
  }

  add(atUnixMs: number, weight: number, count: number): void {
    this.count += count
    this.weight += weight
    if (atUnixMs > this.atUnixMs) this.atUnixMs = atUnixMs
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
  }

  /** Hands the columns over. */
  end(): void {
    for (const column of this.columns)
      column.begin({ weights: this.#weights, counts: this.#counts })
  }

  clear(): void {
    this.count = 0
    this.weight = 0
    this.observation = undefined
    this.#length = 0
    for (const column of this.columns) column.clear()
  }
}
