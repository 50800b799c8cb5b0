import type { Topology } from '../config/topology.ts'
import type { Clock } from '../lib/clock.ts'
import { createRecentKeys } from '../lib/recent-keys.ts'
import type { Observation, ObservationUnit } from '../model/observation.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import type { ClockGuard } from './clock-guard.ts'
import { toItem } from './items.ts'
import type { Restarts } from './restarts.ts'
import { isRestartable, type RuleBook } from './rule-book.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'
import type { Sources } from './sources.ts'

/** The way of an observation to its groups: heard, guarded, matched, counted once. */
export interface Intake {
  /** Adds to `touched` every group that took the observation. */
  take(observation: Observation, touched: Map<RunGroup, RuleRun>): void
}

export interface IntakeOptions {
  readonly clock: Clock
  readonly sources: Sources
  readonly clockGuard: ClockGuard
  readonly book: RuleBook
  readonly restarts: Restarts
  topology(): Topology
  readonly events: DetectEvents
}

// Two generations of this many spans: at 6,000/s at least 40 s, within which exporters try again.
const ONCE_MAX = 250_000
const UNIT_FLAG: Readonly<Record<ObservationUnit, number>> = {
  attempt: 1,
  request: 2,
  span: 4,
  log: 8,
  metric: 16,
  status: 32,
}

export function createIntake(options: IntakeOptions): Intake {
  const { clock, sources, clockGuard, book, restarts, events } = options
  const once = createRecentKeys({ countMax: ONCE_MAX })
  return {
    take(observation, touched) {
      const { source, unit, onceKey } = observation
      const now = { nowUnixMs: clock.nowMs(), nowMs: clock.monotonicMs() }
      const reading = { ...now, source: source.id, atUnixMs: observation.atUnixMs }
      const { atUnixMs, fault } = clockGuard.guard(reading)
      sources.heard({ ...now, source, atUnixMs, isStatus: unit === 'status' })
      if (fault === 'clock') events.clockGuarded(source.id)
      if (fault === 'late') return events.lateSkipped(source.id)
      const runs = book.runsOf(unit)
      if (runs.length === 0) return
      const topology = options.topology()
      const item = toItem(observation, { atUnixMs, heardMs: now.nowMs, topology })
      let isNew: boolean | undefined
      for (const run of runs) {
        if (!run.takes(item)) continue
        // A source is heard by anything it sends, also by what it sends again.
        if (run.rule.kind !== 'silence') {
          isNew ??= onceKey === undefined || once.isNew(onceKey, UNIT_FLAG[unit])
          if (!isNew) continue
        }
        if (isRestartable(run.rule) && !restarts.isCurrent(observation)) continue
        const entry = run.groupOf(item)
        entry.group.add(item)
        touched.set(entry, run)
      }
      if (isNew === false) events.duplicateSkipped()
    },
  }
}
