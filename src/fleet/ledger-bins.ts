/** Bins of start time, aligned to the epoch, one width for a whole incident. */
const WIDTHS_MS = [1_000, 5_000, 10_000, 30_000, 60_000]
const MEDIAN_COUNT_MIN = 50
/** n_min of DEFINITIONS.md. */
export const COUNT_MIN = 20

export const floorTo = (ms: number, widthMs: number): number => Math.floor(ms / widthMs) * widthMs

/** Puts items into the bins of [fromMs, toMs); both are edges. Items outside are left out. */
export function fillBins<T>(options: {
  readonly items: readonly T[]
  readonly atMs: (item: T) => number
  readonly fromMs: number
  readonly toMs: number
  readonly binMs: number
}): { readonly atMs: number; readonly items: T[] }[] {
  const { items, fromMs, toMs, binMs } = options
  const count = Math.max(0, Math.round((toMs - fromMs) / binMs))
  const bins = Array.from({ length: count }, (_, index) => ({
    atMs: fromMs + index * binMs,
    items: [] as T[],
  }))
  for (const item of items)
    bins[Math.floor((options.atMs(item) - fromMs) / binMs)]?.items.push(item)
  return bins
}

/**
 * The smallest width whose median bin, of the lookback before detection, holds 50 eligible requests.
 * Bins count from the first that has a request to the last that is whole.
 */
export function chooseWidthMs(options: {
  readonly startsMs: readonly number[]
  readonly fromMs: number
  readonly toMs: number
}): number {
  const within = options.startsMs.filter((ms) => ms >= options.fromMs && ms < options.toMs)
  const firstMs = within.reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY)
  const fitting = WIDTHS_MS.find((binMs) => {
    const bins = fillBins({
      items: within,
      atMs: (ms) => ms,
      fromMs: floorTo(firstMs, binMs),
      toMs: floorTo(options.toMs, binMs),
      binMs,
    })
    return bins.length > 0 && median(bins.map(({ items }) => items.length)) >= MEDIAN_COUNT_MIN
  })
  return fitting ?? 60_000
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
  const high = sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0
  return (low + high) / 2
}
