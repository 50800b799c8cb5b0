import type { FieldValue, Observation, Source } from '../model/observation.ts'
import type { Cursor } from './cursor.ts'
import type { Item } from './kind.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'

// Where items that look alike to the rules end up: which groups take them, and how.

/** One rule that takes the items of a leaf. */
export interface Taker {
  readonly run: RuleRun
  /** What could not be told from the sorted keys. */
  readonly takes: ((read: (key: string) => FieldValue | undefined) => boolean) | undefined
  /** Every `by` key is sorted, so that all items go to one group: `entry`, once it was asked for. */
  readonly isEntryKnown: boolean
  /** What the kind can use; what it could not must not make a group of its own. */
  readonly isUsable: (item: Item) => boolean
  entry: RunGroup | undefined
}

export interface Leaf {
  /** Rules that see each item. */
  readonly each: readonly Taker[]
  /** Rules that see many as one. */
  readonly tallied: readonly Taker[]
  readonly tally: Tally
  /** Some rule counts items, so that an item delivered again must not come twice. */
  readonly isCounted: boolean
}

/** Items of one leaf that count as one: of one source, in the same buckets. */
export class Tally {
  count = 0
  weight = 0
  atUnixMs = 0
  /** Any of them: they are alike in all that is read. */
  observation: Observation | undefined
  #source: Source | undefined
  #fromUnixMs = 0
  #untilUnixMs = 0
  readonly #bucketsMs: readonly number[]

  constructor(bucketsMs: readonly number[]) {
    this.#bucketsMs = bucketsMs
  }

  /** Whether the item under the cursor may be added to what is there. */
  fits({ atUnixMs, source }: Cursor): boolean {
    if (source !== this.#source && source.id !== this.#source?.id) return false
    return atUnixMs >= this.#fromUnixMs && atUnixMs < this.#untilUnixMs
  }

  /** Begins with the item under the cursor. */
  begin(cursor: Cursor, observation: Observation): void {
    const { atUnixMs } = cursor
    this.observation = observation
    this.#source = cursor.source
    this.count = cursor.count
    this.weight = cursor.weight
    this.atUnixMs = atUnixMs
    this.#fromUnixMs = 0
    this.#untilUnixMs = Number.POSITIVE_INFINITY
    for (const bucketMs of this.#bucketsMs) {
      const from = Math.floor(atUnixMs / bucketMs) * bucketMs
      this.#fromUnixMs = Math.max(this.#fromUnixMs, from)
      this.#untilUnixMs = Math.min(this.#untilUnixMs, from + bucketMs)
    }
  }

  clear(): void {
    this.count = 0
    this.observation = undefined
  }

  add({ count, weight, atUnixMs }: Cursor): void {
    this.count += count
    this.weight += weight
    if (atUnixMs > this.atUnixMs) this.atUnixMs = atUnixMs
  }
}
