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

const FIRST_BYTES = 128

export function createWireWriter(): WireWriter {
  return new Writer()
}

// A class, because there is one per metric and per message: closures would cost ten times as much.
class Writer implements WireWriter {
  byteCount = 0
  #buffer = Buffer.allocUnsafe(FIRST_BYTES)

  fixed64(field: number, value: bigint): void {
    this.#head(field, 1)
    this.#need(8)
    this.byteCount = this.#buffer.writeBigUInt64LE(value, this.byteCount)
  }

  double(field: number, value: number): void {
    this.#head(field, 1)
    this.#need(8)
    this.byteCount = this.#buffer.writeDoubleLE(value, this.byteCount)
  }

  varint(field: number, value: number): void {
    this.#head(field, 0)
    this.#put(value)
  }

  sint32(field: number, value: number): void {
    this.varint(field, value >= 0 ? value * 2 : -value * 2 - 1)
  }

  bytes(field: number, content: Uint8Array): void {
    this.#head(field, 2)
    this.#put(content.length)
    this.raw(content)
  }

  text(field: number, content: string): void {
    const length = Buffer.byteLength(content)
    this.#head(field, 2)
    this.#put(length)
    this.#need(length)
    this.byteCount += this.#buffer.write(content, this.byteCount)
  }

  raw(fields: Uint8Array): void {
    this.#need(fields.length)
    this.#buffer.set(fields, this.byteCount)
    this.byteCount += fields.length
  }

  packedVarints(field: number, values: readonly number[]): void {
    const packed = new Writer()
    for (const value of values) packed.#put(value)
    this.bytes(field, packed.written)
  }

  packedFixed64(field: number, values: readonly number[]): void {
    const bytes = Buffer.allocUnsafe(8 * values.length)
    for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 8 * index)
    this.bytes(field, bytes)
  }

  packedDoubles(field: number, values: readonly number[]): void {
    const bytes = Buffer.allocUnsafe(8 * values.length)
    for (const [index, value] of values.entries()) bytes.writeDoubleLE(value, 8 * index)
    this.bytes(field, bytes)
  }

  get written(): Uint8Array {
    return this.#buffer.subarray(0, this.byteCount)
  }

  clear(): void {
    this.byteCount = 0
  }

  #head(field: number, wire: number): void {
    this.#put(field * 8 + wire)
  }

  #put(value: number): void {
    this.#need(10)
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128))
      this.#buffer[this.byteCount++] = (rest % 128) | 0x80
    this.#buffer[this.byteCount++] = rest
  }

  #need(byteCount: number): void {
    const end = this.byteCount + byteCount
    if (end <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, end))
    this.#buffer.copy(larger, 0, 0, this.byteCount)
    this.#buffer = larger
  }
}
