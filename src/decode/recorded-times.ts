import type { NumberColumn } from '../lib/native-numbers.ts'

// Times leave the database as it has them, as whole nanoseconds, and become here what decoding made of
// the same nanoseconds (`toUnixMs`): whole microseconds, divided by 1,000 as a double.

/** 2^32 in thousands, and what remains. */
const HIGH_THOUSANDS = 4_294_967
const HIGH_REST = 296

/** Of nanoseconds since 1970. */
export function toUnixMsAt(column: NumberColumn, row: number): number {
  const high = column.high(row)
  const micros = high * HIGH_THOUSANDS + Math.floor((high * HIGH_REST + column.low(row)) / 1_000)
  return micros / 1_000
}

export function toNs(column: NumberColumn, row: number): bigint {
  return (BigInt(column.high(row)) << 32n) | BigInt(column.low(row))
}
