import type { Meanings } from '../config/meanings.ts'
import { TwoHashes } from '../lib/two-hashes.ts'
import type { FieldValue } from '../model/observation.ts'
import type { EventHashes } from './event-hashes.ts'
import { BY_ROUTED, createPairHashes, type HashedNames, type PairHashes } from './pair-hashes.ts'
import { readAttributeOf } from './pair-values.ts'
import type { PairList } from './pairs.ts'
import type { Privacy } from './privacy.ts'
import { REQUEST_END } from './request-end.ts'
import type { AlikeRouted, OwnWord, OwnWords, RoutedFacts } from './said.ts'
import type { KnownResource } from './scope-facts.ts'
import type { SpanScan } from './span-scan.ts'
import { createNumbers } from './trait-names.ts'
import type { Wire } from './wire.ts'

// Routers' spans come by thousands a second, and say the same by thousands: route, target, model,
// class, status. What those that say the same are is read from the first of them only. As for rules
// (`trait-book.ts`) they are told by a hash, here of all that `RoutedFacts` are read from.

export interface RoutedBook {
  /** A request begins. With another topology nothing of before is the same. */
  begin(topology: object): void
  /** Of a router's span that was just scanned and put into its table; undefined: nobody knows. */
  of(wire: Wire, scan: SpanScan, resource: Pick<KnownResource, 'serial'>): AlikeRouted | undefined
  /** What that span says for itself; undefined while nobody knows where it stands. */
  words(wire: Wire, alike: AlikeRouted | undefined): OwnWords | undefined
}

export interface RoutedBookOptions {
  readonly meanings: Meanings
  /** Lists through which spans and their events are read. */
  readonly pairs: PairList
  readonly eventHashes: EventHashes
  /** Counts nothing: what is withheld was counted when it was stored. */
  readonly privacy: Privacy
}

/** Then it starts anew: about 10 MB. */
export const ALIKE_MAX = 20_000

/** Meanings and attributes by which such spans are told apart. */
const VALUES = [
  ...(['route', 'target', 'generation', 'model', 'region', 'tenant', 'tier', 'class'] as const),
  ...['variant', 'images', 'signalbox.route', 'signalbox.target', 'signalbox.async'],
  ...['http.response.status_code', 'error.type', 'response_flags', 'exception.type'],
]
/** What each says for itself: where it stands is the same, not what it is. */
const OWN_WORDS = ['request_id', 'session', 'cost']

export function createRoutedBook(options: RoutedBookOptions): RoutedBook {
  return new Book(options)
}

class Alike implements AlikeRouted {
  facts: RoutedFacts | undefined = undefined
  /** The upper half of the hash, and others with the same lower half. */
  readonly high: number
  readonly next: Alike | undefined

  constructor(high: number, next: Alike | undefined) {
    this.high = high
    this.next = next
  }
}

class Book implements RoutedBook {
  readonly #eventHashes: EventHashes
  readonly #pairHashes: PairHashes
  readonly #hashes = new TwoHashes()
  readonly #source: Pick<RoutedBookOptions, 'pairs' | 'privacy'>
  #topology: object | undefined
  /** By the lower half of the hash. */
  #known = new Map<number, Alike>()
  #count = 0

  constructor({ meanings, pairs, eventHashes, privacy }: RoutedBookOptions) {
    this.#source = { pairs, privacy }
    const numberOf = createNumbers(VALUES, OWN_WORDS, meanings)
    const names: HashedNames = { readsEvent: false, numberOf }
    this.#pairHashes = createPairHashes(pairs, BY_ROUTED)
    this.#pairHashes.names = names
    this.#eventHashes = eventHashes
    this.#eventHashes.names = names
  }

  begin(topology: object): void {
    if (this.#topology !== topology) this.#forget()
    this.#topology = topology
  }

  of(wire: Wire, scan: SpanScan, { serial }: Pick<KnownResource, 'serial'>): Alike | undefined {
    // Of a resource too long to remember none would ever come again.
    if (serial === 0) return undefined
    const hashes = this.#hashes
    hashes.start()
    hashes.add(serial)
    hashes.add(scan.kind)
    hashes.add(scan.statusCode)
    hashes.add(isNamedEnd(wire, scan) ? 1 : 0)
    this.#pairHashes.addTo(hashes, wire)
    if (scan.events.length > 0) this.#eventHashes.addTo(hashes)
    const { low, high } = hashes
    const first = this.#known.get(low)
    let found = first
    while (found !== undefined && found.high !== high) found = found.next
    return found ?? this.#add(low, high)
  }

  words(wire: Wire, alike: AlikeRouted | undefined): OwnWords | undefined {
    const facts = alike?.facts
    if (facts === undefined) return undefined
    return {
      requestId: this.#read(wire, facts.requestId),
      session: this.#read(wire, facts.session),
      cost: this.#read(wire, facts.cost),
    }
  }

  #read(wire: Wire, { key, value }: OwnWord): FieldValue | undefined {
    if (key === undefined) return value
    return readAttributeOf(wire, this.#source, key)
  }

  #add(low: number, high: number): Alike {
    if (this.#count >= ALIKE_MAX) this.#forget()
    const alike = new Alike(high, this.#known.get(low))
    this.#known.set(low, alike)
    this.#count++
    return alike
  }

  #forget(): void {
    this.#known = new Map()
    this.#count = 0
  }
}

function isNamedEnd({ bytes }: Wire, { nameFrom, nameTo }: SpanScan): boolean {
  if (nameTo - nameFrom !== REQUEST_END.length) return false
  return bytes.toString('utf8', nameFrom, nameTo) === REQUEST_END
}
