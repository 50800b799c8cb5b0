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
import { createTimeline, createTurns, TICK_MS } from './timeline.ts'

/**
 * Judges rules on the stream of observations, by event time, without storage: a rule that a batch
 * makes conclusive fires with that batch. A tick moves what depends on time passing: windows that
 * empty, watermarks, silence, holds.
 */
export interface Detector extends Part {
  /**
   * Ticks that are due before the batch came run first, so that a replay judges at the same instants.
   *
   * @param arrival when it came, on our clock; without it, now, and no tick runs
   */
  observe(observations: readonly Observation[], arrival?: Arrival): void
  status(received: ReceivedStatus): void
  /**
   * Weights of a route changed: its windows start anew with attempts of `pair` or newer. While it
   * judges, or within `during`, once that is done, so that a replay of the batch finds the same.
   */
  restart(change: Restart): void
  /**
   * A router said goodbye: it is neither silent nor missing from then on.
   *
   * @param atUnixMs when; without it, now
   */
  forgetRouter(router: string, atUnixMs?: number): void
  /** Unchanged rules keep their state, changed ones their verdict; a firing rule that goes is told ok. */
  reload(rules: readonly Rule[]): void
  rules(): RuleView[]
  rule(id: string): RuleView | undefined
  /** What `run` asks for beside observing waits until it is done. */
  during(run: () => void): void
  /** Judges every group now. */
  judge(): void
  /** Runs the ticks that are due by then; they stand on whole multiples of 250 ms. */
  tickTo(unixMs: number): void
}

export interface Arrival {
  readonly receivedUnixMs: number
}

export interface Restart {
  readonly route: string
  readonly pair: Generation
  /** Without it, now. */
  readonly atUnixMs?: number
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

export function createDetector(options: DetectorOptions): Detector {
  const { clock, timings, latenessMs, events } = options
  const silentMs = timings.sourceSilentMs
  const sources = createSources({ silentMs, latenessMs })
  const clockGuard = createClockGuard({ graceMs: silentMs, memoryMs: timings.hourMs })
  const restarts = createRestarts(options.pairOf)
  const announce = createAnnouncer({ publish: options.publish, events })
  const book = createRuleBook({ ...options, sources, silentMs })
  const intake = createIntake({ ...options, sources, clockGuard, book, restarts })
  let cancel: Cancel | undefined

  const timeline = createTimeline(clock)
  const turns = createTurns()
  const moment = (at = timeline.now()): Moment => {
    const { nowUnixMs } = at
    const newestUnixMs = Math.max(sources.newestUnixMs ?? 0, nowUnixMs - latenessMs)
    const eventUnixMs = Math.min(nowUnixMs, newestUnixMs)
    return { ...at, eventUnixMs, isFiring: book.isFiring }
  }
  const judgeGroup = (run: RuleRun, entry: RunGroup, now: Moment) => {
    entry.judgement = entry.group.judge(now)
    announce(run, entry, now)
  }
  const judgeAll = (now: Moment) => {
    for (const run of book.runs()) {
      run.forget(now.nowMs)
      for (const entry of run.groups()) judgeGroup(run, entry, now)
    }
  }
  const judge = (at = timeline.now()) => turns.run(() => judgeAll(moment(at)))
  const reach = (unixMs: number | undefined) => {
    if (unixMs !== undefined) tickTo(unixMs)
    return timeline.at(unixMs)
  }
  const tickTo = (unixMs: number) => turns.run(() => timeline.ticks(unixMs, judge))
  const observe = (observations: readonly Observation[], arrival?: Arrival) => {
    const startMs = clock.monotonicMs()
    turns.run(() => {
      const at = reach(arrival?.receivedUnixMs)
      const batch = { ...at, touched: new Map<RunGroup, RuleRun>(), heard: new Map() }
      for (const observation of observations) intake.take(observation, batch)
      const now = moment(at)
      for (const [entry, run] of batch.touched) judgeGroup(run, entry, now)
    })
    events.observed(observations.length)
    events.judged((clock.monotonicMs() - startMs) / 1_000)
  }
  const restart = ({ route, pair, atUnixMs }: Restart) => {
    const at = reach(atUnixMs)
    restarts.restart(route, pair, at.nowUnixMs)
    book.restart(route, at.nowUnixMs)
    judge(at)
  }
  const viewOf = (run: RuleRun) => toRuleView(run, clock.nowMs())

  return {
    name: 'detect',
    async start() {
      cancel ??= clock.every(TICK_MS, () => tickTo(clock.nowMs()))
    },
    async stop() {
      cancel?.()
      cancel = undefined
    },
    observe,
    status: (received) => observe(statusObservations(received), received),
    restart: (change) => turns.after(() => restart(change)),
    forgetRouter(router, atUnixMs) {
      const now = moment(reach(atUnixMs))
      sources.forget(router)
      for (const run of book.runs().filter(({ rule }) => rule.kind === 'silence')) {
        for (const entry of run.dropRouter(router)) {
          close(entry, `${router} said goodbye`)
          announce(run, entry, now)
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
    during: turns.run,
    judge: () => judge(),
    tickTo,
  }
}

/** Whatever fired gets its closing word, also when its rule or its router goes. */
function close(entry: RunGroup, reason: string): void {
  if (!entry.judgement) return
  entry.judgement = { ...entry.judgement, state: 'ok', effect: 'ok', witnesses: [], reason }
}
