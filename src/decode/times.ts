// Times as they stand in protobuf: eight bytes, little-endian, nanoseconds since 1970. That is what
// a DateTime64(9) is in a `Native` block too, so that times are copied, not converted.

const WORD = 0x1_0000_0000
/** What would not fit a DateTime64(9) (year 2262) is cut to its end. */
const HIGH_MAX = 0x7fffffff
const LOW_MAX = 0xffffffff

/** A moment as the two halves of its nanoseconds, both unsigned. */
export interface Halves {
  low: number
  high: number
}

export function readHalves(into: Halves, view: DataView, at: number): void {
  into.low = view.getUint32(at, true)
  into.high = view.getUint32(at + 4, true)
  if (into.high <= HIGH_MAX) return
  into.high = HIGH_MAX
  into.low = LOW_MAX
}

const time: Halves = { low: 0, high: 0 }

/** The time at `at`, in milliseconds; 0 at -1. */
export function readMs(view: DataView, at: number): number {
  if (at < 0) return 0
  readHalves(time, view, at)
  return halvesToMs(time)
}

/** Milliseconds, exact to the microsecond. */
export function halvesToMs({ low, high }: Halves): number {
  // 2^32 ns are 4,294,967 µs and 296 ns: all parts stay below 2^53.
  return (high * 4_294_967 + Math.floor((high * 296 + low) / 1_000)) / 1_000
}

/** Whole seconds for a DateTime column; later than 2106 is cut to its end. */
export function halvesToSeconds(time: Halves): number {
  return Math.min(LOW_MAX, Math.floor(halvesToMs(time) / 1_000))
}

export function isBefore(one: Halves, other: Halves): boolean {
  return one.high < other.high || (one.high === other.high && one.low < other.low)
}

/** `end` − `start`; 0 when that is negative. */
export function subtractHalves(into: Halves, end: Halves, start: Halves): void {
  const low = end.low - start.low
  const high = end.high - start.high - (low < 0 ? 1 : 0)
  into.low = high < 0 ? 0 : low < 0 ? low + WORD : low
  into.high = Math.max(0, high)
}
