import type { GrowingBytes } from './growing-bytes.ts'
import type { GrowingIntegers } from './growing-integers.ts'

// Where the values of each row end, of columns that have any number of values per row.

export const OFFSET_BYTES = 8

/** Offsets have 64 bits in the format; more than 2^32 values are in no block. */
export function writeOffsets(out: GrowingBytes, { values, length }: GrowingIntegers): void {
  out.reserve(length * OFFSET_BYTES)
  const { view } = out
  let at = out.length
  for (let i = 0; i < length; i++, at += OFFSET_BYTES) {
    view.setUint32(at, values[i] as number, true)
    view.setUint32(at + 4, 0, true)
  }
  out.length = at
}

/** Dictionaries of no values at all are not written. */
export function isAnything({ values, length }: GrowingIntegers): boolean {
  return length > 0 && (values[length - 1] as number) > 0
}

/** How many values there are so far. */
export function endOf({ values, length }: GrowingIntegers): number {
  return length === 0 ? 0 : (values[length - 1] as number)
}
