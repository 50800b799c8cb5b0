import type { Clock } from '../lib/clock.ts'
import type { Send } from '../lib/outcome.ts'

export interface RetryOptions {
  readonly clock: Clock
  readonly delayMsFirst: number
  /** A remote that asks for a longer pause is left alone: the caller comes back later. */
  readonly delayMsMax: number
  readonly attemptCountMax: number
}

/** Repeats `send` while it answers 'retry', doubling the pause; the remote may set it, up to the bound. */
export function retrying<T>(send: Send<T>, options: RetryOptions): Send<T> {
  const { clock, delayMsFirst, delayMsMax, attemptCountMax } = options
  return async (item, signal) => {
    let delayMs = delayMsFirst
    for (let attemptCount = 1; ; attemptCount++) {
      const outcome = await send(item, signal)
      if (outcome.status !== 'retry' || attemptCount >= attemptCountMax) return outcome
      if (signal.aborted || (outcome.afterMs ?? 0) > delayMsMax) return outcome
      try {
        await clock.sleep(Math.min(outcome.afterMs ?? delayMs, delayMsMax), signal)
      } catch {
        // The deadline came while waiting; the last answer says more than "aborted".
        return outcome
      }
      delayMs *= 2
    }
  }
}
