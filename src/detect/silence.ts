import type { RuleOf } from '../config/rules.ts'
import type { KindState } from './kind.ts'

export interface SilenceOptions {
  /** When the rule began to listen, by the never-stepping clock. */
  readonly sinceMs: number
  /** What was unheard for so long is no longer expected. */
  readonly memoryMs: number
}

/**
 * Fires when nothing that is expected has been heard for longer than `for`: with `by: [router]` from
 * one router, without `by` from any. Arrival counts, not event time. A router is heard by any
 * telemetry or status, even one with nothing started. Routers and workers are expected once they
 * were heard, items that match from the start of the rule on: a job that never reports is silent too.
 */
export function createSilence(rule: RuleOf<'silence'>, options: SilenceOptions): KindState {
  const { silentMs } = rule.trip
  const memoryMs = Math.max(options.memoryMs, silentMs * 2)
  const isMatcher = typeof rule.expect === 'object'
  let heardMs = isMatcher ? options.sinceMs : undefined
  let heardCount = 0

  const ageAt = (nowMs: number) => {
    if (!isMatcher && heardMs !== undefined && nowMs - heardMs > memoryMs) heardMs = undefined
    return heardMs === undefined ? undefined : nowMs - heardMs
  }
  return {
    add(item) {
      heardMs = item.heardMs
      heardCount++
      return true
    },
    judge(at) {
      const value = ageAt(at.heardMs) ?? null
      const reading = { value, threshold: silentMs, count: heardCount }
      if (value === null) return { ...reading, outcome: 'few' }
      if (value <= silentMs) return { ...reading, outcome: 'calm' }
      const reason = `nothing came for ${Math.floor(value / 1_000)} s`
      return { ...reading, outcome: 'trips', reason }
    },
    clears: (at) => (ageAt(at.heardMs) ?? 0) <= silentMs,
    restart() {
      heardMs = isMatcher ? options.sinceMs : undefined
      heardCount = 0
    },
    // The time in which nobody listened is no silence.
    save: (nowMs) => ({ heardCount, agoMs: heardMs === undefined ? null : nowMs - heardMs }),
    load(saved, nowMs) {
      const { heardCount: count, agoMs } = (saved ?? {}) as {
        heardCount?: unknown
        agoMs?: unknown
      }
      if (typeof count !== 'number' || (agoMs !== null && typeof agoMs !== 'number')) return false
      heardCount = count
      heardMs = agoMs === null ? undefined : nowMs - agoMs
      return true
    },
  }
}
