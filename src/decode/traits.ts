import type { Traits as Alike, FieldValue, Source } from '../model/observation.ts'
import type { ServedKey, TraitNames } from './trait-names.ts'

/** What all traits of a book share. */
export interface TraitsGiven {
  readonly names: TraitNames
  /** How many more there may be until it starts anew. */
  readonly room: { left: number }
}

/** Whoever has the traits, and reads what is not known of them yet. */
export interface TraitReader {
  read(key: string): FieldValue | undefined
}

type Served = 'attempt' | 'request'

/** Traits of the attempts or requests of alike spans that turned out alike. */
interface ServedTraits extends Alike {
  readonly unit: Served
  /** By the names' `served` keys. */
  readonly values: readonly (FieldValue | undefined)[]
}

/** Generations come and go: the oldest of more than these are forgotten. */
const SERVED_MAX = 64

/**
 * What many spans have in common, for rules: see `Observation.traits`. What they answer alike is
 * remembered here, so that it is read from the first of them only.
 */
export class Traits implements Alike {
  note: unknown
  readonly source: Source
  /** The upper half of the hash, and others with the same lower half. */
  readonly high: number
  readonly next: Traits | undefined
  readonly #given: TraitsGiven
  // Made when they are needed: where spans are hardly ever alike, nothing is to be kept of each.
  #known: Map<string, FieldValue | undefined> | undefined
  #served: ServedTraits[] | undefined
  #lastAttempt: ServedTraits | undefined
  #lastRequest: ServedTraits | undefined

  constructor(
    given: TraitsGiven,
    source: Source,
    same: { high: number; next: Traits | undefined },
  ) {
    this.#given = given
    this.source = source
    this.high = same.high
    this.next = same.next
    given.room.left--
  }

  /** What a key answers, of `reader` or any other span with these traits. */
  field(key: string, reader: TraitReader): FieldValue | undefined {
    if (!this.#given.names.fixed.has(key)) return reader.read(key)
    this.#known ??= new Map()
    const known = this.#known.get(key)
    if (known !== undefined || this.#known.has(key)) return known
    const value = reader.read(key)
    this.#known.set(key, value)
    return value
  }

  /**
   * Of the attempt, or the request, that such a span is: `reader` reads what it says itself, where the
   * span's word does not count. Undefined when there is no room for more.
   */
  ofServed(unit: Served, reader: TraitReader): Alike | undefined {
    const before = unit === 'attempt' ? this.#lastAttempt : this.#lastRequest
    // Mostly it is the same as the last one.
    if (before !== undefined && this.#isAlike(before, reader)) return before
    const found = this.#served?.find((one) => one.unit === unit && this.#isAlike(one, reader))
    const last = found ?? this.#addServed(unit, reader)
    if (unit === 'attempt') this.#lastAttempt = last
    else this.#lastRequest = last
    return last
  }

  #isAlike({ values }: ServedTraits, reader: TraitReader): boolean {
    const { served } = this.#given.names
    for (let i = 0; i < served.length; i++)
      if (toldBy(served[i] as ServedKey, reader) !== values[i]) return false
    return true
  }

  #addServed(unit: Served, reader: TraitReader): ServedTraits | undefined {
    const { names, room } = this.#given
    if (room.left <= 0) return undefined
    room.left--
    this.#served ??= []
    if (this.#served.length === SERVED_MAX) this.#served.shift()
    const values = names.served.map((key) => toldBy(key, reader))
    const found = { unit, values, note: undefined }
    this.#served.push(found)
    return found
  }
}

/** By what they are told apart: of what varies, only by whether it is there. */
function toldBy({ key, isFixed }: ServedKey, reader: TraitReader): FieldValue | undefined {
  const value = reader.read(key)
  return isFixed ? value : value !== undefined
}
