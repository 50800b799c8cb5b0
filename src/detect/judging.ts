import type { Clock } from '../lib/clock.ts'
import type { Announce } from './announce.ts'
import type { Judgement, Moment } from './judgement.ts'
import type { Gone, RuleBook } from './rule-book.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'
import { REST_MS } from './slack.ts'
import type { Sources } from './sources.ts'

/** When groups are judged, and as of which moment. */
export interface Judging {
  momentAt(nowUnixMs: number): Moment
  /** Every group. */
  judgeAt(nowUnixMs: number): void
  /**
   * Those that time may change: what fires, is pending or unknown, and kinds that wait for something.
   * A group at rest is judged with each batch that may trip it, and else once a second: its windows
   * only empty.
   */
  tick(nowUnixMs: number): void
  /** A rule with its figures as of now, for who looks at them; it says nothing new. */
  refreshed(run: RuleRun, nowUnixMs: number): RuleRun
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
const FORGET_EVERY_MS = 10_000
/** Kinds for which nothing coming is what they wait for, or that look at others. */
const TIMED: ReadonlySet<string> = new Set(['silence', 'gap', 'inflight', 'all_of', 'any_of'])

function isResting({ effect, state }: Judgement): boolean {
  return effect !== 'firing' && (state === 'ok' || state === 'insufficient')
}

function refreshed(run: RuleRun, now: Moment): RuleRun {
  for (const entry of run.groups()) {
    const { judgement: last, group } = entry
    if (last && isResting(last)) entry.judgement = group.refresh(last, now)
  }
  return run
}

function isAtRest({ judgement, judgedUnixMs }: RunGroup, nowUnixMs: number): boolean {
  if (!judgement || !isResting(judgement)) return false
  const sinceMs = nowUnixMs - judgedUnixMs
  return sinceMs >= 0 && sinceMs < REST_MS
}

/**
 * Whether a group at rest took nothing that could turn it: then ticks judge it. Nobody is called silent
 * for having been heard.
 */
function isCalm({ rule }: RuleRun, entry: RunGroup, now: Moment): boolean {
  if (!isAtRest(entry, now.nowUnixMs)) return false
  if (rule.kind === 'silence') return entry.judgement?.state === 'ok'
  return !entry.group.mayTurn(now)
}

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
    entry.judgedUnixMs = now.nowUnixMs
    announce(run, entry, now)
  }
  let forgotUnixMs = Number.NEGATIVE_INFINITY
  const forgetIdle = ({ nowUnixMs, nowMs }: Moment) => {
    if (Math.abs(nowUnixMs - forgotUnixMs) < FORGET_EVERY_MS) return
    forgotUnixMs = nowUnixMs
    const dropped = book.runs().filter((run) => run.forget(nowMs))
    if (dropped.length > 0) book.forgetGroups()
  }
  return {
    momentAt,
    judgeAt(nowUnixMs) {
      const now = momentAt(nowUnixMs)
      forgetIdle(now)
      book.follow(now.nowMs)
      for (const run of book.runs()) for (const entry of run.groups()) judgeGroup(run, entry, now)
    },
    tick(nowUnixMs) {
      const now = momentAt(nowUnixMs)
      forgetIdle(now)
      book.follow(now.nowMs)
      for (const run of book.runs()) {
        const isTimed = TIMED.has(run.rule.kind)
        for (const entry of run.groups())
          if ((isTimed && entry.group.dueMs <= now.nowMs) || !isAtRest(entry, nowUnixMs))
            judgeGroup(run, entry, now)
      }
    },
    refreshed: (run, nowUnixMs) => refreshed(run, momentAt(nowUnixMs)),
    judgeGroups(touched, nowUnixMs) {
      const now = momentAt(nowUnixMs)
      const ids = new Set<string>()
      for (const [entry, run] of touched) {
        if (isCalm(run, entry, now)) continue
        judgeGroup(run, entry, now)
        if (entry.group.hasNewLook) ids.add(run.rule.id)
      }
      // What others say may have changed with it.
      for (const run of book.lookingAt(ids, now.nowMs))
        for (const entry of run.groups()) if (!touched.has(entry)) judgeGroup(run, entry, now)
    },
    close({ run, entry }, { reason, atUnixMs }) {
      if (!entry.judgement && !entry.told) return
      const now = momentAt(atUnixMs)
      entry.judgement = {
        ...(entry.judgement ?? entry.group.judge(now)),
        state: 'ok',
        effect: 'ok',
        witnesses: [],
        reason,
        refused: undefined,
      }
      announce(run, entry, now)
    },
  }
}
