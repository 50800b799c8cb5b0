/** Time as an argument: wall clock for stamps, timers for waiting. Tests turn one by hand. */
export interface Clock {
  /** Wall-clock time, milliseconds since 1970 UTC. May step (NTP). */
  nowMs(): number
  /** Never steps back; only differences mean anything. For measuring and for ages. */
  monotonicMs(): number
  /** Calls `run` once after `delayMs`, unless cancelled. Does not keep the process alive. */
  after(delayMs: number, run: () => void): Cancel
  /** Calls `run` every `periodMs` until cancelled. Does not keep the process alive. */
  every(periodMs: number, run: () => void): Cancel
  /** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

/** Stops a timer; harmless when called twice or too late. */
export type Cancel = () => void

export function createSystemClock(): Clock {
  const after = (delayMs: number, run: () => void): Cancel => {
    const timer = setTimeout(run, Math.max(0, delayMs))
    timer.unref()
    return () => clearTimeout(timer)
  }
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after,
    every(periodMs, run) {
      const timer = setInterval(run, periodMs)
      timer.unref()
      return () => clearInterval(timer)
    },
    sleep: (delayMs, signal) => sleepWith({ delayMs, after, ...(signal && { signal }) }),
  }
}

interface SleepOptions {
  readonly delayMs: number
  readonly after: Clock['after']
  readonly signal?: AbortSignal
}

/** A sleep built on any `after`, shared with the hand-turned clock. */
export function sleepWith({ delayMs, after, signal }: SleepOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const onAbort = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
