import type { GrowingBytes } from '../lib/growing-bytes.ts'
import { fitsInt64 } from './int64.ts'

// Integers as OTLP/JSON has them, as numbers or as text, onto the wire.

const INTEGER = /^-?\d{1,20}$/
const SHORT_INTEGER = /^-?\d{1,10}$/
/** So many digits are exact as a number. */
const EXACT_DIGITS_MAX = 15

type Integer64Kind = 'fixed64' | 'sfixed64' | 'uint64' | 'int64'

export function isInteger64(json: unknown, isUnsigned: boolean): json is string | number {
  if (typeof json === 'number') {
    if (Number.isSafeInteger(json)) return json >= 0 || !isUnsigned
    return Number.isInteger(json) && fitsInt64(BigInt(json), isUnsigned)
  }
  if (typeof json !== 'string' || !INTEGER.test(json)) return false
  if (json.length <= EXACT_DIGITS_MAX) return !isUnsigned || Number(json) >= 0
  return fitsInt64(BigInt(json), isUnsigned)
}

/** @param value one that `isInteger64` knows */
export function writeInteger64(
  out: GrowingBytes,
  kind: Integer64Kind,
  value: string | number,
): void {
  if (kind === 'fixed64' || kind === 'sfixed64') {
    out.reserve(8)
    out.bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), out.length)
    out.length += 8
    return
  }
  const isShort = typeof value === 'number' || value.length <= EXACT_DIGITS_MAX
  const number = isShort ? Number(value) : Number.NaN
  if (number >= 0 && number <= Number.MAX_SAFE_INTEGER) {
    out.varint(number)
    return
  }
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 0x7fn; rest >>= 7n) out.byte(Number(rest & 0x7fn) | 0x80)
  out.byte(Number(rest))
}

/** Undefined for what is none, or does not fit. */
export function toInteger32(json: unknown, isSigned: boolean): number | undefined {
  const value = typeof json === 'string' && SHORT_INTEGER.test(json) ? Number(json) : json
  if (typeof value !== 'number') return undefined
  return (isSigned ? (value | 0) === value : value >>> 0 === value) ? value : undefined
}
