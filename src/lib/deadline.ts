import type { Clock } from './clock.ts'

/** An abort signal with an end in time; `clear` lets go of the timer. */
export interface Deadline {
  readonly signal: AbortSignal
  clear(): void
}

export interface DeadlineOptions {
  readonly clock: Clock
  readonly deadlineMs: number
  /** Aborts earlier when this does. */
  readonly signal?: AbortSignal
}

/** Aborts with a `TimeoutError` after `deadlineMs` of the given clock, so that tests can turn it. */
export function createDeadline({ clock, deadlineMs, signal }: DeadlineOptions): Deadline {
  const controller = new AbortController()
  const cancel = clock.after(deadlineMs, () =>
    controller.abort(new DOMException(`no answer within ${deadlineMs} ms`, 'TimeoutError')),
  )
  const onAbort = () => controller.abort(signal?.reason)
  if (signal?.aborted) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    clear() {
      cancel()
      signal?.removeEventListener('abort', onAbort)
    },
  }
}
