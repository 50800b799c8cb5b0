import type { Meanings } from '../config/meanings.ts'
import { TwoHashes } from '../lib/two-hashes.ts'
import type { Source } from '../model/observation.ts'
import { BY_TRAITS, createPairHashes } from './pair-hashes.ts'
import type { PairList } from './pairs.ts'
import type { KnownResource } from './scope-facts.ts'
import { createTraitNames, type TraitNames } from './trait-names.ts'
import { Traits, type TraitsGiven } from './traits.ts'
import type { Wire } from './wire.ts'

// The traits of the items that rules look at, found by a hash of everything that rules may tell one by.
// They come by thousands a second and are alike by thousands, so that telling by a hash costs a tenth of
// reading even two fields.

export interface TraitBook<Scan> {
  /**
   * A request begins. With other keys than before, or another topology, which roles depend on, no
   * traits of before come again.
   */
  begin(asked: TraitsAsked): void
  /** Of the item that was just scanned and put into its table. */
  of(wire: Wire, scan: Scan, sender: TraitSender): Traits | undefined
}

interface TraitsAsked {
  /** Every key that a rule may read of such items. */
  readonly keys: readonly string[]
  readonly topology: object
}

interface TraitSender {
  readonly resource: Pick<KnownResource, 'serial'>
  /** As whom its observations will name it. */
  readonly heardAs: Source
}

export interface TraitBookOptions<Scan> {
  readonly meanings: Meanings
  /** The list through which items are read. */
  readonly pairs: PairList
  /** Attributes that count beside those by which the keys are found. */
  also?(keys: readonly string[]): readonly string[]
  /** From now on, these attributes count. */
  begin?(names: TraitNames): void
  /** Adds what tells items apart and is no attribute of theirs. */
  add(hashes: TwoHashes, item: TraitItem<Scan>): void
}

export interface TraitItem<Scan> {
  wire: Wire
  scan: Scan
  names: TraitNames
}

/** Then it starts anew: about 20 MB, when all were asked everything. */
const TRAITS_MAX = 20_000
const COMPONENTS = ['router', 'worker', 'autoscaler', 'other'] as const

export function createTraitBook<Scan>(options: TraitBookOptions<Scan>): TraitBook<Scan> {
  return new Book(options)
}

class Book<Scan> implements TraitBook<Scan> {
  readonly #options: TraitBookOptions<Scan>
  readonly #pairHashes: ReturnType<typeof createPairHashes>
  readonly #hashes = new TwoHashes()
  /** One for all. */
  #item: TraitItem<Scan> | undefined
  #asked: TraitsAsked | undefined
  #given: TraitsGiven | undefined
  /** By the lower half of the hash. */
  #known = new Map<number, Traits>()
  #last: Traits | undefined
  #lastLow = 0

  constructor(options: TraitBookOptions<Scan>) {
    this.#options = options
    this.#pairHashes = createPairHashes(options.pairs, BY_TRAITS)
  }

  begin({ keys, topology }: TraitsAsked): void {
    const before = this.#asked
    if (before?.keys === keys && before.topology === topology) return
    this.#asked = { keys, topology }
    const { meanings, also, begin } = this.#options
    const names = createTraitNames(keys, { meanings, also: also?.(keys) ?? [] })
    this.#given = { names, room: { left: TRAITS_MAX } }
    this.#pairHashes.names = names
    this.#item = undefined
    begin?.(names)
    this.#forget()
  }

  of(wire: Wire, scan: Scan, sender: TraitSender): Traits | undefined {
    const given = this.#given
    // Of a resource too long to remember none would ever come again.
    if (given === undefined || sender.resource.serial === 0) return undefined
    this.#hash(wire, scan, given.names)
    const hashes = this.#hashes
    hashes.add(sender.resource.serial)
    hashes.add(COMPONENTS.indexOf(sender.heardAs.component))
    const { low, high } = hashes
    if (this.#lastLow === low && this.#last?.high === high) return this.#last
    const found = this.#find(low, high) ?? this.#add(given, sender.heardAs, hashes)
    this.#last = found
    this.#lastLow = low
    return found
  }

  #find(low: number, high: number): Traits | undefined {
    let found = this.#known.get(low)
    while (found !== undefined && found.high !== high) found = found.next
    return found
  }

  #add(given: TraitsGiven, source: Source, { low, high }: TwoHashes): Traits {
    if (given.room.left <= 0) this.#forget()
    const traits = new Traits(given, source, { high, next: this.#known.get(low) })
    this.#known.set(low, traits)
    return traits
  }

  #hash(wire: Wire, scan: Scan, names: TraitNames): void {
    const hashes = this.#hashes
    this.#item ??= { wire, scan, names }
    const item = this.#item
    item.wire = wire
    item.scan = scan
    hashes.start()
    this.#options.add(hashes, item)
    this.#pairHashes.addTo(hashes, wire)
  }

  #forget(): void {
    this.#known = new Map()
    this.#last = undefined
    if (this.#given) this.#given.room.left = TRAITS_MAX
  }
}
