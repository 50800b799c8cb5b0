import type { AgeLimit } from './age-limit.ts'
import { readTime } from './column-writes.ts'
import type { PairList } from './pairs.ts'
import type { SpanScan } from './span-scan.ts'
import { type Halves, halvesToMs } from './times.ts'

/** Whether a span is taken, by its times and the number of its attributes. */
export interface Admission {
  admits(view: DataView, scan: SpanScan, pairs: PairList): boolean
  /** The same for an item of one moment. */
  admitsAt(at: Halves, pairs: PairList): boolean
  /** Of the span that was asked about last. */
  readonly end: Halves
}

export function createAdmission(limit: AgeLimit): Admission {
  const start: Halves = { low: 0, high: 0 }
  const end: Halves = { low: 0, high: 0 }
  // The high halves are 4.3 s each: by them alone nearly every span is seen to be in time.
  const oldestHigh = highOf(limit.oldestUnixMs)
  const newestHigh = highOf(limit.newestUnixMs)
  return {
    end,
    admits(view, scan, pairs) {
      readTime(start, view, scan.startAt)
      readTime(end, view, scan.endAt)
      const isInTime = start.high > oldestHigh && start.high < newestHigh && end.high < newestHigh
      if (isInTime && !pairs.isOverLimit) return true
      return limit.admits(halvesToMs(start), halvesToMs(end), pairs.isOverLimit)
    },
    admitsAt(at, pairs) {
      const unixMs = halvesToMs(at)
      return limit.admits(unixMs, unixMs, pairs.isOverLimit)
    },
  }
}

function highOf(unixMs: number): number {
  return Math.floor((unixMs * 1e6) / 2 ** 32)
}
