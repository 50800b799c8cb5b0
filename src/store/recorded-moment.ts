import type { Slice } from './recorded-query.ts'

/** A moment of `lib/sequence.ts` in SQL. */
export const momentOf = (ns: bigint) => `fromUnixTimestamp64Nano(toInt64(${ns}))`

export function within({ from, to }: Slice): string {
  return `SeenAt >= ${momentOf(from)} AND SeenAt < ${momentOf(to)}`
}
