import type { Topology } from '../config/topology.ts'
import { createRecentKeys } from '../lib/recent-keys.ts'
import type { Observation, ObservationUnit, Source } from '../model/observation.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import type { ClockGuard } from './clock-guard.ts'
import { toItem } from './items.ts'
import type { Item } from './kind.ts'
import type { Restarts } from './restarts.ts'
import { isRestartable, type RuleBook } from './rule-book.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'
import type { Sources } from './sources.ts'

/** The way of an observation to its groups: heard, guarded, matched, counted once. */
export interface Intake {
  /** Adds to the batch every group that took the observation. */
  take(observation: Observation, batch: IntakeBatch): void
}

/** What came together, and so at one moment. */
export interface IntakeBatch {
  readonly nowUnixMs: number
  /** The never-stepping clock. */
  readonly nowMs: number
  readonly touched: Map<RunGroup, RuleRun>
  /** Senders that a rule of silence has heard in this batch: once is enough. */
  readonly heard: Map<RuleRun, Set<string>>
}

export interface IntakeOptions {
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
  const { sources, clockGuard, book, restarts, events } = options
  const once = createRecentKeys({ countMax: ONCE_MAX })
  const isFirst = ({ onceKey, unit }: Observation) =>
    onceKey === undefined || once.isNew(onceKey, UNIT_FLAG[unit])
  return {
    take(observation, batch) {
      const { source, unit } = observation
      const { nowUnixMs, nowMs } = batch
      const reading = { source: source.id, atUnixMs: observation.atUnixMs, nowUnixMs, nowMs }
      const { atUnixMs, fault } = clockGuard.guard(reading)
      sources.heard({ source, isStatus: unit === 'status', atUnixMs, nowUnixMs, nowMs })
      if (fault === 'clock') events.clockGuarded(source.id)
      if (fault === 'late') return events.lateSkipped(source.id)
      let item: Item | undefined
      let isNew: boolean | undefined
      for (const run of book.runsOf(unit)) {
        if (observation.isPresence && !run.isPerSender) continue
        if (run.isPerSender && isHeardAgain(run, source, batch)) continue
        item ??= toItem(observation, { atUnixMs, heardMs: nowMs, topology: options.topology() })
        if (!run.takes(item)) continue
        // A source is heard by anything it sends, also by what it sends again.
        if (run.rule.kind !== 'silence') {
          isNew ??= isFirst(observation)
          if (!isNew) continue
        }
        if (isRestartable(run.rule) && !restarts.isCurrent(observation)) continue
        const entry = run.groupOf(item)
        entry.group.add(item)
        batch.touched.set(entry, run)
      }
      if (isNew === false) events.duplicateSkipped()
    },
  }
}

/** Whether a rule that waits for senders has heard this one in the batch already. */
function isHeardAgain(run: RuleRun, { id }: Source, { heard }: IntakeBatch): boolean {
  const known = heard.get(run)
  if (known?.has(id)) return true
  if (known) known.add(id)
  else heard.set(run, new Set([id]))
  return false
}
