import type { Clock } from '../lib/clock.ts'
import type { ReceiveLimits } from './limits.ts'

/**
 * Room for requests: how many may be open, and how many bytes they may hold together. Senders that
 * dribble hold their place for long and cost nothing, so that a few hundred of them would keep out
 * everybody else. Hence they give way as soon as there is no room: the one that has gone longest
 * without 32 KiB of progress first, and nobody who made that much within the last half second.
 */
export interface Intake {
  /**
   * Undefined: there is no room, and nobody is slow enough to give way.
   * @param putOut called when this request has to give way; its place is another's by then
   */
  enter(putOut: () => void): Place | undefined
}

/** One open request. */
export interface Place {
  /** Holds so many more bytes; false, and nothing is held, when there is no room for them. */
  hold(byteCount: number): boolean
  /** The body is whole: it can no longer be put out. */
  arrived(): void
  /** Gives everything back; safe twice. */
  leave(): void
}

/** 64 KiB per second: any sender that is to get 512 kB through within the 10 s of its patience. */
const PROGRESS_BYTES = 32 * 1_024
const PROGRESS_MS = 500

export interface IntakeOptions {
  readonly clock: Clock
  readonly limits: Pick<ReceiveLimits, 'requestsMax' | 'memoryBytesMax'>
  /** For gauges. */
  changed(open: { readonly requestCount: number; readonly byteCount: number }): void
}

interface Coming {
  /** When it had made its last progress. */
  sinceMs: number
  /** Received after that. */
  byteCount: number
  readonly leave: () => void
  readonly putOut: () => void
}

export function createIntake({ clock, limits, changed }: IntakeOptions): Intake {
  /** Without progress for the longest time first. */
  const coming = new Set<Coming>()
  const open = { requestCount: 0, byteCount: 0 }

  const makeWay = (except?: Coming): boolean => {
    const [slowest] = coming
    if (!slowest || slowest === except) return false
    if (clock.monotonicMs() - slowest.sinceMs < PROGRESS_MS) return false
    slowest.leave()
    slowest.putOut()
    return true
  }
  const progress = (one: Coming, byteCount: number) => {
    one.byteCount += byteCount
    if (one.byteCount < PROGRESS_BYTES || !coming.delete(one)) return
    one.sinceMs = clock.monotonicMs()
    one.byteCount = 0
    coming.add(one)
  }

  return {
    enter(putOut) {
      if (open.requestCount >= limits.requestsMax && !makeWay()) return undefined
      let ownBytes = 0
      let isOpen = true
      const leave = () => {
        if (!isOpen) return
        isOpen = false
        coming.delete(one)
        open.requestCount--
        open.byteCount -= ownBytes
        changed(open)
      }
      const one: Coming = { sinceMs: clock.monotonicMs(), byteCount: 0, leave, putOut }
      coming.add(one)
      open.requestCount++
      changed(open)
      return {
        hold(byteCount) {
          while (open.byteCount + byteCount > limits.memoryBytesMax)
            if (!isOpen || !makeWay(one)) return false
          if (!isOpen) return false
          open.byteCount += byteCount
          ownBytes += byteCount
          progress(one, byteCount)
          changed(open)
          return true
        },
        arrived: () => coming.delete(one),
        leave,
      }
    },
  }
}
