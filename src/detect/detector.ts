import type { Rule } from '../config/rules.ts'
import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Part } from '../lib/part.ts'
import type { Attempt } from '../model/attempt.ts'
import type { Generation } from '../model/generation.ts'
import type { Observation } from '../model/observation.ts'
import type { ReceivedStatus } from '../model/router-status.ts'
import type { RuleView, Verdict } from '../model/verdict.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import { createAnnouncer } from './announce.ts'
import { createClockGuard } from './clock-guard.ts'
import type { Moment } from './group.ts'
import { createIntake } from './intake.ts'
import { statusObservations } from './items.ts'
import { createRestarts } from './restarts.ts'
import { createRuleBook } from './rule-book.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'
import { toRuleView } from './rule-view.ts'
import { createSources } from './sources.ts'
import { createTemplates } from './templates.ts'

/**
 * Judges rules on the stream of observations, by event time, without storage: a rule that a batch
 * makes conclusive fires with that batch. A tick moves what depends on time passing: windows that
 * empty, watermarks, silence, holds.
 */
export interface Detector extends Part {
  observe(observations: readonly Observation[]): void
  status(received: ReceivedStatus): void
  /** Weights of a route changed: its windows start anew with attempts of `pair` or newer. */
  restart(change: { readonly route: string; readonly pair: Generation }): void
  /** A router said goodbye: it is neither silent nor missing from then on. */
  forgetRouter(router: string): void
  /** Unchanged rules keep their state, changed ones their verdict; a firing rule that goes is told ok. */
  reload(rules: readonly Rule[]): void
  rules(): RuleView[]
  rule(id: string): RuleView | undefined
  /** What the tick does: judges every group now. */
  judge(): void
}

export interface DetectorOptions {
  readonly rules: readonly Rule[]
  topology(): Topology
  readonly clock: Clock
  readonly timings: Timings
  readonly latenessMs: number
  publish(verdict: Verdict): void
  /** The pair that an attempt without one was started under; undefined when nobody knows. */
  pairOf(attempt: Attempt): Generation | undefined
  readonly events: DetectEvents
}

const TICK_MS = 250

export function createDetector(options: DetectorOptions, templates = createTemplates()): Detector {
  const { clock, timings, latenessMs, events } = options
  const silentMs = timings.sourceSilentMs
  const sources = createSources({ silentMs, latenessMs })
  const clockGuard = createClockGuard({ graceMs: silentMs, memoryMs: timings.hourMs })
  const restarts = createRestarts(options.pairOf)
  const announce = createAnnouncer({ publish: options.publish, events })
  const book = createRuleBook({ ...options, sources, silentMs })
  const intake = createIntake({ ...options, sources, clockGuard, book, restarts, templates })
  let cancel: Cancel | undefined

  const moment = (): Moment => {
    const nowUnixMs = clock.nowMs()
    const newestUnixMs = Math.max(sources.newestUnixMs ?? 0, nowUnixMs - latenessMs)
    const eventUnixMs = Math.min(nowUnixMs, newestUnixMs)
    return { nowUnixMs, nowMs: clock.monotonicMs(), eventUnixMs, isFiring: book.isFiring }
  }
  const judgeGroup = (run: RuleRun, entry: RunGroup, now: Moment) => {
    entry.judgement = entry.group.judge(now)
    announce(run, entry, now)
  }
  const judge = () => {
    const now = moment()
    for (const run of book.runs()) {
      run.forget(now.nowMs)
      for (const entry of run.groups()) judgeGroup(run, entry, now)
    }
  }
  const observe = (observations: readonly Observation[]) => {
    const startMs = clock.monotonicMs()
    const batch = { nowUnixMs: clock.nowMs(), nowMs: startMs, touched: new Map(), heard: new Map() }
    for (const observation of observations) intake.take(observation, batch)
    const now = moment()
    for (const [entry, run] of batch.touched) judgeGroup(run, entry, now)
    events.observed(observations.length)
    events.judged((clock.monotonicMs() - startMs) / 1_000)
  }
  const viewOf = (run: RuleRun) => toRuleView(run, clock.nowMs())

  return {
    name: 'detect',
    async start() {
      cancel ??= clock.every(TICK_MS, judge)
    },
    async stop() {
      cancel?.()
      cancel = undefined
    },
    observe,
    status: (received) => observe(statusObservations(received)),
    restart({ route, pair }) {
      restarts.restart(route, pair, clock.nowMs())
      book.restart(route, clock.nowMs())
      judge()
    },
    forgetRouter(router) {
      sources.forget(router)
      for (const run of book.runs().filter(({ rule }) => rule.kind === 'silence')) {
        for (const entry of run.dropRouter(router)) {
          close(entry, `${router} said goodbye`)
          announce(run, entry, moment())
        }
      }
    },
    reload(rules) {
      for (const { run, entry } of book.reload(rules)) {
        close(entry, 'the rule was removed')
        announce(run, entry, moment())
      }
      judge()
    },
    rules: () => book.runs().map(viewOf),
    rule(id) {
      const run = book.runs().find((one) => one.rule.id === id)
      return run && viewOf(run)
    },
    judge,
  }
}

/** Whatever fired gets its closing word, also when its rule or its router goes. */
function close(entry: RunGroup, reason: string): void {
  if (!entry.judgement) return
  entry.judgement = { ...entry.judgement, state: 'ok', effect: 'ok', witnesses: [], reason }
}
