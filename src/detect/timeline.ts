import type { Clock } from '../lib/clock.ts'

// The instants at which detection judges. They come from when batches arrived and from ticks on whole
// multiples of 250 ms, not from when the process got round to it: so a replay of the same batches
// judges at the same instants, and finds the same.

export const TICK_MS = 250

/** One instant on both clocks. */
export interface At {
  readonly nowUnixMs: number
  /** The never-stepping clock. */
  readonly nowMs: number
}

export interface Timeline {
  now(): At
  /** That moment; never before one that was judged already. Without a moment, now. */
  at(unixMs: number | undefined): At
  /** Calls `run` for each tick that is due by then. */
  ticks(untilUnixMs: number, run: (at: At) => void): void
}

/** The clocks drift apart by less; more is a step of the wall clock. */
const STEP_MS = 1_000

export function createTimeline(clock: Clock): Timeline {
  let offsetMs = clock.nowMs() - clock.monotonicMs()
  let lastUnixMs = Number.NEGATIVE_INFINITY
  let dueUnixMs = nextTick(clock.nowMs())

  const follow = () => {
    const nowMs = clock.nowMs() - clock.monotonicMs()
    if (Math.abs(nowMs - offsetMs) <= STEP_MS) return
    // Stepped back, it would have to wait until the old time comes again.
    if (nowMs < offsetMs) {
      lastUnixMs = Number.NEGATIVE_INFINITY
      dueUnixMs = nextTick(clock.nowMs())
    }
    offsetMs = nowMs
  }
  const at = (unixMs: number): At => {
    lastUnixMs = Math.max(lastUnixMs, unixMs)
    return { nowUnixMs: lastUnixMs, nowMs: lastUnixMs - offsetMs }
  }
  return {
    now: () => ({ nowUnixMs: clock.nowMs(), nowMs: clock.monotonicMs() }),
    at(unixMs) {
      if (unixMs === undefined) return this.now()
      follow()
      return at(unixMs)
    },
    ticks(untilUnixMs, run) {
      follow()
      for (; dueUnixMs <= untilUnixMs; dueUnixMs += TICK_MS) run(at(dueUnixMs))
    },
  }
}

function nextTick(unixMs: number): number {
  return Math.ceil(unixMs / TICK_MS) * TICK_MS
}

export interface Turns {
  /** Runs it, and then what came up meanwhile. */
  run(judging: () => void): void
  /** At once, or when the judging that is going on is done. */
  after(change: () => void): void
}

/** One judging at a time: what a verdict brings about waits until all verdicts are told. */
export function createTurns(): Turns {
  const waiting: (() => void)[] = []
  let depth = 0
  const run = (judging: () => void) => {
    depth++
    try {
      judging()
    } finally {
      depth--
    }
    if (depth > 0) return
    for (let next = waiting.shift(); next; next = waiting.shift()) next()
  }
  return {
    run,
    after(change) {
      if (depth > 0) waiting.push(change)
      else change()
    },
  }
}
