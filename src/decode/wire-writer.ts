/** Protobuf fields, appended to one growing buffer. */
export interface WireWriter {
  /** A field of eight bytes, little-endian: fixed64. */
  fixed64(field: number, value: bigint): void
  double(field: number, value: number): void
  /** A varint field. `value` is a whole number from 0 to 2^53. */
  varint(field: number, value: number): void
  /** A zigzag varint field. `value` is a 32-bit integer. */
  sint32(field: number, value: number): void
  /** A length-delimited field: bytes, text, or a message that was written before. */
  bytes(field: number, content: Uint8Array): void
  text(field: number, content: string): void
  /** Appends whole fields as they are. */
  raw(fields: Uint8Array): void
  /** A packed list of varints, of fixed64, or of doubles. */
  packedVarints(field: number, values: readonly number[]): void
  packedFixed64(field: number, values: readonly number[]): void
  packedDoubles(field: number, values: readonly number[]): void
  readonly byteCount: number
  /** What was written so far; no copy, and valid until more is written. */
  readonly written: Uint8Array
  clear(): void
}

const FIRST_BYTES = 64

export function createWireWriter(): WireWriter {
  let buffer = Buffer.allocUnsafe(FIRST_BYTES)
  let at = 0
  const need = (byteCount: number) => {
    if (at + byteCount <= buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * buffer.length, at + byteCount))
    buffer.copy(larger, 0, 0, at)
    buffer = larger
  }
  const putVarint = (value: number) => {
    need(10)
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) buffer[at++] = (rest % 128) | 0x80
    buffer[at++] = rest
  }
  const putRaw = (content: Uint8Array) => {
    need(content.length)
    buffer.set(content, at)
    at += content.length
  }
  const head = (field: number, wire: number) => putVarint(field * 8 + wire)
  const packed = (field: number, bytes: Uint8Array) => {
    head(field, 2)
    putVarint(bytes.length)
    putRaw(bytes)
  }
  return {
    fixed64(field, value) {
      head(field, 1)
      need(8)
      at = buffer.writeBigUInt64LE(value, at)
    },
    double(field, value) {
      head(field, 1)
      need(8)
      at = buffer.writeDoubleLE(value, at)
    },
    varint(field, value) {
      head(field, 0)
      putVarint(value)
    },
    sint32(field, value) {
      head(field, 0)
      putVarint(value >= 0 ? value * 2 : -value * 2 - 1)
    },
    bytes: packed,
    text: (field, content) => packed(field, Buffer.from(content)),
    raw: putRaw,
    packedVarints: (field, values) => packed(field, Buffer.from(values.flatMap(varintBytes))),
    packedFixed64(field, values) {
      const bytes = Buffer.allocUnsafe(8 * values.length)
      for (const [index, value] of values.entries())
        bytes.writeBigUInt64LE(BigInt(value), 8 * index)
      packed(field, bytes)
    },
    packedDoubles(field, values) {
      const bytes = Buffer.allocUnsafe(8 * values.length)
      for (const [index, value] of values.entries()) bytes.writeDoubleLE(value, 8 * index)
      packed(field, bytes)
    },
    get byteCount() {
      return at
    },
    get written() {
      return buffer.subarray(0, at)
    },
    clear() {
      at = 0
    },
  }
}

function varintBytes(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return [...bytes, rest]
}
