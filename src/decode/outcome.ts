import type { RequestOutcome } from '../model/attempt.ts'

// CONTRACT.md §3, "Outcome, first match".

/** What a span says of how its work ended. */
export interface Ending {
  /** HTTP status, 0 when none was seen. */
  readonly statusCode: number
  readonly errorType: string
  readonly isError: boolean
  /** Envoy's response flags; `DC` means that the client had gone. */
  readonly responseFlags: string
  readonly durationMs: number
}

/** An attempt as the outcome of its request needs it. */
export interface Tried {
  readonly outcome: RequestOutcome
  readonly startUnixNs: bigint
}

export interface Judged {
  readonly outcome: RequestOutcome
  readonly errorType: string
  /** τ_c by which a cancellation was judged, 0 when it was none. */
  readonly abandonedAfterMs: number
}

/**
 * τ_c where no baseline of the request's class is known: people who leave a page that has hung for
 * so long did not change their mind, they gave up. Not scaled by `--speed`: users are not.
 */
const ABANDONED_AFTER_MS = 10_000

const CANCELLED = new Set(['cancelled', 'client_disconnected', 'hedge_lost'])
const REJECTED = new Set([400, 413, 415, 422])

export function judgeAttempt(ending: Ending): RequestOutcome {
  if (isCancelled(ending)) return 'cancelled'
  if (REJECTED.has(ending.statusCode) || ending.errorType === 'policy_refused') return 'rejected'
  // Any other 4xx of a target is an expired key, no credit, a missing model, exhaustion.
  return ending.isError || ending.statusCode >= 400 ? 'failed' : 'ok'
}

/** @param attempts those known of the request, oldest first */
export function judgeRequest(ending: Ending, attempts: readonly Tried[]): Judged {
  const plain = (outcome: RequestOutcome): Judged => ({
    outcome,
    errorType: ending.errorType,
    abandonedAfterMs: 0,
  })
  if (areLost(attempts)) return plain('failed')
  if (isCancelled(ending)) {
    const abandonedAfterMs = ABANDONED_AFTER_MS
    if (ending.durationMs <= abandonedAfterMs) return { ...plain('cancelled'), abandonedAfterMs }
    return { outcome: 'failed', errorType: 'abandoned', abandonedAfterMs }
  }
  const { statusCode } = ending
  const isRefusal = statusCode >= 400 && statusCode < 500
  if (isRefusal && (statusCode !== 429 || attempts.length === 0)) return plain('rejected')
  return plain(ending.isError || statusCode >= 500 ? 'failed' : 'ok')
}

/** The last of them failed, and none was ok: whatever the request says, it failed. */
export function areLost(attempts: readonly Tried[]): boolean {
  const isServed = attempts.some(({ outcome }) => outcome === 'ok')
  return attempts.at(-1)?.outcome === 'failed' && !isServed
}

export function isCancelled({ errorType, statusCode, responseFlags }: Ending): boolean {
  if (CANCELLED.has(errorType) || statusCode === 499) return true
  return responseFlags !== '' && responseFlags.split(',').includes('DC')
}
