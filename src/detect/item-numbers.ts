import { type Observation, VARYING_KEYS } from '../model/observation.ts'
import { NOTED_KEYS } from '../model/observation-columns.ts'
import type { Cursor } from './cursor.ts'
import { type Feed, unitOf } from './feeds.ts'
import { numberOf } from './number-of.ts'

// The numbers that rules read of items which they see as one. Of spans, most stand in columns already; any
// other is read of each item once, whatever the rules.

/** Where a number stands: in a column of the batch by its place, or as told below. */
export type NumberSource = number
/** How long a span took. */
export const TOOK: NumberSource = -1
const NOTED_FROM = -2

const SPANS: ReadonlySet<string> = new Set(['attempt', 'request', 'span'])
const NOTED: readonly string[] = NOTED_KEYS

/** @param placeOf of what is in none of the columns that were given */
export function sourceOf(key: string, feed: Feed, placeOf: (key: string) => number): NumberSource {
  if (!SPANS.has(unitOf(feed))) return placeOf(key)
  if (key === 'duration') return TOOK
  const noted = NOTED.indexOf(key)
  return noted < 0 ? placeOf(key) : NOTED_FROM - noted
}

/** Of one that is noted, its place in `NOTED_KEYS`; below 0 for others. */
export function notedOf(source: NumberSource): number {
  return NOTED_FROM - source
}

/** A number that is read of each of the items that go the same ways. */
export interface ItemNumber {
  readonly key: string
  /** Where it is put in the columns of the batch. */
  readonly place: number
  /** What varies from one to the other, or cannot be known to be the same; else it is `value`. */
  readonly isOwn: boolean
  readonly value: number
}

/**
 * How a key is read of items like the one under the cursor; undefined when they do not carry it. Those
 * with the same traits differ in the `VARYING_KEYS` alone, and carry the same ones.
 */
export function toItemNumber(
  { key, place }: Pick<ItemNumber, 'key' | 'place'>,
  { traits }: Observation,
  cursor: Cursor,
): ItemNumber | undefined {
  const isOwn = !traits || VARYING_KEYS.has(key)
  const value = numberOf(cursor, key)
  if (isOwn && traits && cursor.read(key) === undefined) return undefined
  if (isOwn) return { key, place, isOwn, value: Number.NaN }
  return value === undefined ? undefined : { key, place, isOwn, value }
}

/** Which of `NOTED_KEYS` that are read items like the one under the cursor may carry: a bit of each. */
export function carriedBy(
  sources: readonly NumberSource[],
  { traits }: Observation,
  cursor: Cursor,
): number {
  let bits = 0
  for (const source of sources) {
    const noted = notedOf(source)
    if (noted >= 0 && (!traits || cursor.read(NOTED[noted] as string) !== undefined))
      bits |= 1 << noted
  }
  return bits
}
