import type { Int64 } from './value-message.ts'

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const UINT64_MAX = 2n ** 64n - 1n
const NS_PER_S = 1_000_000_000n

export function toBigInt(value: Int64): bigint {
  const bits = (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0)
  return value.unsigned ? bits : BigInt.asIntN(64, bits)
}

/** Undefined when `value` does not fit. */
export function fromBigInt(value: bigint, unsigned: boolean): Int64 | undefined {
  const fits = unsigned
    ? value >= 0n && value <= UINT64_MAX
    : value >= INT64_MIN && value <= INT64_MAX
  if (!fits) return undefined
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

/**
 * Decimal seconds with nine digits, which ClickHouse reads exactly into a DateTime64(9). Seconds
 * are padded to ten digits: it takes shorter ones for parts of a date.
 */
export function formatUnixNs(unixNs: bigint): string {
  const seconds = (unixNs / NS_PER_S).toString().padStart(10, '0')
  return `${seconds}.${(unixNs % NS_PER_S).toString().padStart(9, '0')}`
}

/** Whole seconds for a DateTime column; later than 2106 is cut to its end. */
export function formatUnixSeconds(unixNs: bigint): string {
  const seconds = unixNs / NS_PER_S
  return (seconds > 4_294_967_295n ? 4_294_967_295n : seconds).toString().padStart(10, '0')
}

/** Decimal seconds with three digits, for a DateTime64(3). */
export function formatUnixMs(unixMs: number): string {
  const ms = Math.max(0, Math.floor(unixMs))
  const seconds = String(Math.floor(ms / 1_000)).padStart(10, '0')
  return `${seconds}.${String(ms % 1_000).padStart(3, '0')}`
}
