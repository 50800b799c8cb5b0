import type { Int64 } from './value-message.ts'

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const UINT64_MAX = 2n ** 64n - 1n

export function toBigInt(value: Int64): bigint {
  const bits = (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0)
  return value.unsigned ? bits : BigInt.asIntN(64, bits)
}

export function fitsInt64(value: bigint, unsigned: boolean): boolean {
  return unsigned ? value >= 0n && value <= UINT64_MAX : value >= INT64_MIN && value <= INT64_MAX
}

/** Undefined when `value` does not fit. */
export function fromBigInt(value: bigint, unsigned: boolean): Int64 | undefined {
  if (!fitsInt64(value, unsigned)) return undefined
  return {
    low: Number(BigInt.asIntN(32, value)),
    high: Number(BigInt.asIntN(32, value >> 32n)),
    unsigned,
  }
}

/** Nanoseconds since 1970; what would not fit a DateTime64(9) (year 2262) is cut to its end. */
export function toUnixNs(value: Int64): bigint {
  const ns = toBigInt(value)
  return ns > INT64_MAX ? INT64_MAX : ns
}

/** Milliseconds, exact to the microsecond. */
export function toUnixMs(unixNs: bigint): number {
  return Number(unixNs / 1_000n) / 1_000
}
