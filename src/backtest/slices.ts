import type { Recorded } from '../store/recorded.ts'
import type { Slice } from '../store/recorded-query.ts'

/**
 * Attempts and requests of it are half as many rows, 50 MB and half a second; with every unit and
 * attributes read, four times as much. Each query costs some milliseconds by itself.
 */
const ITEMS_PER_SLICE = 1_000_000
/** The finest that a slice is cut, but never more steps than these. */
const STEP_NS_MIN = 1_000_000_000n
const STEPS_MAX = 50_000n
/** Statuses and restarts come between requests: no slice is longer. */
const STEPS_PER_SLICE_MAX = 3_600

/**
 * Cuts a range into pieces of about as many items each, on whole seconds; none where nothing was
 * received for long.
 */
export async function cutSlices(recorded: Recorded, whole: Slice): Promise<readonly Slice[]> {
  const lengthNs = whole.to - whole.from
  const stepNs = max(STEP_NS_MIN, lengthNs / STEPS_MAX)
  const counts = await recorded.counts(whole, stepNs)
  const slices: Slice[] = []
  let from = whole.from
  let items = 0
  let units = 0
  const cut = (to: bigint) => {
    if (to > from) slices.push({ ...whole, from, to, units })
    from = to
    items = 0
    units = 0
  }
  for (const { from: offset, count, units: own } of counts) {
    const start = whole.base + BigInt(offset)
    const isFull = items + count > ITEMS_PER_SLICE && items > 0
    if (isFull || start - from > stepNs * BigInt(STEPS_PER_SLICE_MAX)) cut(start)
    items += count
    units |= own
  }
  cut(whole.to)
  return slices
}

const max = (a: bigint, b: bigint) => (a > b ? a : b)
