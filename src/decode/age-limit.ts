import { formatDurationMs } from '../lib/duration.ts'
import { KEY_BYTES_MAX, PAIRS_MAX } from './pairs.ts'

const AHEAD_MAX_MS = 3_600_000

/**
 * Refuses items that storage would drop at once, that would push watermarks into the future, or
 * that carry more attributes than anybody means to send.
 */
export interface AgeLimit {
  /** False, and counted, for an item that started before the retention, ends over 1 h ahead … */
  admits(startUnixMs: number, endUnixMs: number, hasTooManyAttributes: boolean): boolean
  readonly oldestUnixMs: number
  readonly newestUnixMs: number
  readonly rejectedCount: number
  /** '' while nothing was refused. */
  readonly reason: string
}

export function createAgeLimit(options: {
  readonly retentionMs: number
  readonly receivedUnixMs: number
}): AgeLimit {
  let oldCount = 0
  let aheadCount = 0
  let largeCount = 0
  const oldestUnixMs = options.receivedUnixMs - options.retentionMs
  const newestUnixMs = options.receivedUnixMs + AHEAD_MAX_MS
  return {
    oldestUnixMs,
    newestUnixMs,
    admits(startUnixMs, endUnixMs, hasTooManyAttributes) {
      if (startUnixMs < oldestUnixMs) oldCount++
      else if (Math.max(startUnixMs, endUnixMs) > newestUnixMs) aheadCount++
      else if (hasTooManyAttributes) largeCount++
      else return true
      return false
    },
    get rejectedCount() {
      return oldCount + aheadCount + largeCount
    },
    get reason() {
      const old = `${oldCount} older than the retention of ${formatDurationMs(options.retentionMs)}`
      const ahead = `${aheadCount} more than 1h ahead of the receiver's clock`
      const large = `${largeCount} with more than ${PAIRS_MAX} attributes, or a name over ${KEY_BYTES_MAX} bytes`
      const reasons = [oldCount > 0 && old, aheadCount > 0 && ahead, largeCount > 0 && large]
      return reasons.filter(Boolean).join(', ')
    },
  }
}
