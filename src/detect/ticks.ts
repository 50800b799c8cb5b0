import type { Cancel, Clock } from '../lib/clock.ts'

export interface Ticks {
  start(): void
  stop(): void
  /** Runs the ticks that are due by then, each at its own instant; none before `start`. */
  runUntil(unixMs: number): void
}

export interface TicksOptions {
  readonly clock: Clock
  tick(unixMs: number): void
  /** What all ticks of one timer run in. */
  around(run: () => void): void
}

const TICK_MS = 250
/** After a longer stall only the last ticks are made up for. */
const DUE_MAX = 240

/**
 * Ticks at whole quarters of a second of the wall clock, not whenever a timer happens to fire: what
 * is due runs before whatever came after it. So the same items at the same times give the same
 * verdicts, live and when they are replayed.
 */
export function createTicks({ clock, tick, around }: TicksOptions): Ticks {
  let lastUnixMs: number | undefined
  let cancel: Cancel | undefined
  const floor = (unixMs: number) => Math.floor(unixMs / TICK_MS) * TICK_MS
  const runUntil = (unixMs: number) => {
    if (lastUnixMs === undefined) return
    const untilUnixMs = floor(unixMs)
    // The clock was set back: ticks go on from there.
    if (untilUnixMs < lastUnixMs - TICK_MS) lastUnixMs = untilUnixMs
    lastUnixMs = Math.max(lastUnixMs, untilUnixMs - DUE_MAX * TICK_MS)
    while (lastUnixMs < untilUnixMs) {
      lastUnixMs += TICK_MS
      tick(lastUnixMs)
    }
  }
  return {
    runUntil,
    start() {
      if (cancel) return
      lastUnixMs = floor(clock.nowMs())
      cancel = clock.every(TICK_MS, () => around(() => runUntil(clock.nowMs())))
    },
    stop() {
      cancel?.()
      cancel = undefined
      lastUnixMs = undefined
    },
  }
}
