import type { Clock } from '../lib/clock.ts'
import { createSequence, toSequenceMs } from '../lib/sequence.ts'
import type { Journal } from '../model/journal.ts'
import type { Transition } from '../model/route.ts'
import type { ReceivedStatus } from '../model/router-status.ts'
import type { Verdict } from '../model/verdict.ts'
import { toEvaluationRow, toGoodbyeRow, toStatusRows, toTransitionRow } from './to-journal-row.ts'

/**
 * Keeps the order in which detection saw everything that changes what it finds, so that a back-test
 * can show it the same again: export requests by their rows, all else by rows of the journal.
 */
export interface Recorder {
  /** The place in that order of what comes now. */
  nextSeenAt(): bigint
  verdict(verdict: Verdict): void
  /** Each of the others returns when detection is to take it for having come (unix ms). */
  transition(step: Transition): number
  status(received: ReceivedStatus): number
  goodbye(router: string): number
}

export interface RecorderOptions {
  readonly clock: Pick<Clock, 'nowMs'>
  readonly journal: Journal
}

export function createRecorder({ clock, journal }: RecorderOptions): Recorder {
  const { next } = createSequence(clock)
  return {
    nextSeenAt: next,
    verdict: (verdict) => journal('signalbox_rule_evaluations', toEvaluationRow(verdict, next())),
    transition(step) {
      const seenAt = next()
      const isSeen = step.data !== undefined && step.evidence.isNewGeneration === true
      journal('signalbox_transitions', toTransitionRow(step, isSeen ? seenAt : undefined))
      return toSequenceMs(seenAt)
    },
    status(received) {
      const seenAt = next()
      for (const row of toStatusRows(received, seenAt)) journal('signalbox_router_statuses', row)
      return toSequenceMs(seenAt)
    },
    goodbye(router) {
      const seenAt = next()
      journal('signalbox_router_statuses', toGoodbyeRow(router, seenAt))
      return toSequenceMs(seenAt)
    },
  }
}
