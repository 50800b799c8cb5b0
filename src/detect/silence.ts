import type { RuleOf } from '../config/rules.ts'
import type { KindState } from './kind.ts'

const SOURCES_MAX = 10_000
const EXPECTED = 'expected'

export interface SilenceOptions {
  /** When the rule began to listen, by the never-stepping clock. */
  readonly sinceMs: number
  /** A source unheard for so long is no longer expected. */
  readonly memoryMs: number
}

/**
 * Fires when something expected has not been heard for longer than `for`. Arrival counts, not event
 * time. A router is heard by any telemetry or status, even one with nothing started. Routers and
 * workers are expected once they were heard, items that match from the start of the rule on: a job
 * that never reports is silent too.
 */
export function createSilence(rule: RuleOf<'silence'>, options: SilenceOptions): KindState {
  const { silentMs } = rule.trip
  const memoryMs = Math.max(options.memoryMs, silentMs * 2)
  const isMatcher = typeof rule.expect === 'object'
  const heard = new Map<string, number>()
  let sinceMs = options.sinceMs

  /** The source unheard for longest, forgetting those that are no longer expected. */
  const worst = (nowMs: number) => {
    let found: { id: string; ageMs: number } | undefined
    for (const [id, lastMs] of heard) {
      const ageMs = nowMs - lastMs
      if (!isMatcher && ageMs > memoryMs) heard.delete(id)
      else if (!found || ageMs > found.ageMs) found = { id, ageMs }
    }
    return found ?? (isMatcher ? { id: EXPECTED, ageMs: nowMs - sinceMs } : undefined)
  }

  return {
    add(item) {
      const key = isMatcher ? EXPECTED : item.source.id
      if (heard.has(key) || heard.size < SOURCES_MAX) heard.set(key, item.heardMs)
      return true
    },
    judge(at) {
      const found = worst(at.heardMs)
      const threshold = silentMs
      if (!found) return { outcome: 'few', value: null, threshold, count: 0 }
      const trips = found.ageMs > silentMs
      const seconds = Math.floor(found.ageMs / 1_000)
      const who = isMatcher ? 'nothing expected came' : `${found.id} silent`
      return {
        outcome: trips ? 'trips' : 'calm',
        value: found.ageMs,
        threshold,
        count: heard.size,
        ...(trips && { reason: `${who} for ${seconds} s` }),
      }
    },
    clears: (at) => (worst(at.heardMs)?.ageMs ?? 0) <= silentMs,
    restart() {
      heard.clear()
      sinceMs = options.sinceMs
    },
  }
}
