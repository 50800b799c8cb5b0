import type { Topology } from '../config/topology.ts'
import type { Generation } from '../model/generation.ts'
import type { Observation, Traits } from '../model/observation.ts'
import type { AttemptPiles } from './attempt-piles.ts'
import type { Cursor } from './cursor.ts'
import { type Feed, unitOf } from './feeds.ts'
import type { Heard } from './hearing.ts'
import { carriedBy, sourceOf, toItemNumber } from './item-numbers.ts'
import type { Leaf } from './leaf.ts'
import { LeafPaths } from './leaf-paths.ts'
import type { Leaves } from './leaves.ts'
import type { RuleBook } from './rule-book.ts'
import type { RuleRun } from './rule-run.ts'
import type { Sorter } from './sorter.ts'
import { Tally } from './tally.ts'

/** Who sends an item, and by which way it comes. */
export type Sending = Pick<Leaves, 'feed' | 'sender'>

export interface LeafMemoOptions {
  readonly book: Pick<RuleBook, 'sortersOf' | 'perSenderOf'>
  topology(): Topology
  /** The pair that a route is at. */
  pairAt(route: string): Generation | undefined
  readonly attempts: AttemptPiles
}

const TRAITS_MAX = 50_000
const TALLIES_MAX = 50_000
const LEAVES_MAX = 50_000
/** Looked through before each batch; a sender that makes up routes must not make that long. */
const ROUTES_MAX = 1_000

/** What items have in common that answer alike. */
interface Way {
  readonly leaves: readonly Leaf[]
  readonly telling: readonly RuleRun[]
  readonly feed: Feed
  /** Of those without traits. */
  readonly bySender: Map<Heard, Leaves>
}

/** All that is known of where an item goes. */
type Sorted = Pick<Way, 'leaves' | 'telling'> &
  Pick<Leaves, 'sender' | 'feed' | 'numbers' | 'carried' | 'attempts'>

/**
 * What sorting found, by the traits of items: it is sorted once what comes by the million. What has none
 * is asked each time what sorters ask of it.
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
  /** Numbers that are read, with their places in the columns of a batch. */
  readonly #places = new Map<string, number>()
  readonly #tallies = new Map<Leaf, Map<string, Tally>>()
  #tallyCount = 0
  readonly #leaves = new Map<string, Leaves>()
  /** Of what ways are told apart by. */
  readonly #numbers = new Map<object, number>()
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
    this.#places.clear()
    this.#tallies.clear()
    this.#tallyCount = 0
    this.#leaves.clear()
    this.#numbers.clear()
    this.#pairs.clear()
    this.#sorters = sorters
    this.#topology = topology()
  }

  get #isFull(): boolean {
    if (this.#byTraits.size >= TRAITS_MAX || this.#tallyCount >= TALLIES_MAX) return true
    return this.#leaves.size >= LEAVES_MAX || this.#pairs.size >= ROUTES_MAX
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
    const known = traits ? undefined : way.bySender.get(sending.sender)
    if (known) return known
    const numbers = this.#numbersOf(way, observation, cursor)
    const attempts = traits && this.#options.attempts.of(observation)
    const sorted = this.#leavesOf({ ...way, ...sending, ...numbers, attempts }, observation)
    if (!traits) {
      way.bySender.set(sending.sender, sorted)
      return sorted
    }
    this.#byTraits.set(traits, sorted)
    traits.note = sorted
    const route = observation.field('route')
    if (typeof route === 'string') this.#pairs.set(route, this.#options.pairAt(route))
    return sorted
  }

  #pathsOf(feed: Feed): LeafPaths<Way> {
    const known = this.#paths.get(feed)
    if (known) return known
    const { book } = this.#options
    const perSender = book.perSenderOf(unitOf(feed))
    const paths = new LeafPaths<Way>({
      sorters: book.sortersOf(feed),
      furtherKeys: perSender.flatMap(({ rule }) => Object.keys(rule.where)),
      find: (all, cursor) => ({
        leaves: all.filter(({ each, tallied }) => each.length + tallied.length > 0),
        telling: perSender.filter((run) => run.takes(cursor)),
        ...{ feed, bySender: new Map() },
      }),
    })
    this.#paths.set(feed, paths)
    return paths
  }

  #numbersOf({ leaves, feed }: Way, observation: Observation, cursor: Cursor) {
    const keys = [...new Set(leaves.flatMap(({ numberKeys }) => numberKeys))]
    const sources = keys.map((key) => sourceOf(key, feed, this.#placeOf))
    const numbers = keys.flatMap((key, index) => {
      const place = sources[index] as number
      return place < 0 ? [] : (toItemNumber({ key, place }, observation, cursor) ?? [])
    })
    return { numbers, carried: carriedBy(sources, observation, cursor) }
  }

  /** One for all that go the same ways: there are few, and what is not there takes no time to fetch. */
  #leavesOf(to: Sorted, { unit, source }: Observation): Leaves {
    const { leaves, telling, sender, feed, numbers, carried, attempts } = to
    const parts = [sender, ...leaves, ...telling, ...(attempts ? [attempts] : [])]
    const read = numbers.map(({ place, value }) => `${place} ${value}`)
    const text = JSON.stringify([feed, parts.map((part) => this.#numberOf(part)), read, carried])
    const known = this.#leaves.get(text)
    if (known) return known
    const tallies = leaves.map((leaf) => this.#tallyOf(leaf, feed, source.id))
    const made = {
      owner: this.#owner,
      ...{ sender, feed, tallies, numbers, carried, telling, attempts },
      isCounted: tallies.some(({ leaf }) => leaf.isCounted),
      // Of each attempt, others are told as well.
      isIdle: tallies.length === 0 && unit !== 'attempt',
      told: undefined,
      batch: 0,
      isPlain: false,
    }
    this.#leaves.set(text, made)
    return made
  }

  #numberOf(part: object): number {
    const known = this.#numbers.get(part)
    if (known !== undefined) return known
    this.#numbers.set(part, this.#numbers.size)
    return this.#numbers.size - 1
  }

  readonly #placeOf = (key: string): number => {
    const known = this.#places.get(key)
    if (known !== undefined) return known
    this.#places.set(key, this.#places.size)
    return this.#places.size - 1
  }

  #tallyOf(leaf: Leaf, feed: Feed, source: string): Tally {
    let bySource = this.#tallies.get(leaf)
    if (!bySource) {
      bySource = new Map()
      this.#tallies.set(leaf, bySource)
    }
    let tally = bySource.get(source)
    if (!tally) {
      tally = new Tally(
        leaf,
        leaf.numberKeys.map((key) => sourceOf(key, feed, this.#placeOf)),
      )
      bySource.set(source, tally)
      this.#tallyCount++
    }
    return tally
  }
}

function isSamePair(a: Generation | undefined, b: Generation | undefined): boolean {
  return a?.epoch === b?.epoch && a?.generation === b?.generation
}
