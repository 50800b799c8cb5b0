import type { Rule } from '../config/rules.ts'
import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { Clock } from '../lib/clock.ts'
import type { Part } from '../lib/part.ts'
import type { Attempt } from '../model/attempt.ts'
import type { Generation } from '../model/generation.ts'
import type { Observation } from '../model/observation.ts'
import type { ObservationColumns } from '../model/observation-columns.ts'
import type { ReceivedStatus } from '../model/router-status.ts'
import type { RuleDetail } from '../model/rule-detail.ts'
import type { RuleMemory } from '../model/rule-memory.ts'
import type { RuleView, Verdict } from '../model/verdict.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import { createAnnouncer } from './announce.ts'
import { createClockGuard } from './clock-guard.ts'
import { createCounters } from './counters.ts'
import { createIntake, type IntakeOptions } from './intake.ts'
import { createJudging, type Judging } from './judging.ts'
import { createListening } from './listening.ts'
import { createMemory } from './memory.ts'
import { createOnsets } from './onset.ts'
import { onsetOfGroup } from './onset-scope.ts'
import { createGenerationBehind, createRestarts, type Restarts } from './restarts.ts'
import { createRouterClocks } from './router-clocks.ts'
import { createRuleBook, type Gone, type RuleBook } from './rule-book.ts'
import { toRuleDetail } from './rule-detail.ts'
import type { RuleRun } from './rule-run.ts'
import { toRuleView } from './rule-view.ts'
import { createSources } from './sources.ts'
import { statusObservations } from './status-observations.ts'
import { createTemplates } from './templates.ts'
import { createTicks, type Ticks } from './ticks.ts'
import { createTurns } from './turns.ts'

/**
 * Judges rules on the stream of observations, by event time, without storage: a rule that a batch
 * makes conclusive fires with that batch. A tick moves what depends on time passing: windows that
 * empty, watermarks, silence, holds.
 */
export interface Detector extends Part {
  /**
   * What came together at `receivedUnixMs` (default: now).
   * @param columns the same, where whoever made the observations filled them along the way
   */
  observe(
    observations: readonly Observation[],
    receivedUnixMs?: number,
    columns?: ObservationColumns,
  ): void
  status(received: ReceivedStatus): void
  /**
   * Weights of a route changed: its windows start anew with attempts of `pair` or newer. While it
   * judges, or within `during`, once that is done.
   */
  restart(change: Restart): void
  /** A router said goodbye: it is neither silent nor missing from then on (default: now). */
  forgetRouter(router: string, atUnixMs?: number): void
  /** What `run` brings about waits until it is done: then a replay finds the same. */
  during(run: () => void): void
  /** Unchanged rules keep their state, changed ones their verdict; a firing rule that goes is told ok. */
  reload(rules: readonly Rule[]): void
  rules(): RuleView[]
  /** With what explains each group. */
  rule(id: string): RuleDetail | undefined
  /** Judges every group now. */
  judge(): void
  /** What a tick does, now: judges every group that time may change. */
  tick(): void
  /** Runs the ticks that are due by then; at most the last minute's. */
  tickTo(unixMs: number): void
}

export interface Restart {
  readonly route: string
  readonly pair: Generation
  /** Default: now. */
  readonly atUnixMs?: number
}

export interface DetectorOptions {
  readonly rules: readonly Rule[]
  topology(): Topology
  readonly clock: Clock
  readonly timings: Timings
  readonly latenessMs: number
  publish(verdict: Verdict): void
  /** A verdict that would have been another, once per episode; told apart since nothing changed. */
  refuse?(verdict: Verdict): void
  /** The pair that an attempt without one was started under; undefined when nobody knows. */
  pairOf(attempt: Attempt): Generation | undefined
  /** The pair that a route is at, for `generation_behind`; absent: as told by `restart`. */
  pairAt?(route: string): Generation | undefined
  readonly events: DetectEvents
  /** Where state survives a restart; absent: it does not. */
  readonly memory?: RuleMemory
}

/** What a detector is made of, joined; nothing runs yet. */
function createEngine(options: DetectorOptions) {
  const { clock, timings, latenessMs, events } = options
  const silentMs = timings.sourceSilentMs
  const sources = createSources({ silentMs, latenessMs })
  const clockGuard = createClockGuard({ graceMs: silentMs, memoryMs: timings.hourMs })
  const restarts = createRestarts(options.pairOf)
  const counters = createCounters({
    ...{ latenessMs, restarts, events },
    isCounted: (): boolean => book.sortersOf('counted').length > 0,
  })
  const clocks = createRouterClocks()
  const onsets = createOnsets({ hourMs: timings.hourMs, clockSkewMs: clocks.skewMs })
  const onsetOf = onsetOfGroup(onsets)
  const announce = createAnnouncer({ refuse: () => {}, ...options, onsetOf })
  const templates = createTemplates()
  const isShort = (router: string) => counters.missingShareOf(router) !== undefined
  const book = createRuleBook({ ...options, sources, silentMs, isShort })
  const judging = createJudging({ clock, latenessMs, sources, book, announce })
  const pairAt = (route: string) => restarts.pairAt(route) ?? options.pairAt?.(route)
  const generationBehind = createGenerationBehind(pairAt)
  const onAttempts: IntakeOptions['onAttempts'] = (attempts) => {
    onsets.observe(attempts)
    counters.observe(attempts)
  }
  const seen = { generationBehind, pairAt, templates, onAttempts, counters }
  const intake = createIntake({ ...options, ...seen, sources, clockGuard, book, restarts })
  const listening = createListening(book)
  const parts = { sources, clockGuard, restarts, templates, onsets, counters, listening }
  const { memory: store } = options
  const memory = store && createMemory({ store, clock, book, parts, events })
  return { sources, clocks, restarts, counters, book, judging, intake, memory }
}

const REMOVED = 'the rule was removed'

export function createDetector(options: DetectorOptions): Detector {
  const { clock, events } = options
  const engine = createEngine(options)
  const { sources, clocks, restarts, counters, book, judging, intake, memory } = engine
  const { judgeAt, judgeGroups, close } = judging
  const shown = (run: RuleRun) => judging.refreshed(run, clock.nowMs())
  const judge = () => judgeAt(clock.nowMs())
  const closeAll = (all: readonly Gone[], reason: string, atUnixMs = clock.nowMs()) => {
    for (const gone of all) close(gone, { reason, atUnixMs })
  }
  const turns = createTurns()
  const ticks = createTicks({ clock, tick: judging.tick, around: turns.run })

  const observe: Detector['observe'] = (observations, receivedUnixMs = clock.nowMs(), columns) => {
    const startMs = clock.monotonicMs()
    turns.run(() => {
      ticks.runUntil(receivedUnixMs)
      const counted = counters.take(observations, receivedUnixMs)
      const all = counted.length > 0 ? [...observations, ...counted] : observations
      const known = counted.length > 0 ? undefined : columns
      const touched = intake.take(all, judging.momentAt(receivedUnixMs), known)
      judgeGroups(touched, receivedUnixMs)
    })
    events.observed(observations.length)
    events.judged((clock.monotonicMs() - startMs) / 1_000)
  }
  const restart = (change: Restart) =>
    turns.run(() => restartAt(change, { clock, ticks, restarts, book, judgeAt }))

  return {
    name: 'detect',
    async start() {
      const gone = memory?.start() ?? []
      ticks.start()
      // What was taken up is told at once, not with the first tick.
      if (!memory) return
      turns.run(() => {
        closeAll(gone, REMOVED)
        judge()
      })
    },
    async stop() {
      ticks.stop()
      await memory?.stop()
    },
    observe,
    status(received) {
      const { router, receivedUnixMs, status } = received
      clocks.heard(router, { clock: status.clock, receivedUnixMs })
      observe(statusObservations(received), receivedUnixMs)
    },
    restart: (change) => turns.after(() => restart(change)),
    forgetRouter(router, atUnixMs = clock.nowMs()) {
      ticks.runUntil(atUnixMs)
      sources.forget(router)
      clocks.forget(router)
      counters.forget(router)
      closeAll(dropRouter(book, router), `${router} said goodbye`, atUnixMs)
    },
    during: turns.run,
    tickTo: (unixMs) => turns.run(() => ticks.runUntil(unixMs)),
    reload(rules) {
      closeAll(book.reload(rules), REMOVED)
      judge()
    },
    rules: () => book.runs().map((run) => toRuleView(shown(run), clock.nowMs())),
    rule(id) {
      const run = book.runs().find((one) => one.rule.id === id)
      const moment = judging.momentAt(clock.nowMs())
      return run && toRuleDetail(shown(run), moment, counters.missingShareOf)
    },
    judge,
    tick: () => judging.tick(clock.nowMs()),
  }
}

/** The groups of a router that said goodbye, which nobody waits for any more. */
function dropRouter(book: RuleBook, router: string): readonly Gone[] {
  const silences = book.runs().filter(({ rule }) => rule.kind === 'silence')
  const gone = silences.flatMap((run) => run.dropRouter(router).map((entry) => ({ run, entry })))
  book.forgetGroups()
  return gone
}

interface RestartParts extends Pick<Judging, 'judgeAt'> {
  readonly clock: Clock
  readonly ticks: Ticks
  readonly restarts: Restarts
  readonly book: RuleBook
}

function restartAt({ route, pair, atUnixMs }: Restart, parts: RestartParts): void {
  const nowUnixMs = atUnixMs ?? parts.clock.nowMs()
  parts.ticks.runUntil(nowUnixMs)
  parts.restarts.restart(route, pair, nowUnixMs)
  parts.book.restart(route, nowUnixMs)
  parts.judgeAt(nowUnixMs)
}
