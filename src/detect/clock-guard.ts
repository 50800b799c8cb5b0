/**
 * Which event time to believe. A span cannot have ended after it arrived: what lies ahead counts at
 * its arrival. What lies more than 5 min back is either late or from a wrong clock: a source that was
 * on time lately is late, and its item is left out of windows, or a backlog would count as now; a
 * source that has only ever been off, for as long as `graceMs`, has a wrong clock, and its items
 * count at arrival.
 */
export interface ClockGuard {
  /** What `guard` does for an item that is on time: nothing but to remember that its source is. */
  timely(source: string, nowMs: number): void
  guard(reading: ClockReading): GuardedTime
  save(nowMs: number): unknown
  load(saved: unknown, nowMs: number): void
}

export interface ClockReading {
  readonly source: string
  readonly atUnixMs: number
  readonly nowUnixMs: number
  /** The never-stepping clock. */
  readonly nowMs: number
}

export interface GuardedTime {
  readonly atUnixMs: number
  readonly fault: 'none' | 'late' | 'clock'
}

export interface ClockGuardOptions {
  readonly graceMs: number
  readonly memoryMs: number
}

interface Habit {
  timelyMs: number
  offSinceMs: number | undefined
}

interface SavedHabit {
  readonly source: string
  readonly timelyAgoMs: number
  readonly offAgoMs: number | undefined
}

export const OFF_MAX_MS = 300_000
const SOURCES_MAX = 10_000

export function createClockGuard({ graceMs, memoryMs }: ClockGuardOptions): ClockGuard {
  const habits = new Map<string, Habit>()
  const habitOf = (source: string): Habit => {
    const known = habits.get(source)
    if (known) return known
    if (habits.size >= SOURCES_MAX) habits.clear()
    const fresh = { timelyMs: Number.NEGATIVE_INFINITY, offSinceMs: undefined }
    habits.set(source, fresh)
    return fresh
  }
  return {
    save: (nowMs) =>
      [...habits].map(([source, { timelyMs, offSinceMs }]) => ({
        source,
        timelyAgoMs: nowMs - timelyMs,
        offAgoMs: offSinceMs === undefined ? undefined : nowMs - offSinceMs,
      })),
    load(saved, nowMs) {
      for (const { source, timelyAgoMs, offAgoMs } of saved as SavedHabit[])
        habits.set(source, {
          timelyMs: nowMs - timelyAgoMs,
          offSinceMs: offAgoMs === undefined ? undefined : nowMs - offAgoMs,
        })
    },
    timely(source, nowMs) {
      const habit = habitOf(source)
      habit.timelyMs = nowMs
      habit.offSinceMs = undefined
    },
    guard({ source, atUnixMs, nowUnixMs, nowMs }) {
      const aheadMs = atUnixMs - nowUnixMs
      if (aheadMs > OFF_MAX_MS) return { atUnixMs: nowUnixMs, fault: 'clock' }
      const habit = habitOf(source)
      if (aheadMs >= -OFF_MAX_MS) {
        habit.timelyMs = nowMs
        habit.offSinceMs = undefined
        return { atUnixMs: Math.min(atUnixMs, nowUnixMs), fault: 'none' }
      }
      habit.offSinceMs ??= nowMs
      const isLate = nowMs - habit.timelyMs <= memoryMs || nowMs - habit.offSinceMs < graceMs
      return isLate ? { atUnixMs, fault: 'late' } : { atUnixMs: nowUnixMs, fault: 'clock' }
    },
  }
}
