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
  readonly endUnixMs: number
}

export function createAdmission(limit: AgeLimit): Admission {
  const start: Halves = { low: 0, high: 0 }
  const end: Halves = { low: 0, high: 0 }
  let endUnixMs = 0
  return {
    admits(view, scan, pairs) {
      readTime(start, view, scan.startAt)
      readTime(end, view, scan.endAt)
      endUnixMs = halvesToMs(end)
      return limit.admits(halvesToMs(start), endUnixMs, pairs.isOverLimit)
    },
    admitsAt(at, pairs) {
      const unixMs = halvesToMs(at)
      return limit.admits(unixMs, unixMs, pairs.isOverLimit)
    },
    get endUnixMs() {
      return endUnixMs
    },
  }
}
