import { formatDurationMs } from '../lib/duration.ts'

const AHEAD_MAX_MS = 3_600_000

/** Refuses items that storage would drop at once, or that would push watermarks into the future. */
export interface AgeLimit {
  /** False, and counted, for an item that started before the retention or ends over 1 h ahead. */
  admits(item: { readonly startUnixMs: number; readonly endUnixMs: number }): boolean
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
  const oldestUnixMs = options.receivedUnixMs - options.retentionMs
  const newestUnixMs = options.receivedUnixMs + AHEAD_MAX_MS
  return {
    admits({ startUnixMs, endUnixMs }) {
      if (startUnixMs < oldestUnixMs) oldCount++
      else if (Math.max(startUnixMs, endUnixMs) > newestUnixMs) aheadCount++
      else return true
      return false
    },
    get rejectedCount() {
      return oldCount + aheadCount
    },
    get reason() {
      const old = `${oldCount} older than the retention of ${formatDurationMs(options.retentionMs)}`
      const ahead = `${aheadCount} more than 1h ahead of the receiver's clock`
      return [oldCount > 0 && old, aheadCount > 0 && ahead].filter(Boolean).join(', ')
    },
  }
}
