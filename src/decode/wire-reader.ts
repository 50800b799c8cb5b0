import { BadTelemetry } from './bad-telemetry.ts'

/** Reads one protobuf message's fields where they stand; nothing is copied but text. */
export interface WireReader {
  /** Moves to the next field; false at the end of the message. */
  next(): boolean
  /** Number × 8 + wire type of the field, as in `case 10:` for a length-delimited field 1. */
  readonly tag: number
  /** The value of a varint as an unsigned number, exact up to 2^53. */
  varint(): number
  /** The value of a varint as int64, exact within ±2^53. */
  int64(): number
  /** The value of a zigzag varint, exact within ±2^53. */
  sint64(): number
  double(): number
  /** The bits of a double: low and high word. A JavaScript number does not keep which NaN it is. */
  readonly bits: { readonly low: number; readonly high: number }
  text(): string
  /** A reader of the message in this field. Valid until the outer reader moves on. */
  message(): WireReader
  /** Numbers of a packed list, or the one of an unpacked element. */
  list(read: (one: WireReader) => number): number[]
}

/**
 * @param countMax elements that one `list` may have, at most
 * @throws BadTelemetry from every method, for bytes that are no message
 */
export function createWireReader(bytes: Uint8Array, countMax: number): WireReader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return new Reader(buffer, { from: 0, to: buffer.length, countMax })
}

/** For `list`: doubles, where every other reading takes varints. */
export const readDouble = (one: WireReader): number => one.double()

interface Range {
  readonly from: number
  readonly to: number
  readonly countMax: number
}

const LENGTH_DELIMITED = 2

// A class, because there is one per label of a series: closures would cost ten times as much.
class Reader implements WireReader {
  tag = 0
  readonly #buffer: Buffer
  readonly #to: number
  readonly #countMax: number
  /** Where the next field starts: the end of this one. */
  #at: number
  /** Where this field's value starts; of a length-delimited one, after its length. */
  #valueAt: number
  /** Where the varint that was read last ends. */
  #varintEnd = 0

  constructor(buffer: Buffer, { from, to, countMax }: Range) {
    this.#buffer = buffer
    this.#to = to
    this.#countMax = countMax
    this.#at = from
    this.#valueAt = from
  }

  next(): boolean {
    if (this.#at >= this.#to) return false
    this.tag = this.#varintAt(this.#at)
    this.#enter(this.#varintEnd, this.tag % 8)
    if (this.tag < 8) throw broken(this.#valueAt)
    return true
  }

  varint(): number {
    return this.#varintAt(this.#valueAt)
  }

  int64(): number {
    const value = this.varint()
    return value >= 2 ** 63 ? value - 2 ** 64 : value
  }

  sint64(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  double(): number {
    return this.#buffer.readDoubleLE(this.#valueAt)
  }

  get bits(): { readonly low: number; readonly high: number } {
    const buffer = this.#buffer
    return {
      low: buffer.readUInt32LE(this.#valueAt),
      high: buffer.readUInt32LE(this.#valueAt + 4),
    }
  }

  text(): string {
    return this.#buffer.toString('utf8', this.#valueAt, this.#at)
  }

  message(): WireReader {
    const range = { from: this.#valueAt, to: this.#at, countMax: this.#countMax }
    return new Reader(this.#buffer, range)
  }

  list(read: (one: WireReader) => number): number[] {
    if (this.tag % 8 !== LENGTH_DELIMITED) return [read(this)]
    const values: number[] = []
    const wire = read === readDouble ? 1 : 0
    const end = this.#at
    for (let one = this.#valueAt; one < end; one = this.#at) {
      this.#enter(one, wire)
      if (this.#at > end) throw broken(one)
      values.push(read(this))
      if (values.length > this.#countMax)
        throw new BadTelemetry(`a list of more than ${this.#countMax}`)
    }
    return values
  }

  #enter(from: number, wire: number): void {
    this.#valueAt = from
    if (wire === 0) {
      this.#varintAt(from)
      this.#at = this.#varintEnd
    } else if (wire === 1) this.#at = from + 8
    else if (wire === 5) this.#at = from + 4
    else if (wire === LENGTH_DELIMITED) {
      const length = this.#varintAt(from)
      this.#valueAt = this.#varintEnd
      this.#at = this.#valueAt + length
    } else throw broken(from)
    if (this.#at > this.#to) throw broken(from)
  }

  #varintAt(from: number): number {
    let value = 0
    for (let at = from, scale = 1; at < this.#to && at < from + 10; at++, scale *= 128) {
      const byte = this.#buffer[at] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        this.#varintEnd = at + 1
        return value
      }
    }
    throw broken(from)
  }
}

function broken(at: number): BadTelemetry {
  return new BadTelemetry(`not a protobuf message: broken field at byte ${at}`)
}
