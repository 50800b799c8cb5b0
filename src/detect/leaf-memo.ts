import type { Topology } from '../config/topology.ts'
import type { Generation } from '../model/generation.ts'
import type { Observation, Traits } from '../model/observation.ts'
import type { Cells } from './cells.ts'
import type { Cursor } from './cursor.ts'
import type { Feed } from './feeds.ts'
import type { Heard } from './hearing.ts'
import type { Leaf } from './leaf.ts'
import type { Piled } from './piles.ts'
import type { RuleBook } from './rule-book.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'
import type { Sorter } from './sorter.ts'
import { Tally } from './tally.ts'

/** Where an item goes: the tallies of its source in the leaves that it belongs to. */
export interface Leaves extends Piled {
  readonly owner: object
  readonly sender: Heard
  readonly feed: Feed
  readonly tallies: readonly Tally[]
  /** Some rule counts items, so that an item delivered again must not come twice. */
  readonly isCounted: boolean
  /** Nobody takes it: only its sender is heard. */
  readonly isIdle: boolean
  /** Rules that only ask who sends, with their groups; undefined until they were asked. */
  told: readonly ToldOfSender[] | undefined
}

export interface ToldOfSender {
  readonly run: RuleRun
  readonly entry: RunGroup
}

/** Who sends an item, and by which way it comes. */
export type Sending = Pick<Leaves, 'feed' | 'sender'>

export interface LeafMemoOptions {
  readonly book: Pick<RuleBook, 'sortersOf'>
  topology(): Topology
  /** The pair that a route is at. */
  pairAt(route: string): Generation | undefined
  /** Where its tallies count up. */
  readonly cells: Cells
}

const TRAITS_MAX = 50_000
const TALLIES_MAX = 50_000
/** Looked through before each batch; a sender that makes up routes must not make that long. */
const ROUTES_MAX = 1_000

/**
 * What sorting found, by the traits of items: it is sorted once what comes by the million. Items
 * without traits are sorted each.
 *
 * What items say themselves is told by their traits. The two things that they are asked and do not
 * say, the role of a target and how many generations an item is behind, follow from the topology and
 * from the pairs of the routes: when these change, all is sorted anew.
 */
export class LeafMemo {
  readonly #options: LeafMemoOptions
  readonly #byTraits = new Map<Traits, Leaves>()
  /** Changes whenever all is sorted anew: notes of before are no one's. */
  #owner = {}
  readonly #tallies = new Map<Leaf, Map<string, Tally>>()
  #tallyCount = 0
  readonly #pairs = new Map<string, Generation | undefined>()
  #sorters: readonly Sorter[] | undefined
  #topology: Topology | undefined

  constructor(options: LeafMemoOptions) {
    this.#options = options
  }

  /** Before each batch: forgets what does not hold any more. */
  begin(): void {
    const { book, topology, pairAt } = this.#options
    const sorters = book.sortersOf('attempt')
    let isStale = this.#isFull || sorters !== this.#sorters || topology() !== this.#topology
    for (const [route, pair] of this.#pairs) isStale ||= !isSamePair(pair, pairAt(route))
    if (!isStale) return
    this.#byTraits.clear()
    this.#owner = {}
    this.#tallies.clear()
    this.#tallyCount = 0
    this.#pairs.clear()
    this.#sorters = sorters
    this.#topology = topology()
  }

  get #isFull(): boolean {
    if (this.#byTraits.size >= TRAITS_MAX || this.#tallyCount >= TALLIES_MAX) return true
    return this.#pairs.size >= ROUTES_MAX
  }

  known(traits: Traits): Leaves | undefined {
    const note = traits.note as Leaves | undefined
    if (note?.owner === this.#owner) return note
    // Somebody else sorts by them as well.
    const known = this.#byTraits.get(traits)
    if (known) traits.note = known
    return known
  }

  /** Sorts the item under the cursor. */
  sort(observation: Observation, cursor: Cursor, { feed, sender }: Sending): Leaves {
    const { source, traits } = observation
    const tallies: Tally[] = []
    for (const sorter of this.#options.book.sortersOf(feed)) {
      const leaf = sorter.find(cursor)
      const isOfUse = leaf.each.length + leaf.tallied.length > 0
      if (isOfUse) tallies.push(this.#tallyOf(leaf, source.id))
    }
    const sorted: Leaves = {
      owner: this.#owner,
      sender,
      feed,
      tallies,
      isCounted: tallies.some(({ leaf }) => leaf.isCounted),
      // Of each attempt, others are told as well.
      isIdle: tallies.length === 0 && observation.unit !== 'attempt',
      told: undefined,
      pile: 0,
      round: -1,
    }
    if (traits) {
      this.#byTraits.set(traits, sorted)
      traits.note = sorted
      const route = observation.field('route')
      if (typeof route === 'string') this.#pairs.set(route, this.#options.pairAt(route))
    }
    return sorted
  }

  #tallyOf(leaf: Leaf, source: string): Tally {
    let bySource = this.#tallies.get(leaf)
    if (!bySource) {
      bySource = new Map()
      this.#tallies.set(leaf, bySource)
    }
    let tally = bySource.get(source)
    if (!tally) {
      tally = new Tally(leaf, this.#options.cells)
      bySource.set(source, tally)
      this.#tallyCount++
    }
    return tally
  }
}

function isSamePair(a: Generation | undefined, b: Generation | undefined): boolean {
  return a?.epoch === b?.epoch && a?.generation === b?.generation
}
