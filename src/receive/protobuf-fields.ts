import { UnreadableBody } from './private-json.ts'

/** One field of a message on the wire. */
export interface WireField {
  readonly number: number
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
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

/** @throws UnreadableBody for anything that is not a whole message, groups included */
export function* readFields(bytes: Buffer, range: ByteRange): Generator<WireField> {
  let at = range.from
  while (at < range.to) {
    const tagAt = at
    at = endOfVarint(bytes, { from: at, to: range.to })
    const tag = varint(bytes, tagAt)
    const wire = tag % 8
    const number = Math.floor(tag / 8)
    let from = at
    if (wire === 0) at = endOfVarint(bytes, { from, to: range.to })
    else if (wire === 1) at += 8
    else if (wire === 5) at += 4
    else if (wire === 2) {
      from = endOfVarint(bytes, { from: at, to: range.to })
      at = from + varint(bytes, at)
    } else throw new UnreadableBody(`wire type ${wire} at byte ${tagAt}`)
    if (at > range.to || number === 0) throw new UnreadableBody(`broken field at byte ${tagAt}`)
    yield { number, wire, tagAt, from, to: at }
  }
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
