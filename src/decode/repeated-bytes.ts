import type { Wire } from './wire.ts'

/**
 * How many bytes from where the wire is are those that stand `step` bytes before, counted to `end` at
 * most. Eight at once, as what they would be as a double: two equal ones that are not 0 have the same
 * bytes, and what is no number equals nothing, not even itself, so that its halves are compared.
 */
export function countRepeated({ view, at }: Wire, step: number, end: number): number {
  let i = at
  for (; i + 8 <= end; i += 8) {
    const own = view.getFloat64(i, true)
    if (own === view.getFloat64(i - step, true) && own !== 0) continue
    if (view.getInt32(i, true) !== view.getInt32(i - step, true)) break
    if (view.getInt32(i + 4, true) !== view.getInt32(i + 4 - step, true)) break
  }
  while (i < end && view.getUint8(i) === view.getUint8(i - step)) i++
  return i - at
}
