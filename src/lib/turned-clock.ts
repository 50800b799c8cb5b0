import { type Cancel, type Clock, sleepWith } from './clock.ts'

/** A clock that stands still until it is turned; timers fire in order while it turns. */
export interface TurnedClock extends Clock {
  /** Turns forward by `byMs`, running every timer that comes due, each at its own instant. */
  turn(byMs: number): void
  /** Turns like `turn`, and lets promises settle after each timer, so that async work proceeds. */
  turnAsync(byMs: number): Promise<void>
}

interface Timer {
  dueMs: number
  readonly periodMs?: number
  readonly run: () => void
}

export function createTurnedClock(startUnixMs = Date.UTC(2026, 0, 11, 14, 0, 0)): TurnedClock {
  let nowMs = startUnixMs
  const timers = new Set<Timer>()
  const add = (timer: Timer): Cancel => {
    timers.add(timer)
    return () => timers.delete(timer)
  }
  const after = (delayMs: number, run: () => void) =>
    add({ dueMs: nowMs + Math.max(0, delayMs), run })

  /** Runs the earliest timer due by `endMs`; false when there is none. */
  const step = (endMs: number): boolean => {
    let next: Timer | undefined
    for (const timer of timers) if (!next || timer.dueMs < next.dueMs) next = timer
    if (!next || next.dueMs > endMs) return false
    nowMs = Math.max(nowMs, next.dueMs)
    if (next.periodMs === undefined) timers.delete(next)
    else next.dueMs += next.periodMs
    next.run()
    return true
  }

  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs - startUnixMs,
    after,
    every: (periodMs, run) => add({ dueMs: nowMs + periodMs, periodMs, run }),
    sleep: (delayMs, signal) => sleepWith({ delayMs, after, ...(signal && { signal }) }),
    turn(byMs) {
      const endMs = nowMs + byMs
      while (step(endMs));
      nowMs = endMs
    },
    async turnAsync(byMs) {
      const endMs = nowMs + byMs
      do await new Promise((resolve) => setImmediate(resolve))
      while (step(endMs))
      nowMs = endMs
    },
  }
}
