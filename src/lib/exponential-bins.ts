// Bins of numbers whose bounds grow by 2^(1/32), and the pages that hold an octave of them.

/** Of an octave. */
export const BINS = 32
/** The upper bound of a bin by its lower one. */
export const BIN_GROWTH = 2 ** (1 / BINS)
/** From 2^-20 to 2^44; what lies beyond counts as the outermost. */
export const OCTAVES = 64
const OCTAVE_OF_ONE = 20
const POOLED_MAX = 4_096

/** The bin of a number: -1 for zero and below. */
export function binOf(value: number): number {
  if (!(value > 0)) return -1
  const bin = Math.floor(Math.log2(value) * BINS) + OCTAVE_OF_ONE * BINS
  return Math.min(OCTAVES * BINS - 1, Math.max(0, bin))
}

/** Of a bin, the value from which neither bound is further than 1.1 %. */
export function middleOf(bin: number): number {
  return 2 ** (bin / BINS - OCTAVE_OF_ONE) * MIDDLE
}

const MIDDLE = 2 / (1 + 2 ** (-1 / BINS))

export type Page = Float32Array | Float64Array

export interface PagePool {
  take(): Page
  give(page: Page): void
}

function createPagePool(create: () => Page): PagePool {
  const free: Page[] = []
  return {
    take: () => free.pop() ?? create(),
    give(page) {
      if (free.length >= POOLED_MAX) return
      page.fill(0)
      free.push(page)
    },
  }
}

export const POOLS = {
  single: createPagePool(() => new Float32Array(BINS)),
  double: createPagePool(() => new Float64Array(BINS)),
}
