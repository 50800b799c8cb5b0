import type { Meanings } from '../config/meanings.ts'
import { TwoHashes } from '../lib/two-hashes.ts'
import type { Source } from '../model/observation.ts'
import type { EventHashes } from './event-hashes.ts'
import { BY_TRAITS, createPairHashes } from './pair-hashes.ts'
import type { PairList } from './pairs.ts'
import type { KnownResource } from './scope-facts.ts'
import type { SpanScan } from './span-scan.ts'
import { createTraitNames } from './trait-names.ts'
import { Traits, type TraitsGiven } from './traits.ts'
import type { Wire } from './wire.ts'

// The traits of the spans that rules look at, found by a hash of everything that rules may tell a span
// by. They come by thousands a second and are alike by thousands, so that telling by a hash costs a
// tenth of reading even two fields.

export interface TraitBook {
  /**
   * A request begins. With other keys than before, or another topology, which roles depend on, no
   * traits of before come again.
   */
  begin(asked: TraitsAsked): void
  /** Of the span that was just scanned and put into its table. */
  of(wire: Wire, scan: SpanScan, sender: TraitSender): Traits | undefined
}

interface TraitsAsked {
  /** Every key that a rule may read of spans, attempts or requests. */
  readonly keys: readonly string[]
  readonly topology: object
}

interface TraitSender {
  readonly resource: Pick<KnownResource, 'serial'>
  /** As whom its observations will name it. */
  readonly heardAs: Source
}

export interface TraitBookOptions {
  readonly meanings: Meanings
  /** Lists through which spans and their events are read. */
  readonly pairs: PairList
  readonly eventHashes: EventHashes
}

/** Then it starts anew: about 20 MB, when all were asked everything. */
const TRAITS_MAX = 20_000
const COMPONENTS = ['router', 'worker', 'autoscaler', 'other'] as const

export function createTraitBook(options: TraitBookOptions): TraitBook {
  return new Book(options)
}

class Book implements TraitBook {
  readonly #meanings: Meanings
  readonly #eventHashes: EventHashes
  readonly #pairHashes: ReturnType<typeof createPairHashes>
  readonly #hashes = new TwoHashes()
  #asked: TraitsAsked | undefined
  #given: TraitsGiven | undefined
  /** By the lower half of the hash. */
  #known = new Map<number, Traits>()
  #last: Traits | undefined
  #lastLow = 0

  constructor({ meanings, pairs, eventHashes }: TraitBookOptions) {
    this.#meanings = meanings
    this.#eventHashes = eventHashes
    this.#pairHashes = createPairHashes(pairs, BY_TRAITS)
  }

  begin({ keys, topology }: TraitsAsked): void {
    const before = this.#asked
    if (before?.keys === keys && before.topology === topology) return
    this.#asked = { keys, topology }
    const names = createTraitNames(keys, this.#meanings)
    this.#given = { names, room: { left: TRAITS_MAX } }
    this.#pairHashes.names = names
    this.#eventHashes.names = names
    this.#forget()
  }

  of(wire: Wire, scan: SpanScan, sender: TraitSender): Traits | undefined {
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

  #hash(wire: Wire, scan: SpanScan, names: TraitsGiven['names']): void {
    const hashes = this.#hashes
    hashes.start()
    hashes.add(scan.kind)
    hashes.add(scan.statusCode)
    const hasMessage = scan.messageTo > scan.messageFrom
    hashes.add((hasMessage ? 1 : 0) | (scan.traceIdAt >= 0 ? 2 : 0))
    if (names.readsName) hashes.addBytes(wire.view, scan.nameFrom, scan.nameTo)
    this.#pairHashes.addTo(hashes, wire)
    if (scan.events.length > 0) this.#eventHashes.addTo(hashes)
  }

  #forget(): void {
    this.#known = new Map()
    this.#last = undefined
    if (this.#given) this.#given.room.left = TRAITS_MAX
  }
}
