import type { Interner } from '../lib/interner.ts'
import type { Shape, ShapeFacts, Shapes } from './attribute-shapes.ts'
import { BOOL, COMPLEX, DOUBLE, EMPTY, INT, TEXT } from './value-kinds.ts'
import { BYTES, FIXED64, VARINT, type Wire } from './wire.ts'

// The attributes of the item that is being read: where each value stands in the request's bytes. One
// list serves all items, one after the other, so that reading an item makes no object.

export const PAIRS_MAX = 1_000
export const KEY_BYTES_MAX = 1_024
/** No message is so long. */
const NEVER = -1

export interface PairList {
  readonly count: number
  /** By place: what the value is, and its bytes (of a text without its length). */
  readonly kinds: Uint8Array
  readonly froms: Int32Array
  readonly tos: Int32Array
  /** More than 1,000 pairs, or a key of more than 1,024 bytes. */
  readonly isOverLimit: boolean
  /** Forgets the last item's. */
  start(): void
  /** Reads the `KeyValue` message from where the wire is, up to `end`. */
  read(wire: Wire, end: number): void
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
  isOverLimit = false
  readonly kinds = new Uint8Array(PAIRS_MAX)
  readonly froms = new Int32Array(PAIRS_MAX)
  readonly tos = new Int32Array(PAIRS_MAX)
  readonly #shapes: Shapes
  readonly #interner: Interner
  #shape: Shape
  /** By place, of the last item that had one there: its message, and the shapes around it. */
  readonly #starts = new Int32Array(PAIRS_MAX)
  readonly #lengths = new Int32Array(PAIRS_MAX)
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
    this.isOverLimit = false
    // Numbers of keys must hold for the whole item.
    this.#interner.makeRoom(PAIRS_MAX, PAIRS_MAX * KEY_BYTES_MAX)
    this.#shape = this.#shapes.root()
  }

  facts(): ShapeFacts {
    return this.#shapes.facts(this.#shape)
  }

  read(wire: Wire, end: number): void {
    if (this.#isAgain(wire, end)) return
    const start = wire.at
    const place = this.count
    const before = this.#shape
    // What the last item had here is overwritten, whether or not this one is added.
    this.#lengths[place] = NEVER
    this.#readMessage(wire, end)
    if (this.count === place) return
    this.#starts[place] = start
    this.#lengths[place] = end - start
    this.#before[place] = before
    this.#after[place] = this.#shape
  }

  /**
   * Whether the pair is, byte for byte, the one that the item before had in this place: then nothing
   * is read, only moved. Nine of ten are.
   */
  #isAgain(wire: Wire, end: number): boolean {
    if (wire.bytes !== this.#bytes) {
      this.#bytes = wire.bytes
      this.#before.length = this.#after.length = 0
      return false
    }
    const place = this.count
    const at = wire.at
    if (place >= this.#before.length || this.#before[place] !== this.#shape) return false
    if (this.isOverLimit) return false
    const start = this.#starts[place] as number
    if (this.#lengths[place] !== end - at || !isRepeated(wire, start, end)) return false
    const step = at - start
    const from = this.froms[place] as number
    this.froms[place] = from < 0 ? from - step : from + step
    this.tos[place] = (this.tos[place] as number) + step
    this.#starts[place] = at
    this.#shape = this.#after[place] as Shape
    this.count = place + 1
    wire.at = end
    return true
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

/**
 * Whether what stands from the wire to `end` stands from `start` too. Eight bytes at once, as what
 * they would be as a double: two equal ones that are not 0 have the same bytes, and what is no number
 * equals nothing, not even itself, so that it is read instead.
 */
function isRepeated({ view, at }: Wire, start: number, end: number): boolean {
  const step = start - at
  let i = at
  for (; i + 8 <= end; i += 8) {
    const own = view.getFloat64(i, true)
    if (own !== view.getFloat64(i + step, true) || own === 0) break
  }
  for (; i + 4 <= end; i += 4)
    if (view.getInt32(i, true) !== view.getInt32(i + step, true)) return false
  for (; i < end; i++) if (view.getUint8(i) !== view.getUint8(i + step)) return false
  return true
}
