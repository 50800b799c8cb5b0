// Protobuf as bytes, field by field, so that tests can write what no library would: unknown fields
// and groups, fields in any order and twice, numbers longer than they need to be.

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5
const GROUP_START = 3
const GROUP_END = 4

/** Base-128, of a number as unsigned 64 bits; `padBytes` zeros more than it needs, ten bytes at most. */
export function varint(value: bigint | number, padBytes = 0): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  do {
    bytes.push(Number(rest & 0x7fn))
    rest >>= 7n
  } while (rest > 0n)
  for (let i = 0; i < padBytes && bytes.length < 10; i++) bytes.push(0)
  return Buffer.from(bytes.map((byte, i) => (i < bytes.length - 1 ? byte | 0x80 : byte)))
}

export function tag(number: number, wireType: number): Buffer {
  return varint(number * 8 + wireType)
}

export function bytesField(number: number, content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content as string)
  return Buffer.concat([tag(number, BYTES), varint(bytes.length), bytes])
}

/** A submessage of these fields. */
export function messageField(number: number, ...fields: readonly Uint8Array[]): Buffer {
  return bytesField(number, Buffer.concat(fields))
}

export function varintField(number: number, value: bigint | number, padBytes = 0): Buffer {
  return Buffer.concat([tag(number, VARINT), varint(value, padBytes)])
}

export function fixed64Field(number: number, value: bigint): Buffer {
  return Buffer.concat([tag(number, FIXED64), fixed64(value)])
}

export function doubleField(number: number, value: number): Buffer {
  return Buffer.concat([tag(number, FIXED64), double(value)])
}

export function fixed32Field(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return Buffer.concat([tag(number, FIXED32), bytes])
}

export function groupField(number: number, ...fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat([tag(number, GROUP_START), ...fields, tag(number, GROUP_END)])
}

export function fixed64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value))
  return bytes
}

export function double(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}
