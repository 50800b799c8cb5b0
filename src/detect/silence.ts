import type { RuleOf } from '../config/rules.ts'
import type { Instant, KindState } from './kind.ts'

const OTHERS_WITHIN = 0.1

export interface SilenceOptions {
  /** When the rule began to listen, by the never-stepping clock. */
  readonly sinceMs: number
  /** What was unheard for so long is no longer expected. */
  readonly memoryMs: number
  /** What sent anything within this is alive. */
  readonly aliveMs: number
}

/**
 * Fires when nothing that is expected has been heard for longer than `for`: with `by: [router]` from
 * one router, without `by` from any. Arrival counts, not event time. A router is heard by any
 * telemetry or status, even one with nothing started. Routers and workers are expected once they
 * were heard, items that match from the start of the rule on: a job that never reports is silent too.
 *
 * `only_while: alive` is for who is there and does nothing: it fires only while the group's own source
 * sends something else, and counts only the time in which nine in ten others that are alive sent what is
 * expected within a tenth of `for`. One other with work is no comparison: at night, and in the first
 * minutes of the morning, most have none.
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
  const othersMs = silentMs * OTHERS_WITHIN
  /** Since when the group could be expected to have work. */
  let expectedSinceMs: number | undefined
  const isExpectedAt = ({ heardMs: nowMs, heard }: Instant) =>
    nowMs - heard.source() <= options.aliveMs && nowMs - heard.others(nowMs) <= othersMs
  const idleAt = (at: Instant) => {
    const ageMs = ageAt(at.heardMs) ?? 0
    if (!rule.isOnlyWhileAlive || ageMs <= othersMs) {
      expectedSinceMs = undefined
      return ageMs
    }
    if (!isExpectedAt(at)) expectedSinceMs = undefined
    else expectedSinceMs ??= at.heardMs
    if (expectedSinceMs === undefined) return 0
    return Math.min(ageMs, at.heardMs - expectedSinceMs + othersMs)
  }
  return {
    get dueMs() {
      return heardMs === undefined ? Number.POSITIVE_INFINITY : heardMs + silentMs
    },
    add(item) {
      heardMs = item.heardMs
      heardCount += item.count
      return true
    },
    judge(at) {
      const value = ageAt(at.heardMs) ?? null
      const reading = { value, threshold: silentMs, count: heardCount }
      if (value === null) return { ...reading, outcome: 'few' }
      if (idleAt(at) <= silentMs) return { ...reading, outcome: 'calm' }
      const reason = `nothing came for ${Math.floor(value / 1_000)} s`
      return { ...reading, outcome: 'trips', reason }
    },
    clears: (at) => idleAt(at) <= silentMs,
    restart() {
      heardMs = isMatcher ? options.sinceMs : undefined
      heardCount = 0
      expectedSinceMs = undefined
    },
    // The time in which nobody listened is no silence.
    save: (nowMs): Saved => ({
      heardCount,
      agoMs: ageOf(heardMs, nowMs),
      expectedAgoMs: ageOf(expectedSinceMs, nowMs),
    }),
    load(saved, nowMs) {
      const { heardCount: count, agoMs, expectedAgoMs = null } = (saved ?? {}) as Partial<Saved>
      if (typeof count !== 'number' || !isAge(agoMs) || !isAge(expectedAgoMs)) return false
      heardCount = count
      heardMs = agoMs === null ? undefined : nowMs - agoMs
      expectedSinceMs = expectedAgoMs === null ? undefined : nowMs - expectedAgoMs
      return true
    },
  }
}

interface Saved {
  readonly heardCount: number
  /** Null when nothing was heard. */
  readonly agoMs: number | null
  /** Since when it could be expected to have work; absent in older files. */
  readonly expectedAgoMs?: number | null
}

function ageOf(sinceMs: number | undefined, nowMs: number): number | null {
  return sinceMs === undefined ? null : nowMs - sinceMs
}

function isAge(given: unknown): given is number | null {
  return given === null || typeof given === 'number'
}
