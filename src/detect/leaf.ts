import type { FieldValue } from '../model/observation.ts'
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

/** Rules that see many items as one, as long as these fall into the same of such buckets. */
export interface TakerSet {
  readonly bucketsMs: readonly number[]
  readonly takers: readonly Taker[]
}

export interface Leaf {
  /** Rules that see each item. */
  readonly each: readonly Taker[]
  /** Rules that see many as one. */
  readonly tallied: readonly TakerSet[]
  /** What its tallies are made of: the buckets of all of these, and the numbers that they read. */
  readonly bucketsMs: readonly number[]
  readonly numberKeys: readonly string[]
  /** Some rule counts items, so that an item delivered again must not come twice. */
  readonly isCounted: boolean
}
