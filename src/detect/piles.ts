import type { KeyBatch } from '../lib/recent-keys.ts'
import { type Observation, VARYING_KEYS } from '../model/observation.ts'
import type { Item } from './kind.ts'
import { numberOf, toNumber } from './number-of.ts'
import type { Pile } from './pile.ts'

// A batch by what sorting found: items that go the same ways lie on one pile, and what is to be asked or
// added once for all of them is. In columns, so that what is done for each is a walk through arrays.

/** So many items of a batch at once. */
export const PILED_MAX = 4_096

/** What a pile is known by. */
export interface Piled {
  /** The pile that such items lie on, of the round in which they were last piled. */
  pile: number
  round: number
}

/** What an item is put down with. */
export interface PiledKey {
  /** For counting it once; NaN where that does not matter. */
  identity: number
  flag: number
  /** Guarded event time. */
  atUnixMs: number
}

export class Piles<Kind extends Piled> {
  /** By pile. */
  readonly #kinds: Kind[] = []
  readonly #ends = new Int32Array(PILED_MAX + 1)
  /** By item, as they came. */
  readonly #items: (Observation | undefined)[] = new Array(PILED_MAX).fill(undefined)
  readonly #pileOf = new Int32Array(PILED_MAX)
  readonly #atUnixMs = new Float64Array(PILED_MAX)
  readonly #order = new Int32Array(PILED_MAX)
  readonly #keys = {
    length: 0,
    identities: new Float64Array(PILED_MAX),
    flags: new Uint8Array(PILED_MAX),
    isNew: new Uint8Array(PILED_MAX),
  }
  readonly #pile = new PileOfItems()
  #round = 0

  get isFull(): boolean {
    return this.#keys.length === PILED_MAX
  }

  /** Leaves nothing of a batch that was not taken to its end. */
  begin(): void {
    this.#items.fill(undefined, 0, this.#keys.length)
    this.#kinds.length = 0
    this.#keys.length = 0
    this.#round++
  }

  /** By item, as they came: to be answered before they are taken. */
  get keys(): KeyBatch {
    return this.#keys
  }

  /** Whether there is none of such items yet. */
  isFirst(kind: Kind): boolean {
    return kind.round !== this.#round
  }

  put(kind: Kind, observation: Observation, key: PiledKey): void {
    if (kind.round !== this.#round) this.#begin(kind)
    const keys = this.#keys
    const at = keys.length++
    keys.identities[at] = key.identity
    keys.flags[at] = key.flag
    this.#items[at] = observation
    this.#atUnixMs[at] = key.atUnixMs
    this.#pileOf[at] = kind.pile
    const end = kind.pile + 1
    this.#ends[end] = (this.#ends[end] as number) + 1
  }

  #begin(kind: Kind): void {
    kind.round = this.#round
    kind.pile = this.#kinds.length
    this.#kinds.push(kind)
    this.#ends[this.#kinds.length] = 0
  }

  /**
   * Hands over pile by pile, in the order of their first items, and begins anew.
   * @param again told of each whose key is not new: it lies on no pile
   */
  take(
    again: (kind: Kind, observation: Observation, atUnixMs: number) => void,
    run: (kind: Kind, pile: Pile) => void,
  ): void {
    const { isNew } = this.#keys
    this.#sort()
    const pile = this.#pile
    const count = this.#kinds.length
    for (let number = 0; number < count; number++) {
      const kind = this.#kinds[number] as Kind
      pile.clear()
      const end = this.#ends[number + 1] as number
      for (let place = this.#ends[number] as number; place < end; place++) {
        const at = this.#order[place] as number
        const observation = this.#items[at] as Observation
        const atUnixMs = this.#atUnixMs[at] as number
        if (isNew[at] === 1) pile.push(observation, atUnixMs)
        else again(kind, observation, atUnixMs)
      }
      if (pile.length > 0) run(kind, pile)
    }
    pile.items.fill(undefined as never, 0, Math.min(this.#keys.length, pile.items.length))
    this.begin()
  }

  /** By counting: after it, `ends` are where piles end. */
  #sort(): void {
    const ends = this.#ends
    const count = this.#kinds.length
    let from = 0
    for (let pile = 0; pile < count; pile++) {
      const length = ends[pile + 1] as number
      ends[pile + 1] = from
      from += length
    }
    ends[0] = 0
    for (let at = 0; at < this.#keys.length; at++) {
      const end = (this.#pileOf[at] as number) + 1
      this.#order[ends[end] as number] = at
      ends[end] = (ends[end] as number) + 1
    }
  }
}

const KEYS_MAX = 64

function tookMs({ atUnixMs, startUnixMs }: Observation): number {
  return Math.max(0, atUnixMs - startUnixMs)
}

function numberIn(one: Observation, key: string): number {
  return toNumber(one.ask ? one.ask(key) : one.field(key)) ?? Number.NaN
}

class PileOfItems implements Pile {
  length = 0
  readonly items: Observation[] = []
  readonly atUnixMs = new Float64Array(PILED_MAX)
  readonly weights = new Float64Array(PILED_MAX)
  readonly counts = new Float64Array(PILED_MAX)

  readonly #numbers = new Map<string, { readonly values: Float64Array; ofPile: number }>()
  /** Counts the piles. */
  #pile = 0

  push(observation: Observation, atUnixMs: number): void {
    const at = this.length++
    this.items[at] = observation
    this.atUnixMs[at] = atUnixMs
    this.weights[at] = observation.weight
    this.counts[at] = observation.count ?? 1
  }

  clear(): void {
    this.length = 0
    this.#pile++
  }

  /** Of `VARYING_KEYS` they carry the same ones; what else is a number is the same of all. */
  numbers(key: string, first: () => Item): Float64Array {
    let numbers = this.#numbers.get(key)
    if (!numbers) {
      // A rule set names few; when rules change, others may take their place.
      if (this.#numbers.size >= KEYS_MAX) this.#numbers.clear()
      numbers = { values: new Float64Array(PILED_MAX), ofPile: 0 }
      this.#numbers.set(key, numbers)
    }
    if (numbers.ofPile !== this.#pile) this.#read(key, numbers.values, first)
    numbers.ofPile = this.#pile
    return numbers.values
  }

  #read(key: string, values: Float64Array, first: () => Item): void {
    const { items, length } = this
    if (key === 'duration')
      for (let at = 0; at < length; at++) values[at] = tookMs(items[at] as Observation)
    else if (VARYING_KEYS.has(key) && items[0]?.field(key) !== undefined)
      for (let at = 0; at < length; at++) values[at] = numberIn(items[at] as Observation, key)
    else values.fill(numberOf(first(), key) ?? Number.NaN, 0, length)
  }
}
