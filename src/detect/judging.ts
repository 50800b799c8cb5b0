import type { Clock } from '../lib/clock.ts'
import type { Announce } from './announce.ts'
import type { Moment } from './judgement.ts'
import type { Gone, RuleBook } from './rule-book.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'
import type { Sources } from './sources.ts'

/** When groups are judged, and as of which moment. */
export interface Judging {
  momentAt(nowUnixMs: number): Moment
  /** Every group. */
  judgeAt(nowUnixMs: number): void
  /** Those that took something. */
  judgeGroups(touched: ReadonlyMap<RunGroup, RuleRun>, nowUnixMs: number): void
  /** Whatever fired gets its closing word, also when its rule or its router goes. */
  close(gone: Gone, end: { readonly reason: string; readonly atUnixMs: number }): void
}

export interface JudgingOptions {
  readonly clock: Clock
  readonly latenessMs: number
  readonly sources: Sources
  readonly book: RuleBook
  readonly announce: Announce
}

const STEP_MS = 500

export function createJudging(options: JudgingOptions): Judging {
  const { clock, latenessMs, sources, book, announce } = options
  let offsetMs = clock.nowMs() - clock.monotonicMs()
  // The clocks are read a fraction of a millisecond apart: only a step of one counts, or the same
  // batches would be judged at other instants at every run.
  const follow = () => {
    const nowMs = clock.nowMs() - clock.monotonicMs()
    if (Math.abs(nowMs - offsetMs) > STEP_MS) offsetMs = nowMs
  }
  const momentAt = (nowUnixMs: number): Moment => {
    follow()
    const nowMs = nowUnixMs - offsetMs
    const newestUnixMs = Math.max(sources.newestUnixMs ?? 0, nowUnixMs - latenessMs)
    const eventUnixMs = Math.min(nowUnixMs, newestUnixMs)
    return { nowUnixMs, nowMs, eventUnixMs, look: book.look }
  }
  const judgeGroup = (run: RuleRun, entry: RunGroup, now: Moment) => {
    entry.judgement = entry.group.judge(now)
    announce(run, entry, now)
  }
  return {
    momentAt,
    judgeAt(nowUnixMs) {
      const now = momentAt(nowUnixMs)
      let isDropped = false
      book.dependents(now.nowMs)
      for (const run of book.runs()) {
        isDropped = run.forget(now.nowMs) || isDropped
        for (const entry of run.groups()) judgeGroup(run, entry, now)
      }
      if (isDropped) book.forgetGroups()
    },
    judgeGroups(touched, nowUnixMs) {
      const now = momentAt(nowUnixMs)
      for (const [entry, run] of touched) judgeGroup(run, entry, now)
      // What others say may have changed with it; there are few that look.
      for (const run of book.dependents(now.nowMs))
        for (const entry of run.groups()) if (!touched.has(entry)) judgeGroup(run, entry, now)
    },
    close({ run, entry }, { reason, atUnixMs }) {
      if (!entry.judgement) return
      entry.judgement = {
        ...entry.judgement,
        state: 'ok',
        effect: 'ok',
        witnesses: [],
        reason,
        refused: undefined,
      }
      announce(run, entry, momentAt(atUnixMs))
    },
  }
}
