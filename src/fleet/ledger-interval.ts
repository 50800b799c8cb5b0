import { COUNT_MIN, fillBins, floorTo } from './ledger-bins.ts'
import type { PrimaryTry } from './ledger-view.ts'

/** The interval of impairment by DEFINITIONS.md, computed from the ledger alone. */
export interface LedgerInterval {
  readonly t0Ms: number
  readonly t1Ms: number
  readonly baselineRatio: number
}

export interface LedgerIntervalOptions {
  readonly tries: readonly PrimaryTry[]
  readonly binMs: number
  /** The decision to move. */
  readonly detectMs: number
  /** p0: failure ratio of the primary before the outage. */
  readonly baselineRatio: number
  /** Only bins that end by then are judged. */
  readonly horizonMs: number
  readonly quietForMs: number
  /** A trickle is pooled over so long. */
  readonly poolMs: number
  /** The primary cannot carry what is offered in the bin; `triesInBin` judged it otherwise. */
  isShort(atMs: number, triesInBin: number, badAbove: number): boolean
}

interface Bin {
  readonly atMs: number
  readonly count: number
  readonly failed: number
}

export function findLedgerInterval(options: LedgerIntervalOptions): LedgerInterval {
  const { binMs, horizonMs } = options
  const p0 = Math.max(options.baselineRatio, 0.001)
  const badAbove = Math.max(3 * p0, 0.05)
  const bins = toBins(options)
  const t0Ms = walkBack(bins, p0, floorTo(options.detectMs, binMs))
  const judged = bins.filter(({ atMs }) => atMs >= t0Ms && atMs + binMs <= horizonMs)
  const bad: boolean[] = []
  judged.forEach((bin, index) => {
    if (options.isShort(bin.atMs, bin.count, badAbove)) bad.push(true)
    else {
      const ratio = ratioAt(judged.slice(0, index + 1), Math.ceil(options.poolMs / binMs))
      bad.push(ratio === undefined ? (bad.at(-1) ?? true) : ratio > badAbove)
    }
  })
  const last = lastBad({ bad, quietBins: options.quietForMs / binMs })
  return { t0Ms, t1Ms: endAfter({ options, judged, last, badAbove }), baselineRatio: p0 }
}

function toBins({ tries, binMs }: LedgerIntervalOptions): Bin[] {
  const starts = tries.map((one) => one.startMs)
  const fromMs = floorTo(starts[0] ?? 0, binMs)
  const toMs = floorTo(starts.at(-1) ?? 0, binMs) + binMs
  return fillBins({ items: tries, atMs: (one) => one.startMs, fromMs, toMs, binMs }).map(
    ({ atMs, items }) => ({
      atMs,
      count: items.length,
      failed: items.filter((one) => one.isFailed).length,
    }),
  )
}

/** T0: the bin that began the excursion of the CUSUM under way at detection. */
function walkBack(bins: readonly Bin[], p0: number, detectBinMs: number): number {
  const p1 = Math.min(Math.max(5 * p0, 0.05), (1 + p0) / 2)
  const gainFailed = Math.log(p1 / p0)
  const gainOk = Math.log((1 - p1) / (1 - p0))
  let sum = 0
  let t0Ms = detectBinMs
  for (const { atMs, count, failed } of bins) {
    if (atMs > detectBinMs) break
    const wasAtRest = sum === 0
    sum = Math.max(0, sum + failed * gainFailed + (count - failed) * gainOk)
    if (wasAtRest && sum > 0) t0Ms = atMs
  }
  return sum === 0 ? detectBinMs : t0Ms
}

/** Failure ratio of the last bin, or of a pool that reaches back until it says something. */
function ratioAt(upTo: readonly Bin[], poolBins: number): number | undefined {
  const own = upTo.at(-1)
  if (own && own.count >= COUNT_MIN) return own.failed / own.count
  for (let size = poolBins; size <= 10 * poolBins; size++) {
    const pool = upTo.slice(-size)
    const count = pool.reduce((sum, bin) => sum + bin.count, 0)
    if (count >= COUNT_MIN) return pool.reduce((sum, bin) => sum + bin.failed, 0) / count
    if (pool.length < size) return undefined
  }
  return undefined
}

/** The first bad bin that is followed by quiet; the last bad one when none is yet. */
function lastBad({ bad, quietBins }: { bad: readonly boolean[]; quietBins: number }): number {
  const quiet = bad.findIndex(
    (isBad, index) =>
      isBad &&
      index + quietBins < bad.length &&
      !bad.slice(index + 1, index + 1 + quietBins).includes(true),
  )
  return quiet >= 0 ? quiet : bad.lastIndexOf(true)
}

function endAfter(facts: {
  readonly options: LedgerIntervalOptions
  readonly judged: readonly Bin[]
  readonly last: number
  readonly badAbove: number
}): number {
  const { options, judged, last, badAbove } = facts
  const bin = judged[last]
  if (!bin) return floorTo(options.horizonMs, options.binMs)
  if (options.isShort(bin.atMs, bin.count, badAbove)) return bin.atMs + options.binMs
  const failedIndex = judged.findLastIndex((one, index) => index <= last && one.failed > 0)
  const failed = judged[failedIndex] ?? bin
  const endMs = failed.atMs + options.binMs
  const next = judged.find((one) => one.atMs > failed.atMs && one.count > 0)
  // Nothing bore witness in between: the step that proved the primary ends the outage.
  return next && next.atMs > endMs + options.poolMs ? next.atMs : endMs
}
