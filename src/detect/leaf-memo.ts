import type { Topology } from '../config/topology.ts'
import type { Generation } from '../model/generation.ts'
import { type Observation, type Traits, VARYING_KEYS } from '../model/observation.ts'
import type { Cells } from './cells.ts'
import type { Cursor } from './cursor.ts'
import { type Feed, unitOf } from './feeds.ts'
import type { Heard } from './hearing.ts'
import type { Leaf } from './leaf.ts'
import { LeafPaths } from './leaf-paths.ts'
import type { Piled } from './piles.ts'
import type { RuleBook } from './rule-book.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'
import { HAS, readOf } from './sortable.ts'
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
  /** Rules that only ask who sends. */
  readonly telling: readonly RuleRun[]
  /** These with their groups; undefined until they were asked. */
  told: readonly ToldOfSender[] | undefined
}

export interface ToldOfSender {
  readonly run: RuleRun
  readonly entry: RunGroup
}

/** Who sends an item, and by which way it comes. */
export type Sending = Pick<Leaves, 'feed' | 'sender'>

export interface LeafMemoOptions {
  readonly book: Pick<RuleBook, 'sortersOf' | 'perSenderOf'>
  topology(): Topology
  /** The pair that a route is at. */
  pairAt(route: string): Generation | undefined
  /** Where its tallies count up. */
  readonly cells: Cells
}

const TRAITS_MAX = 50_000
const TALLIES_MAX = 50_000
const LEAVES_MAX = 50_000
/** Looked through before each batch; a sender that makes up routes must not make that long. */
const ROUTES_MAX = 1_000

/** What items have in common that go the same ways. */
interface Way {
  readonly leaves: readonly Leaf[]
  readonly telling: readonly RuleRun[]
  readonly bySender: Map<Heard, Leaves>
  /** They may carry different numbers that are taken from the first of a pile: each has its own. */
  readonly isApart: boolean
}

/**
 * What sorting found, by the traits of items: it is sorted once what comes by the million. What has none
 * is asked each time what sorters ask of it. What goes the same ways has the same leaves, whatever else
 * tells it apart.
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
  readonly #paths = new Map<Feed, LeafPaths<Way>>()
  readonly #ways = new Map<string, Way>()
  /** Of leaves and rules, by which ways are told apart. */
  readonly #numbers = new Map<object, number>()
  readonly #tallies = new Map<Leaf, Map<string, Tally>>()
  #tallyCount = 0
  #leavesCount = 0
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
    this.#paths.clear()
    this.#ways.clear()
    this.#numbers.clear()
    this.#tallies.clear()
    this.#tallyCount = 0
    this.#leavesCount = 0
    this.#pairs.clear()
    this.#sorters = sorters
    this.#topology = topology()
  }

  get #isFull(): boolean {
    if (this.#byTraits.size >= TRAITS_MAX || this.#tallyCount >= TALLIES_MAX) return true
    return this.#leavesCount >= LEAVES_MAX || this.#pairs.size >= ROUTES_MAX
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
  sort(observation: Observation, cursor: Cursor, sending: Sending): Leaves {
    const { traits } = observation
    const way = this.#pathsOf(sending.feed).find(cursor)
    const isShared = !(way.isApart && traits)
    let sorted = isShared ? way.bySender.get(sending.sender) : undefined
    if (!sorted) {
      sorted = this.#toLeaves(way, observation, sending)
      this.#leavesCount++
      if (isShared) way.bySender.set(sending.sender, sorted)
    }
    if (traits) {
      this.#byTraits.set(traits, sorted)
      traits.note = sorted
      const route = observation.field('route')
      if (typeof route === 'string') this.#pairs.set(route, this.#options.pairAt(route))
    }
    return sorted
  }

  #pathsOf(feed: Feed): LeafPaths<Way> {
    const known = this.#paths.get(feed)
    if (known) return known
    const { book } = this.#options
    const perSender = book.perSenderOf(unitOf(feed))
    const asked = perSender.flatMap(({ rule }) => Object.keys(rule.where))
    const paths = new LeafPaths<Way>({
      sorters: book.sortersOf(feed),
      furtherKeys: (leaves) => [...asked, ...leaves.flatMap(presenceKeysOf)],
      find: (leaves, cursor) => {
        const telling = perSender.filter((run) => run.takes(cursor))
        return this.#wayOf({ feed, leaves, telling }, cursor)
      },
    })
    this.#paths.set(feed, paths)
    return paths
  }

  #wayOf(to: Pick<Way, 'leaves' | 'telling'> & { readonly feed: Feed }, cursor: Cursor): Way {
    const leaves = to.leaves.filter(({ each, tallied }) => each.length + tallied.length > 0)
    const carried = leaves.flatMap(presenceKeysOf).map((key) => readOf(cursor, key))
    const numbers = [...leaves, ...to.telling].map((one) => this.#numberOf(one))
    const text = JSON.stringify([to.feed, leaves.length, numbers, carried])
    let way = this.#ways.get(text)
    if (!way) {
      const isApart = leaves.some(({ numberKeys }) =>
        numberKeys.some((key) => !VARYING_KEYS.has(key)),
      )
      way = { leaves, telling: to.telling, bySender: new Map(), isApart }
      this.#ways.set(text, way)
    }
    return way
  }

  #numberOf(one: object): number {
    const known = this.#numbers.get(one)
    if (known !== undefined) return known
    this.#numbers.set(one, this.#numbers.size)
    return this.#numbers.size - 1
  }

  #toLeaves(way: Way, { unit, source }: Observation, { feed, sender }: Sending): Leaves {
    const tallies = way.leaves.map((leaf) => this.#tallyOf(leaf, source.id))
    return {
      owner: this.#owner,
      sender,
      feed,
      tallies,
      isCounted: tallies.some(({ leaf }) => leaf.isCounted),
      // Of each attempt, others are told as well.
      isIdle: tallies.length === 0 && unit !== 'attempt',
      telling: way.telling,
      told: undefined,
      pile: 0,
      round: -1,
    }
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

/** Which of the numbers they carry that are read from each. */
function presenceKeysOf({ numberKeys }: Leaf): readonly string[] {
  return numberKeys.filter((key) => VARYING_KEYS.has(key)).map((key) => HAS + key)
}
