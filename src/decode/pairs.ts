import type { Interner } from '../lib/interner.ts'
import type { Shape, ShapeFacts, Shapes } from './attribute-shapes.ts'
import { countRepeated } from './repeated-bytes.ts'
import { BOOL, COMPLEX, DOUBLE, EMPTY, INT, TEXT } from './value-kinds.ts'
import { BYTES, FIXED64, VARINT, type Wire } from './wire.ts'

// The attributes of the item that is being read: where each value stands in the request's bytes. One
// list serves all items, one after the other, so that reading an item makes no object.

export const PAIRS_MAX = 1_000
export const KEY_BYTES_MAX = 1_024
/** No body is so long. */
const NEVER = 0x3fffffff

export interface PairList {
  readonly count: number
  /** By place: what the value is, and its bytes (of a text without its length). */
  readonly kinds: Uint8Array
  readonly froms: Int32Array
  readonly tos: Int32Array
  /** By place: 1 when the pair is, byte for byte, the one that the item before had there. */
  readonly again: Uint8Array
  /** By place: a bit for each that has hashed this pair; see `pair-hashes.ts`. */
  readonly hashed: Uint8Array
  /** Of the item: grows by one with each. */
  readonly serial: number
  /** More than 1,000 pairs, or a key of more than 1,024 bytes. */
  readonly isOverLimit: boolean
  /** Forgets the last item's. */
  start(): void
  /**
   * Reads the `KeyValue` field whose `tag` was just read, and those behind it that stand as the item
   * before had them, within the message that ends at `end`.
   */
  read(wire: Wire, tag: number, end: number): void
  facts(): ShapeFacts
}

export function createPairList(options: {
  readonly shapes: Shapes
  readonly interner: Interner
}): PairList {
  return new Pairs(options.shapes, options.interner)
}

class Pairs implements PairList {
  count = 0
  serial = 0
  isOverLimit = false
  readonly kinds = new Uint8Array(PAIRS_MAX)
  readonly froms = new Int32Array(PAIRS_MAX)
  readonly tos = new Int32Array(PAIRS_MAX)
  readonly again = new Uint8Array(PAIRS_MAX)
  readonly hashed = new Uint8Array(PAIRS_MAX)
  readonly #shapes: Shapes
  readonly #interner: Interner
  #shape: Shape
  /** By place, of the last item that had one there: its length and its end, and the shapes around. */
  readonly #lengthAts = new Int32Array(PAIRS_MAX)
  readonly #ends = new Int32Array(PAIRS_MAX)
  readonly #before: Shape[] = []
  readonly #after: Shape[] = []
  #bytes: Uint8Array | undefined

  constructor(shapes: Shapes, interner: Interner) {
    this.#shapes = shapes
    this.#interner = interner
    this.#shape = shapes.root()
  }

  start(): void {
    this.count = 0
    this.serial++
    this.isOverLimit = false
    // Numbers of keys must hold for the whole item.
    this.#interner.makeRoom(PAIRS_MAX, PAIRS_MAX * KEY_BYTES_MAX)
    this.#shape = this.#shapes.root()
  }

  facts(): ShapeFacts {
    return this.#shapes.facts(this.#shape)
  }

  read(wire: Wire, tag: number, end: number): void {
    if (this.#readAgain(wire, tag, end)) return
    const lengthAt = wire.at
    const to = wire.lengthEnd(end)
    const place = this.count
    const before = this.#shape
    // What the last item had here is overwritten, whether or not this one is added.
    this.#ends[place] = NEVER
    this.again[place] = 0
    this.hashed[place] = 0
    this.#readMessage(wire, to)
    if (this.count === place) return
    this.#lengthAts[place] = lengthAt
    this.#ends[place] = to
    this.#before[place] = before
    this.#after[place] = this.#shape
  }

  /**
   * Steps over the pairs that are, byte for byte, those that the item before had in their places:
   * then nothing is read, only moved. Nine of ten are, and mostly several in a row, so that their
   * bytes are compared in one go. False when already the first one differs.
   */
  #readAgain(wire: Wire, tag: number, end: number): boolean {
    // Each body is an object of its own, also in memory that another had before.
    if (wire.bytes !== this.#bytes) {
      this.#bytes = wire.bytes
      this.#before.length = this.#after.length = 0
      return false
    }
    if (this.isOverLimit || !this.#isKnown(this.count)) return false
    const { bytes, at } = wire
    const step = at - (this.#lengthAts[this.count] as number)
    // An item that was read before, read again: what it is compared with stands behind it.
    if (step <= 0) return false
    const sameTo = at + countRepeated(wire, step, end)
    let to = (this.#ends[this.count] as number) + step
    if (to > sameTo) return false
    do {
      wire.at = to
      this.#move(this.count++, step)
      if (to + 1 >= sameTo || bytes[to] !== tag || !this.#isKnown(this.count)) break
      if ((this.#lengthAts[this.count] as number) + step !== to + 1) break
      to = (this.#ends[this.count] as number) + step
    } while (to <= sameTo)
    return true
  }

  /** Whether an item before had a pair in this place, after the same keys. */
  #isKnown(place: number): boolean {
    return place < this.#before.length && this.#before[place] === this.#shape
  }

  #move(place: number, step: number): void {
    const from = this.froms[place] as number
    this.froms[place] = from < 0 ? from - step : from + step
    this.tos[place] = (this.tos[place] as number) + step
    this.#lengthAts[place] = (this.#lengthAts[place] as number) + step
    this.#ends[place] = (this.#ends[place] as number) + step
    this.again[place] = 1
    this.#shape = this.#after[place] as Shape
  }

  #readMessage(wire: Wire, end: number): void {
    const { bytes } = wire
    const start = wire.at
    let keyFrom = 0
    let keyTo = 0
    let valueCount = 0
    const place = this.count
    this.#setEmpty(place)
    while (wire.at < end) {
      let tag = bytes[wire.at] as number
      if (tag < 0x80) wire.at++
      else tag = wire.tag(end)
      if (tag === 1 * 8 + BYTES) {
        keyTo = wire.lengthEnd(end)
        keyFrom = wire.at
        wire.at = keyTo
      } else if (tag === 2 * 8 + BYTES) {
        valueCount++
        this.#readValue(wire, wire.lengthEnd(end))
      } else wire.skip(tag, end)
    }
    if (valueCount > 1) this.#setPieces(start, end)
    this.#add(wire, keyFrom, keyTo)
  }

  /** A value in pieces: the whole pair is read again when it is asked for. */
  #setPieces(start: number, end: number): void {
    const place = this.count
    if (place >= PAIRS_MAX) return
    this.kinds[place] = COMPLEX
    this.froms[place] = ~start
    this.tos[place] = end
  }

  #setEmpty(place: number): void {
    if (place < PAIRS_MAX) this.kinds[place] = EMPTY
    else this.isOverLimit = true
  }

  #add(wire: Wire, from: number, to: number): void {
    if (to - from > KEY_BYTES_MAX) this.isOverLimit = true
    if (this.isOverLimit) return
    this.count++
    const { next } = this.#shape
    const interner = this.#interner
    const isExpected =
      next !== undefined &&
      interner.lengthOf(next.keyId) === to - from &&
      interner.isAt(next.keyId, wire, from)
    this.#shape = isExpected ? next : this.#shapes.after(this.#shape, interner.idOf(wire, from, to))
  }

  #readValue(wire: Wire, end: number): void {
    const place = this.count
    const start = wire.at
    if (place >= PAIRS_MAX) {
      wire.at = end
      return
    }
    const kind = start === end ? EMPTY : this.#readPlain(wire, end)
    this.kinds[place] = wire.at === end ? kind : COMPLEX
    if (this.kinds[place] === COMPLEX) {
      this.froms[place] = start
      this.tos[place] = end
    }
    wire.at = end
  }

  /** The one field that a plain value has. What follows it, if anything, is for the slow reader. */
  #readPlain(wire: Wire, end: number): number {
    const place = this.count
    switch (wire.bytes[wire.at++]) {
      case 1 * 8 + BYTES:
        this.tos[place] = wire.lengthEnd(end)
        this.froms[place] = wire.at
        wire.at = this.tos[place] as number
        return TEXT
      case 2 * 8 + VARINT:
        this.froms[place] = wire.at
        wire.varint(end)
        return BOOL
      case 3 * 8 + VARINT:
        this.froms[place] = wire.at
        wire.varint(end)
        return INT
      case 4 * 8 + FIXED64:
        this.froms[place] = wire.take(8, end)
        return DOUBLE
      default:
        // Not at the end, whatever it was.
        wire.at = -1
        return COMPLEX
    }
  }
}
