import type { Clock } from './clock.ts'

/** Numbers moments in the order in which they happened, within one process. */
export interface Sequence {
  /**
   * Nanoseconds since 1970: the wall clock's millisecond, and below it a running number. Always above
   * the one before, also while the clock stands or steps back. A process that starts anew begins at
   * its clock again.
   */
  next(): bigint
}

const NS_PER_MS = 1_000_000n

export function createSequence(clock: Pick<Clock, 'nowMs'>): Sequence {
  let last = 0n
  return {
    next() {
      const now = BigInt(Math.floor(clock.nowMs())) * NS_PER_MS
      last = now > last ? now : last + 1n
      return last
    },
  }
}

/** The millisecond of such a moment. */
export function toSequenceMs(moment: bigint): number {
  return Number(moment / NS_PER_MS)
}

/** As a DateTime64(9) is written: `2026-01-11 14:26:37.312000001`, UTC. */
export function toSequenceText(moment: bigint): string {
  const text = new Date(toSequenceMs(moment)).toISOString().slice(0, -1).replace('T', ' ')
  return `${text}${String(moment % NS_PER_MS).padStart(6, '0')}`
}
