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
  return readerOf(buffer, { from: 0, to: buffer.length, countMax })
}

interface Range {
  readonly from: number
  readonly to: number
  readonly countMax: number
}

const PACKED = 2

function readerOf(buffer: Buffer, { from, to, countMax }: Range): WireReader {
  let at = from
  let valueAt = from
  let tag = 0
  const reader: WireReader = {
    next() {
      if (at >= to) return false
      const head = readVarint(buffer, at, to)
      tag = head.value
      valueAt = head.next
      at = endOf(buffer, { tag, at: valueAt, to })
      return true
    },
    get tag() {
      return tag
    },
    varint: () => readVarint(buffer, valueAt, to).value,
    int64() {
      const { value } = readVarint(buffer, valueAt, to)
      return value >= 2 ** 63 ? value - 2 ** 64 : value
    },
    sint64() {
      const { value } = readVarint(buffer, valueAt, to)
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    },
    double: () => buffer.readDoubleLE(valueAt),
    get bits() {
      return { low: buffer.readUInt32LE(valueAt), high: buffer.readUInt32LE(valueAt + 4) }
    },
    text: () => buffer.toString('utf8', readVarint(buffer, valueAt, to).next, at),
    message: () =>
      readerOf(buffer, { from: readVarint(buffer, valueAt, to).next, to: at, countMax }),
    list(read) {
      if (tag % 8 !== PACKED) return [read(reader)]
      const values: number[] = []
      const end = at
      const wire = read === readDouble ? 1 : 0
      for (let one = readVarint(buffer, valueAt, to).next; one < end; ) {
        const next = endOf(buffer, { tag: 8 + wire, at: one, to: end })
        valueAt = one
        values.push(read(reader))
        if (values.length > countMax) throw new BadTelemetry(`a list of more than ${countMax}`)
        one = next
      }
      return values
    },
  }
  return reader
}

/** For `list`: doubles, where every other reading takes varints. */
export const readDouble = (one: WireReader): number => one.double()

function endOf(
  buffer: Buffer,
  { tag, at, to }: { readonly tag: number; readonly at: number; readonly to: number },
): number {
  const wire = tag % 8
  let end = to + 1
  if (wire === 0) end = readVarint(buffer, at, to).next
  else if (wire === 1) end = at + 8
  else if (wire === 5) end = at + 4
  else if (wire === 2) {
    const { value, next } = readVarint(buffer, at, to)
    end = next + value
  }
  if (end > to || tag < 8)
    throw new BadTelemetry(`not a protobuf message: broken field at byte ${at}`)
  return end
}

function readVarint(
  buffer: Buffer,
  from: number,
  to: number,
): { readonly value: number; readonly next: number } {
  let value = 0
  for (let at = from, scale = 1; at < to && at < from + 10; at++, scale *= 128) {
    const byte = buffer[at] ?? 0
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return { value, next: at + 1 }
  }
  throw new BadTelemetry(`not a protobuf message: broken number at byte ${from}`)
}
