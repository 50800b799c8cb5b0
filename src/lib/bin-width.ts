/** One width for all bins of an incident (DEFINITIONS.md, "Bins"), aligned to the epoch. */
const BIN_WIDTHS_MS = [1_000, 5_000, 10_000, 30_000, 60_000] as const

/** The median bin must hold so many eligible requests. */
const MEDIAN_COUNT_MIN = 50

/** Items that started within one second, sparse. */
export interface SecondCount {
  /** Start of the second, unix ms. */
  readonly atMs: number
  readonly count: number
}

export interface BinChoice {
  /** Samples (not weights) of eligible requests per second; others are 0. */
  readonly seconds: readonly SecondCount[]
  /** The lookback: ten minutes before detection (divided by the rehearsal's speed). */
  readonly fromMs: number
  /** Detection. */
  readonly toMs: number
}

/**
 * The smallest width whose median bin has at least 50 eligible requests (samples), else 60 s.
 * Bins counted: from the one that holds the first eligible request in [fromMs, toMs) to the last
 * that ends by toMs, empty ones included; the median of an even number is the mean of the middle
 * two. A width without a whole bin in that range is passed over.
 */
export function chooseBinMs({ seconds, fromMs, toMs }: BinChoice): number {
  const inside = seconds.filter((one) => one.atMs >= fromMs && one.atMs < toMs && one.count > 0)
  const firstMs = inside.reduce((least, one) => Math.min(least, one.atMs), Number.POSITIVE_INFINITY)
  const fitting = BIN_WIDTHS_MS.find((binMs) => {
    const startMs = floorToBin(firstMs, binMs)
    const binCount = Math.floor((toMs - startMs) / binMs)
    if (!(binCount > 0)) return false
    const counts = new Float64Array(binCount)
    for (const { atMs, count } of inside) {
      const index = Math.floor((atMs - startMs) / binMs)
      if (index < binCount) counts[index] = (counts[index] ?? 0) + count
    }
    return medianOf(counts) >= MEDIAN_COUNT_MIN
  })
  return fitting ?? 60_000
}

/** Start of the bin that holds `atMs`. */
export function floorToBin(atMs: number, binMs: number): number {
  return Math.floor(atMs / binMs) * binMs
}

function medianOf(counts: Float64Array): number {
  const sorted = counts.toSorted()
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2
}
