import { type ByteSource, viewOf } from '../lib/growing-bytes.ts'
import { BadTelemetry } from './bad-telemetry.ts'

// The primitives of protobuf on the wire, over one request's bytes. Every read is checked against
// the end of the message that it belongs to, so that no length can lead anywhere else.

/** Wire types. */
export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5
const GROUP_START = 3
const GROUP_END = 4

/** Numbers of fields start at 1. */
const FIRST_TAG = 1 << 3
const GROUPS_MAX = 100

export interface Wire extends ByteSource {
  /** Where it reads next. */
  at: number
  /** Starts over, with other bytes. */
  open(bytes: Buffer): void
  /**
   * A base-128 number, exact up to 2^53.
   * @throws BadTelemetry when it does not end by `end`, or within ten bytes
   */
  varint(end: number): number
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

  varint(end: number): number {
    const first = this.bytes[this.at] as number
    if (first < 0x80 && this.at < end) {
      this.at++
      return first
    }
    return this.#longVarint(end)
  }

  #longVarint(end: number): number {
    const { bytes, at } = this
    let value = 0
    let scale = 1
    for (let i = 0; i < 10 && at + i < end; i++, scale *= 128) {
      const byte = bytes[at + i] as number
      value += (byte & 0x7f) * scale
      if (byte >= 0x80) continue
      this.at = at + i + 1
      return value
    }
    return this.fail('a number that does not end')
  }

  lengthEnd(end: number): number {
    const length = this.varint(end)
    const to = this.at + length
    if (to > end) this.fail(`a length of ${length} that leads beyond its message`)
    return to
  }

  take(count: number, end: number): number {
    const from = this.at
    if (from + count > end) this.fail('a value that is cut off')
    this.at = from + count
    return from
  }

  skip(tag: number, end: number): void {
    if (tag < FIRST_TAG) this.fail('field number zero')
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
        this.#skipGroup(end)
        return
      default:
        this.fail(`wire type ${tag & 7}, which there is not`)
    }
  }

  /** Groups are no longer written, but unknown fields may still be some. */
  #skipGroup(end: number): void {
    for (let open = 1; open > 0; ) {
      const tag = this.varint(end)
      const wireType = tag & 7
      if (wireType === GROUP_START && ++open > GROUPS_MAX) this.fail('groups nested too deeply')
      else if (wireType === GROUP_END) open--
      else if (wireType !== GROUP_START) this.skip(tag, end)
    }
  }

  fail(reason: string): never {
    throw new BadTelemetry(`${reason}, at byte ${this.at}`)
  }
}
