import { COUNT_MIN, fillBins, floorTo } from './ledger-bins.ts'
import type { LedgerCapacity } from './ledger-capacity.ts'
import type { LedgerView } from './ledger-view.ts'

/** p(t): the failure ratio that the primary would have had under full load, for a bin. */
export type Chance = (atMs: number) => number

export function estimateChance(options: {
  readonly view: LedgerView
  readonly capacity: LedgerCapacity
  readonly binMs: number
  readonly t0Ms: number
  readonly poolMs: number
}): Chance {
  const { view, capacity, binMs, t0Ms, poolMs } = options
  const lastMs = view.primary.at(-1)?.startMs ?? t0Ms
  const toMs = floorTo(lastMs, binMs) + binMs
  const firstMs = Math.min(floorTo(view.primary[0]?.startMs ?? t0Ms, binMs), t0Ms)
  const bins = fillBins({
    items: view.primary,
    atMs: (one) => one.startMs,
    fromMs: firstMs,
    toMs,
    binMs,
  })
  /** Failed and all attempts on the primary in bins that start in [fromMs, toMs). */
  const pool = (fromMs: number, untilMs: number) => {
    const tries = bins
      .filter(({ atMs }) => atMs >= fromMs && atMs < untilMs)
      .flatMap(({ items }) => items)
    return { count: tries.length, failed: tries.filter((one) => one.isFailed).length }
  }
  const ratio = ({ count, failed }: { count: number; failed: number }) =>
    count === 0 ? undefined : failed / count
  const trickleAt = (atMs: number, afterMs: number) => {
    const size = Math.ceil(poolMs / binMs)
    for (let reach = size; reach <= 10 * size; reach++) {
      const fromMs = Math.max(afterMs + binMs, atMs - (reach - 1) * binMs)
      const found = pool(fromMs, atMs + binMs)
      if (found.count >= COUNT_MIN) return ratio(found)
    }
    return undefined
  }
  return (atMs) => {
    const move = view.moves.findLast((one) => floorTo(one.engagedMs, binMs) <= atMs)
    if (!move) return trickleAt(atMs, Number.NEGATIVE_INFINITY) ?? 0
    const moveMs = floorTo(move.engagedMs, binMs)
    const before =
      moveMs === t0Ms
        ? ratio(pool(moveMs, moveMs + binMs))
        : ratio(pool(Math.max(t0Ms, moveMs - Math.max(poolMs, binMs)), moveMs))
    const short = capacity.shortfall(atMs) ?? 0
    const trickle = trickleAt(atMs, moveMs)
    if (trickle === undefined) return Math.max(before ?? 0, short)
    const low = Math.max(trickle, short)
    const isHeld = move.rampPassedMs === undefined || atMs < floorTo(move.rampPassedMs, binMs)
    return view.hadShortage && isHeld ? Math.max(low, before ?? 0) : low
  }
}
