import type { AttemptPile } from './attempt-piles.ts'
import type { Feed } from './feeds.ts'
import type { Heard } from './hearing.ts'
import type { ItemNumber } from './item-numbers.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'
import type { Tally } from './tally.ts'

/** Where an item goes: the tallies of its source in the leaves that it belongs to. */
export interface Leaves {
  readonly owner: object
  readonly sender: Heard
  readonly feed: Feed
  readonly tallies: readonly Tally[]
  /** What rules that see many as one read of each. */
  readonly numbers: readonly ItemNumber[]
  /** See `carriedBy`. */
  readonly carried: number
  /** Some rule counts items, so that an item delivered again must not come twice. */
  readonly isCounted: boolean
  /** Nobody takes it: only its sender is heard. */
  readonly isIdle: boolean
  /** Rules that only ask who sends. */
  readonly telling: readonly RuleRun[]
  /** These with their groups; undefined until they were asked. */
  told: readonly ToldOfSender[] | undefined
  /** Of attempts with traits: what else they are told to. */
  readonly attempts: AttemptPile | undefined
  /** The last batch that had such items, and whether these need no look at each. */
  batch: number
  isPlain: boolean
}

export interface ToldOfSender {
  readonly run: RuleRun
  readonly entry: RunGroup
}
