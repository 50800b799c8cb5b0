import { TwoHashes } from '../lib/two-hashes.ts'
import type { PairList } from './pairs.ts'
import { BOOL, COMPLEX, DOUBLE, EMPTY, INT, TEXT } from './value-kinds.ts'
import type { Wire } from './wire.ts'

/** Which attributes count for whoever hashes them. */
export interface HashedNames {
  /** Whether the name of a span's last event counts where no event is an exception. */
  readonly readsEvent: boolean
  /**
   * Of an attribute of a span or its exception: above 0, it counts by its value; below, only by
   * whether it is there, and empty or not; 0, not at all. No two have the same number.
   */
  numberOf(attribute: string): number
}

/** Hashes of the attributes in one list that count, each worked out once as long as it repeats. */
export interface PairHashes {
  /** Undefined: none counts. */
  names: HashedNames | undefined
  /** Adds what the list holds now; in whichever order it came, it is the same. */
  addTo(hashes: TwoHashes, wire: Wire): void
}

/** Who hashes a list: each has its own place in what the list remembers. */
export type Hasher = 0 | 1
/** For rules. */
export const BY_TRAITS: Hasher = 0
/** For what routers' spans are. */
export const BY_ROUTED: Hasher = 1

export function createPairHashes(pairs: PairList, hasher: Hasher): PairHashes {
  return new Hashes(pairs, hasher)
}

class Hashes implements PairHashes {
  readonly #pairs: PairList
  readonly #lows: Int32Array
  readonly #highs: Int32Array
  readonly #own = new TwoHashes()
  readonly #hasher: Hasher
  readonly #bit: number
  #names: HashedNames | undefined

  constructor(pairs: PairList, hasher: Hasher) {
    this.#pairs = pairs
    this.#hasher = hasher
    this.#bit = 1 << hasher
    this.#lows = new Int32Array(pairs.kinds.length)
    this.#highs = new Int32Array(pairs.kinds.length)
  }

  get names(): HashedNames | undefined {
    return this.#names
  }

  set names(names: HashedNames | undefined) {
    this.#names = names
    const { hashed } = this.#pairs
    for (let place = 0; place < hashed.length; place++)
      hashed[place] = (hashed[place] as number) & ~this.#bit
  }

  addTo(hashes: TwoHashes, wire: Wire): void {
    const { hashed } = this.#pairs
    const plan = this.#plan()
    for (let i = 0; i < plan.length; i += 2) {
      const place = plan[i] as number
      if (((hashed[place] as number) & this.#bit) === 0)
        this.#hash(wire, place, plan[i + 1] as number)
      hashes.addTwo(this.#lows[place] as number, this.#highs[place] as number)
    }
    hashes.add(plan.length)
  }

  /** Places and numbers of what counts, by number. */
  #plan(): Int32Array {
    const facts = this.#pairs.facts()
    const names = this.#names
    if (names === undefined) return NO_PLAN
    const known = facts.plans[this.#hasher]
    if (known?.owner === names) return known.steps
    const counted = [...facts.places]
      .map(([name, place]) => ({ place, number: names.numberOf(name) }))
      .filter(({ number }) => number !== 0)
      .sort((a, b) => a.number - b.number)
    const steps = Int32Array.from(counted.flatMap(({ place, number }) => [place, number]))
    facts.plans[this.#hasher] = { owner: names, steps }
    return steps
  }

  #hash(wire: Wire, place: number, number: number): void {
    const own = this.#own
    own.start()
    own.add(number)
    if (number > 0 || this.#pairs.kinds[place] === COMPLEX) this.#addValue(wire, place)
    else own.add(this.#isEmpty(place) ? 1 : 0)
    this.#lows[place] = own.low
    this.#highs[place] = own.high
    const { hashed } = this.#pairs
    hashed[place] = (hashed[place] as number) | this.#bit
  }

  #isEmpty(place: number): boolean {
    const { kinds, froms, tos } = this.#pairs
    const isText = kinds[place] === TEXT
    return isText ? froms[place] === tos[place] : kinds[place] === EMPTY
  }

  #addValue({ view, bytes }: Wire, place: number): void {
    const { kinds, froms, tos } = this.#pairs
    const kind = kinds[place] as number
    const from = froms[place] as number
    const own = this.#own
    own.add(kind)
    if (kind === TEXT) own.addBytes(view, from, tos[place] as number)
    else if (kind === DOUBLE) own.addBytes(view, from, from + 8)
    else if (kind === COMPLEX) own.addBytes(view, from < 0 ? ~from : from, tos[place] as number)
    else if (kind === BOOL || kind === INT) {
      let to = from
      while ((bytes[to] as number) >= 0x80) to++
      own.addBytes(view, from, to + 1)
    }
  }
}

const NO_PLAN = new Int32Array(0)
