import { floorTo } from './ledger-bins.ts'
import type { LedgerView } from './ledger-view.ts'

/** What the ledger knows of the primary's strength: κ, R and λ of DEFINITIONS.md. */
export interface LedgerCapacity {
  /** 1 − κ·R/λ for the bin that starts at `atMs`, at least 0; undefined when a term is unknown. */
  shortfall(atMs: number): number | undefined
}

export function measureCapacity(options: {
  readonly view: LedgerView
  readonly binMs: number
  /** Length of the throughput window: one minute, or its rehearsal. */
  readonly windowMs: number
}): LedgerCapacity {
  const { view, binMs, windowMs } = options
  // Gauges are kept by the second (the Collector's tables do so): a reading holds from the start of
  // its second on.
  const readyAt = (atMs: number) =>
    view.replicas.findLast((one) => floorTo(one.atMs, 1_000) <= atMs)?.available
  const okByWindow = countBy(
    view.primary.filter((one) => !one.isFailed).map((one) => floorTo(one.endMs, windowMs)),
  )
  // The first and the last window may be cut off, so they prove nothing.
  const full = [...okByWindow].sort(([a], [b]) => a - b).slice(1, -1)
  const rates = full.flatMap(([atMs, ok]) => {
    const ready = readyAt(atMs + windowMs)
    return ready ? [ok / (windowMs / 1_000) / ready] : []
  })
  const perWorker = rates.length === 0 ? undefined : Math.max(...rates)
  const offered = countBy(view.offered.map((request) => floorTo(request.startMs, binMs)))
  const span = Math.ceil(windowMs / binMs)
  return {
    shortfall(atMs) {
      const ready = readyAt(atMs)
      let count = 0
      for (let back = 0; back < span; back++) count += offered.get(atMs - back * binMs) ?? 0
      if (perWorker === undefined || ready === undefined || count === 0) return undefined
      const perS = count / ((span * binMs) / 1_000)
      return Math.max(0, 1 - (perWorker * ready) / perS)
    },
  }
}

export function countBy(keys: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}
