import type { Rule } from '../config/rules.ts'
import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { Clock } from '../lib/clock.ts'
import type { Part } from '../lib/part.ts'
import type { Attempt } from '../model/attempt.ts'
import type { Generation } from '../model/generation.ts'
import type { Observation } from '../model/observation.ts'
import type { ReceivedStatus } from '../model/router-status.ts'
import type { RuleMemory } from '../model/rule-memory.ts'
import type { RuleView, Verdict } from '../model/verdict.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import { createAnnouncer } from './announce.ts'
import { createClockGuard } from './clock-guard.ts'
import { createIntake } from './intake.ts'
import { createJudging } from './judging.ts'
import { createMemory } from './memory.ts'
import { createOnsets } from './onset.ts'
import { onsetOfGroup } from './onset-scope.ts'
import { createGenerationBehind, createRestarts } from './restarts.ts'
import { createRouterClocks } from './router-clocks.ts'
import { createRuleBook } from './rule-book.ts'
import type { RuleRun } from './rule-run.ts'
import { toRuleView } from './rule-view.ts'
import { createSources } from './sources.ts'
import { statusObservations } from './status-observations.ts'
import { createTemplates } from './templates.ts'
import { createTicks } from './ticks.ts'

/**
 * Judges rules on the stream of observations, by event time, without storage: a rule that a batch
 * makes conclusive fires with that batch. A tick moves what depends on time passing: windows that
 * empty, watermarks, silence, holds.
 */
export interface Detector extends Part {
  /** What came together at `receivedUnixMs` (default: now). */
  observe(observations: readonly Observation[], receivedUnixMs?: number): void
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
  /** The pair that a route is at, for `generation_behind`; absent: as told by `restart`. */
  pairAt?(route: string): Generation | undefined
  readonly events: DetectEvents
  /** Where state survives a restart; absent: it does not. */
  readonly memory?: RuleMemory
}

export function createDetector(options: DetectorOptions, templates = createTemplates()): Detector {
  const { clock, timings, latenessMs, events } = options
  const silentMs = timings.sourceSilentMs
  const sources = createSources({ silentMs, latenessMs })
  const clockGuard = createClockGuard({ graceMs: silentMs, memoryMs: timings.hourMs })
  const restarts = createRestarts(options.pairOf)
  const clocks = createRouterClocks()
  const onsets = createOnsets({ hourMs: timings.hourMs, clockSkewMs: clocks.skewMs })
  const announce = createAnnouncer({ ...options, onsetOf: onsetOfGroup(onsets) })
  const book = createRuleBook({ ...options, sources, silentMs })
  const judging = createJudging({ clock, latenessMs, sources, book, announce })
  const { judgeAt, judgeGroups, close } = judging
  const generationBehind = createGenerationBehind(
    (route) => restarts.pairAt(route) ?? options.pairAt?.(route),
  )
  const seen = { generationBehind, templates, onAttempt: onsets.observe }
  const intake = createIntake({ ...options, ...seen, sources, clockGuard, book, restarts })
  const judge = () => judgeAt(clock.nowMs())
  const ticks = createTicks({ clock, tick: judgeAt })
  const parts = { sources, clockGuard, restarts, templates, onsets }
  const { memory: store } = options
  const memory = store && createMemory({ store, clock, book, parts, events })

  const observe = (observations: readonly Observation[], receivedUnixMs = clock.nowMs()) => {
    const startMs = clock.monotonicMs()
    ticks.runUntil(receivedUnixMs)
    const touched = intake.take(observations, judging.momentAt(receivedUnixMs))
    judgeGroups(touched, receivedUnixMs)
    events.observed(observations.length)
    events.judged((clock.monotonicMs() - startMs) / 1_000)
  }
  const viewOf = (run: RuleRun) => toRuleView(run, clock.nowMs())

  return {
    name: 'detect',
    async start() {
      memory?.start()
      ticks.start()
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
    restart({ route, pair }) {
      restarts.restart(route, pair, clock.nowMs())
      book.restart(route, clock.nowMs())
      judge()
    },
    forgetRouter(router) {
      sources.forget(router)
      clocks.forget(router)
      for (const run of book.runs().filter(({ rule }) => rule.kind === 'silence'))
        for (const entry of run.dropRouter(router)) close({ run, entry }, `${router} said goodbye`)
      book.forgetGroups()
    },
    reload(rules) {
      for (const gone of book.reload(rules)) close(gone, 'the rule was removed')
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
