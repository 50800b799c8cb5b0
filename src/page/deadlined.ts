import type { Clock } from '../lib/clock.ts'
import type { Outcome, Send } from '../lib/outcome.ts'

export interface DeadlineOptions {
  readonly clock: Clock
  readonly deadlineMs: number
}

/** Gives up after `deadlineMs` (answers 'retry'), even when `send` does not heed its signal. */
export function deadlined<T>(send: Send<T>, options: DeadlineOptions): Send<T> {
  const { clock, deadlineMs } = options
  return async (item, signal) => {
    const deadline = new AbortController()
    const either = AbortSignal.any([signal, deadline.signal])
    const tooLate = new Promise<Outcome>((resolve) => {
      const reason = `no answer within ${deadlineMs / 1_000} s`
      either.addEventListener('abort', () => resolve({ status: 'retry', reason }), { once: true })
    })
    const cancel = clock.after(deadlineMs, () => deadline.abort())
    try {
      return await Promise.race([send(item, either), tooLate])
    } finally {
      cancel()
    }
  }
}
