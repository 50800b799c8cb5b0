import { TwoHashes } from '../lib/two-hashes.ts'
import type { PairList } from './pairs.ts'
import type { TraitNames } from './trait-names.ts'
import { BOOL, COMPLEX, DOUBLE, EMPTY, INT, TEXT } from './value-kinds.ts'
import type { Wire } from './wire.ts'

/** Hashes of the attributes in one list that rules read, each worked out once as long as it repeats. */
export interface PairHashes {
  /** Undefined: none counts. */
  names: TraitNames | undefined
  /** Adds what the list holds now; in whichever order it came, it is the same. */
  addTo(hashes: TwoHashes, wire: Wire): void
}

export function createPairHashes(pairs: PairList): PairHashes {
  return new Hashes(pairs)
}

class Hashes implements PairHashes {
  readonly #pairs: PairList
  readonly #lows: Int32Array
  readonly #highs: Int32Array
  readonly #own = new TwoHashes()
  #names: TraitNames | undefined

  constructor(pairs: PairList) {
    this.#pairs = pairs
    this.#lows = new Int32Array(pairs.kinds.length)
    this.#highs = new Int32Array(pairs.kinds.length)
  }

  get names(): TraitNames | undefined {
    return this.#names
  }

  set names(names: TraitNames | undefined) {
    this.#names = names
    this.#pairs.hashed.fill(0)
  }

  addTo(hashes: TwoHashes, wire: Wire): void {
    const { hashed } = this.#pairs
    const plan = this.#plan()
    for (let i = 0; i < plan.length; i += 2) {
      const place = plan[i] as number
      if (hashed[place] === 0) this.#hash(wire, place, plan[i + 1] as number)
      hashes.addTwo(this.#lows[place] as number, this.#highs[place] as number)
    }
    hashes.add(plan.length)
  }

  /** Places and numbers of what counts, by number. */
  #plan(): Int32Array {
    const facts = this.#pairs.facts()
    const names = this.#names
    if (names === undefined) return NO_PLAN
    if (facts.plan?.owner === names) return facts.plan.steps
    const counted = [...facts.places]
      .map(([name, place]) => ({ place, number: names.numberOf(name) }))
      .filter(({ number }) => number !== 0)
      .sort((a, b) => a.number - b.number)
    const steps = Int32Array.from(counted.flatMap(({ place, number }) => [place, number]))
    facts.plan = { owner: names, steps }
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
    this.#pairs.hashed[place] = 1
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
