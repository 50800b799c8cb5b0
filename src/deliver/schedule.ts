// When the attempts of one version are due. Standard webhook schedules (5 s, 5 min, 30 min) are made
// for notifications; a router that does not know is a user who gets an error.

const URGENT_MS = [0, 250, 600, 1_200, 2_500, 5_000, 10_000] as const
const PATIENT_MS = 30_000
const URGENT_END_MS = 10_000
/** A `Retry-After` of a day must not cut a router off for a day. */
const RETRY_AFTER_MS_MAX = 60_000

export interface DueInput {
  /** Attempts already begun for this version. */
  readonly attemptCount: number
  /** Since the change, or since the answer that made the rest patient. */
  readonly ageMs: number
  /** Age at which the last attempt began. */
  readonly lastAgeMs: number
  /** The router answered with the current pair; only the second witness is missing. */
  readonly isAnswered: boolean
  readonly retryAfterMs?: number
}

/**
 * Milliseconds from now until the next attempt. `retryAfterMs` never delays the urgent phase (the
 * first 10 s): whoever is overloaded still has to hear where traffic goes.
 */
export function dueInMs(input: DueInput): number {
  const { attemptCount, ageMs, lastAgeMs, isAnswered } = input
  const urgentMs = isAnswered ? undefined : URGENT_MS[attemptCount]
  if (urgentMs !== undefined) return Math.max(0, urgentMs - ageMs)
  const waitMs = Math.min(input.retryAfterMs ?? 0, RETRY_AFTER_MS_MAX)
  return Math.max(0, lastAgeMs + Math.max(PATIENT_MS, waitMs) - ageMs)
}

/** An attempt has 1 s, later 5 s: early on the next attempt is worth more than patience. */
export function deadlineMsOf(ageMs: number): number {
  return ageMs < URGENT_END_MS ? 1_000 : 5_000
}
