import { UnreadableBody } from './private-json.ts'

/** One field of a message on the wire. */
export interface WireField {
  readonly number: number
  /** 0 varint, 1 eight bytes, 2 length-delimited, 3 a group with its end, 5 four bytes. */
  readonly wire: number
  /** Where its tag starts. */
  readonly tagAt: number
  /** Its content; of varints their bytes. */
  readonly from: number
  readonly to: number
}

export interface ByteRange {
  readonly from: number
  readonly to: number
}

/** As deep as the decoder follows messages. */
const GROUPS_MAX = 100

/** @throws UnreadableBody for anything that is not a whole message */
export function* readFields(bytes: Buffer, range: ByteRange): Generator<WireField> {
  for (let at = range.from; at < range.to; ) {
    const field = readField(bytes, { from: at, to: range.to })
    if (field.wire === END) throw new UnreadableBody(`end of no group at byte ${at}`)
    at = field.wire === START ? endOfGroup(bytes, { field, to: range.to }) : field.to
    yield { ...field, to: at }
  }
}

const START = 3
const END = 4

/** One field; of a group its start or its end alone. */
function readField(bytes: Buffer, { from: tagAt, to }: ByteRange): WireField {
  let from = endOfVarint(bytes, { from: tagAt, to })
  const tag = varint(bytes, tagAt)
  const wire = tag % 8
  const number = Math.floor(tag / 8)
  let end = from
  if (wire === 0) end = endOfVarint(bytes, { from, to })
  else if (wire === 1) end += 8
  else if (wire === 5) end += 4
  else if (wire === 2) {
    const lengthAt = from
    from = endOfVarint(bytes, { from: lengthAt, to })
    end = from + varint(bytes, lengthAt)
  } else if (wire > END) throw new UnreadableBody(`wire type ${wire} at byte ${tagAt}`)
  if (end > to || number === 0) throw new UnreadableBody(`broken field at byte ${tagAt}`)
  return { number, wire, tagAt, from, to: end }
}

/** OTLP has no groups, but an unknown field may be one. */
function endOfGroup(bytes: Buffer, { field, to }: { field: WireField; to: number }): number {
  const open = [field.number]
  let at = field.to
  while (open.length > 0) {
    const inner = readField(bytes, { from: at, to })
    at = inner.to
    if (inner.wire === START) open.push(inner.number)
    else if (inner.wire === END && open.pop() !== inner.number)
      throw new UnreadableBody(`group at byte ${field.tagAt} ends with another number`)
    if (open.length > GROUPS_MAX) throw new UnreadableBody('nested too deeply')
  }
  return at
}

/** The bits of a varint as a signed 64-bit integer. */
export function readInt64(bytes: Buffer, { from, to }: ByteRange): bigint {
  let value = 0n
  for (let at = to - 1; at >= from; at--) value = (value << 7n) | BigInt((bytes[at] ?? 0) & 0x7f)
  return BigInt.asIntN(64, value)
}

/** A length-delimited field. */
export function toField(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([toVarint(number * 8 + 2), toVarint(content.length), content])
}

function endOfVarint(bytes: Buffer, { from, to }: ByteRange): number {
  for (let at = from; at < to && at < from + 10; at++) if ((bytes[at] ?? 0) < 0x80) return at + 1
  throw new UnreadableBody(`broken number at byte ${from}`)
}

/** Exact up to 2^53: more than any length. */
function varint(bytes: Buffer, from: number): number {
  let value = 0
  for (let at = from, scale = 1; ; at++, scale *= 128) {
    const byte = bytes[at] ?? 0
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value
  }
}

function toVarint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Buffer.from([...bytes, rest])
}
