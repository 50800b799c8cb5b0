import { type ByteSource, viewOf } from '../lib/growing-bytes.ts'
import { BadTelemetry } from './bad-telemetry.ts'

// The primitives of protobuf on the wire, over one request's bytes. Every read is checked against
// the end of the message that it belongs to, so that no length can lead anywhere else. Lengths of up
// to two bytes, nearly all, are worked out in small integers: a number that engines take for a double
// is an object wherever it goes, and places in the bytes go everywhere.

/** Wire types. */
export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5
const GROUP_START = 3
const GROUP_END = 4

const GROUPS_MAX = 100
/** Of a tag or a length. */
const SHORT_BYTES_MAX = 5
const LONG_BYTES_MAX = 10
const TAG_MAX = 0xffffffff
const LENGTH_MAX = 0x3fffffff

export interface Wire extends ByteSource {
  /** Where it reads next. */
  at: number
  /** Starts over, with other bytes. */
  open(bytes: Buffer): void
  /**
   * Number and wire type of a field: `number * 8 + wireType`.
   * @throws BadTelemetry when it has more than 32 bits
   */
  tag(end: number): number
  /**
   * A base-128 number, exact up to 2^53.
   * @throws BadTelemetry when it does not end by `end`, or within ten bytes
   */
  varint(end: number): number
  /** A base-128 number cut to its lowest 32 bits, signed, as the protocol reads enums. */
  int32(end: number): number
  /** Reads a length and returns where what follows ends. */
  lengthEnd(end: number): number
  /** Steps over the content of the field with this tag. */
  skip(tag: number, end: number): void
  /** Steps over `count` bytes and returns where they began. */
  take(count: number, end: number): number
  fail(reason: string): never
}

export function createWire(): Wire {
  return new ProtobufWire()
}

class ProtobufWire implements Wire {
  bytes: Buffer = Buffer.alloc(0)
  view: DataView = viewOf(this.bytes)
  at = 0

  open(bytes: Buffer): void {
    this.bytes = bytes
    this.view = viewOf(bytes)
    this.at = 0
  }

  tag(end: number): number {
    const { bytes, at } = this
    const first = bytes[at] as number
    if (first < 0x80 && at < end) {
      this.at = at + 1
      return first
    }
    const second = bytes[at + 1] as number
    if (second < 0x80 && at + 1 < end) {
      this.at = at + 2
      return (first & 0x7f) | (second << 7)
    }
    const tag = this.#longVarint(end, SHORT_BYTES_MAX)
    return tag > TAG_MAX ? this.fail('a field number that there is not') : tag
  }

  varint(end: number): number {
    const first = this.bytes[this.at] as number
    if (first < 0x80 && this.at < end) {
      this.at++
      return first
    }
    return this.#longVarint(end, LONG_BYTES_MAX)
  }

  #longVarint(end: number, bytesMax: number): number {
    const { bytes, at } = this
    let value = 0
    let scale = 1
    for (let i = 0; i < bytesMax && at + i < end; i++, scale *= 128) {
      const byte = bytes[at + i] as number
      value += (byte & 0x7f) * scale
      if (byte >= 0x80) continue
      this.at = at + i + 1
      return value
    }
    return this.fail('a number that does not end')
  }

  int32(end: number): number {
    const from = this.at
    this.varint(end)
    let value = 0
    for (let at = from; at < this.at && at - from < SHORT_BYTES_MAX; at++)
      value |= ((this.bytes[at] as number) & 0x7f) << (7 * (at - from))
    return value
  }

  lengthEnd(end: number): number {
    const { bytes, at } = this
    const first = bytes[at] as number
    const second = bytes[at + 1] as number
    let to: number
    if (first < 0x80 && at < end) {
      this.at = at + 1
      to = at + 1 + first
    } else if (second < 0x80 && at + 1 < end) {
      this.at = at + 2
      to = at + 2 + ((first & 0x7f) | (second << 7))
    } else to = this.#longLengthEnd(end)
    if (to > end) this.#failLength(to)
    return to
  }

  #longLengthEnd(end: number): number {
    const length = this.#longVarint(end, SHORT_BYTES_MAX)
    // No body has so many bytes.
    if (length > LENGTH_MAX) this.#failLength(this.at + length)
    return (this.at + length) | 0
  }

  #failLength(to: number): never {
    this.fail(`a length of ${to - this.at} that leads beyond its message`)
  }

  take(count: number, end: number): number {
    const from = this.at
    if (from + count > end) this.fail('a value that is cut off')
    this.at = from + count
    return from
  }

  skip(tag: number, end: number): void {
    if (tag < 8) this.fail('field number zero')
    switch (tag & 7) {
      case VARINT:
        this.varint(end)
        return
      case FIXED64:
        this.take(8, end)
        return
      case BYTES:
        this.at = this.lengthEnd(end)
        return
      case FIXED32:
        this.take(4, end)
        return
      case GROUP_START:
        this.#skipGroup(tag, end)
        return
      default:
        this.fail(`wire type ${tag & 7}, which there is not`)
    }
  }

  /** Groups are no longer written, but unknown fields may still be some. */
  #skipGroup(first: number, end: number): void {
    const open = [first]
    while (open.length > 0) {
      const tag = this.tag(end)
      if ((tag & 7) === GROUP_START) {
        if (tag < 8 || open.push(tag) > GROUPS_MAX) this.fail('groups nested too deeply')
      } else if ((tag & 7) === GROUP_END) {
        if (open.pop() !== tag - 1) this.fail('the end of a group that did not begin')
      } else this.skip(tag, end)
    }
  }

  fail(reason: string): never {
    throw new BadTelemetry(`${reason}, at byte ${this.at}`)
  }
}
