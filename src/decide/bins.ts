import type { RequestOutcome } from '../model/attempt.ts'

export interface OutcomeCounts {
  readonly ok: number
  readonly failed: number
  /** Rejected and cancelled: load, but no failure. */
  readonly other: number
}

/** Outcomes per bin over a sliding time; bounded by `binCount`. */
export interface Bins {
  add(nowMs: number, outcome: RequestOutcome, weight: number): void
  /** Sums the bins that overlap the last `windowMs` (at most all of them). */
  sum(nowMs: number, windowMs: number): OutcomeCounts
  /** All outcomes per second over the last `windowMs`, or since the first one if that is less. */
  ratePerS(nowMs: number, windowMs: number): number
}

export function createBins(options: { binMs: number; binCount: number }): Bins {
  const { binMs, binCount } = options
  const bins = Array.from({ length: binCount }, () => ({ at: -1, ok: 0, failed: 0, other: 0 }))
  let firstMs: number | undefined

  const sum = (nowMs: number, windowMs: number): OutcomeCounts => {
    const last = Math.floor(nowMs / binMs)
    const first = last - Math.min(binCount, Math.max(1, Math.ceil(windowMs / binMs))) + 1
    const total = { ok: 0, failed: 0, other: 0 }
    for (let at = first; at <= last; at++) {
      const bin = bins[at % binCount]
      if (bin?.at !== at) continue
      total.ok += bin.ok
      total.failed += bin.failed
      total.other += bin.other
    }
    return total
  }

  return {
    add(nowMs, outcome, weight) {
      firstMs ??= nowMs
      const at = Math.floor(nowMs / binMs)
      const bin = bins[at % binCount]
      if (!bin) return
      if (bin.at !== at) Object.assign(bin, { at, ok: 0, failed: 0, other: 0 })
      bin[outcome === 'ok' || outcome === 'failed' ? outcome : 'other'] += weight
    },
    sum,
    ratePerS(nowMs, windowMs) {
      if (firstMs === undefined) return 0
      const { ok, failed, other } = sum(nowMs, windowMs)
      // The newest bin is not over yet: divide by the time that the bins really cover.
      const bins = Math.min(binCount, Math.max(1, Math.ceil(windowMs / binMs)))
      const startMs = Math.max(firstMs, (Math.floor(nowMs / binMs) - bins + 1) * binMs)
      return ((ok + failed + other) * 1_000) / Math.max(binMs, nowMs - startMs)
    },
  }
}
