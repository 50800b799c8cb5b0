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
  return {
    take(observation, batch) {
      const { source, unit } = observation
      const now = { nowUnixMs: batch.nowUnixMs, nowMs: batch.nowMs }
      const reading = { ...now, source: source.id, atUnixMs: observation.atUnixMs }
      const { atUnixMs, fault } = clockGuard.guard(reading)
      sources.heard({ ...now, source, atUnixMs, isStatus: unit === 'status' })
      if (fault === 'clock') events.clockGuarded(source.id)
      if (fault === 'late') return events.lateSkipped(source.id)
      const runs = book.runsOf(unit)
      if (runs.length === 0) return
      const topology = options.topology()
      let item: Item | undefined
      let isNew: boolean | undefined
      for (const run of runs) {
        if (isHeardAgain(run, source, batch)) continue
        item ??= toItem(observation, { atUnixMs, heardMs: now.nowMs, topology })
        if (!run.takes(item)) continue
        // A source is heard by anything it sends, also by what it sends again.
        if (run.rule.kind !== 'silence') {
          const { onceKey } = observation
          isNew ??= onceKey === undefined || once.isNew(onceKey, UNIT_FLAG[unit])
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

/** What names a sender, and is the same for all that it sends. */
const SENDER_KEYS = new Set(['router', 'worker', 'autoscaler'])

/**
 * Whether a rule that waits for senders has heard this one in the batch. One whose groups depend on
 * the item itself must see every item.
 */
function isHeardAgain(run: RuleRun, source: Source, { heard }: IntakeBatch): boolean {
  const { rule } = run
  if (rule.kind !== 'silence' || typeof rule.expect !== 'string') return false
  const isSender = (key: string) =>
    SENDER_KEYS.has(key) || (key === 'target' && rule.expect === 'workers')
  if (!rule.by.every(isSender)) return false
  const known = heard.get(run)
  if (known?.has(source.id)) return true
  if (known) known.add(source.id)
  else heard.set(run, new Set([source.id]))
  return false
}
