import type { Topology } from '../config/topology.ts'
import { createRecentKeys } from '../lib/recent-keys.ts'
import type { Observation, ObservationUnit, Source } from '../model/observation.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import type { ClockGuard } from './clock-guard.ts'
import type { Counters } from './counters.ts'
import { Cursor, type CursorOptions } from './cursor.ts'
import type { Leaf, Taker } from './leaf.ts'
import type { Restarts } from './restarts.ts'
import { isRestartable, type RuleBook } from './rule-book.ts'
import type { RuleRun, RunGroup } from './rule-run.ts'
import type { Arrival, Sources } from './sources.ts'

/** The way of observations to their groups: heard, guarded, counted once, sorted. */
export interface Intake {
  /** Takes what came together, and returns every group that took something of it. */
  take(observations: readonly Observation[], now: IntakeMoment): ReadonlyMap<RunGroup, RuleRun>
}

export interface IntakeMoment {
  readonly nowUnixMs: number
  /** The never-stepping clock. */
  readonly nowMs: number
}

export interface IntakeOptions extends CursorOptions {
  readonly sources: Sources
  readonly clockGuard: ClockGuard
  readonly book: RuleBook
  readonly restarts: Restarts
  readonly counters: Pick<Counters, 'feedOf'>
  topology(): Topology
  readonly events: DetectEvents
  /** Told of every attempt that was not delivered before. */
  onAttempt?(observation: Observation, atUnixMs: number): void
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
  return new Sorting(options)
}

/** A class, since it is the hot path: what a batch needs stands in fields. */
class Sorting implements Intake {
  readonly #options: IntakeOptions
  readonly #once = createRecentKeys({ countMax: ONCE_MAX })
  readonly #cursor: Cursor
  #now: IntakeMoment = { nowUnixMs: 0, nowMs: 0 }
  #batch = 0
  #touched = new Map<RunGroup, RuleRun>()
  #pending: Leaf[] = []
  /** What each source sent in this batch, to be heard once. */
  #heard = new Map<string, Heard>()
  #last: Heard | undefined

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#cursor = new Cursor(options)
  }

  take(observations: readonly Observation[], now: IntakeMoment): ReadonlyMap<RunGroup, RuleRun> {
    this.#now = now
    this.#batch++
    this.#touched = new Map()
    this.#heard = new Map()
    this.#last = undefined
    for (const observation of observations) this.#takeOne(observation)
    for (const leaf of this.#pending) this.#flush(leaf)
    this.#pending = []
    const { sources } = this.#options
    for (const { status, telemetry } of this.#heard.values()) {
      if (status) sources.heard(status)
      if (telemetry) sources.heard(telemetry)
    }
    return this.#touched
  }

  #takeOne(observation: Observation): void {
    const { book, clockGuard, counters, events } = this.#options
    const { source, unit } = observation
    const { nowUnixMs, nowMs } = this.#now
    const reading = { source: source.id, atUnixMs: observation.atUnixMs, nowUnixMs, nowMs }
    const { atUnixMs, fault } = clockGuard.guard(reading)
    // What a router counted came with its status.
    const isStatus = unit === 'status' || observation.feed !== undefined
    const heard = this.#hear(source, isStatus, atUnixMs)
    if (fault === 'clock') events.clockGuarded(source.id)
    if (fault === 'late') {
      events.lateSkipped(source.id)
      return
    }
    this.#cursor.moveTo(observation, { atUnixMs, heardMs: nowMs })
    if ((heard.units & UNIT_FLAG[unit]) === 0) this.#tellSender(heard, unit)
    if (observation.isPresence) return
    let isNew: boolean | undefined
    let isCurrent = true
    for (const sorter of book.sortersOf(counters.feedOf(observation, atUnixMs))) {
      const leaf = sorter.find(this.#cursor)
      if (leaf.each.length + leaf.tallied.length === 0) continue
      if (isNew === undefined && leaf.isCounted) {
        isNew = this.#isFirst(observation)
        isCurrent = this.#options.restarts.isCurrent(observation)
      }
      this.#give(leaf, observation, { isNew: isNew !== false, isCurrent })
    }
    if (unit === 'attempt' && (isNew ?? this.#isFirst(observation)))
      this.#options.onAttempt?.(observation, atUnixMs)
    if (isNew === false) events.duplicateSkipped()
  }

  #give(leaf: Leaf, observation: Observation, { isNew, isCurrent }: Standing): void {
    for (const taker of leaf.each) if (isTaking(taker, isNew, isCurrent)) this.#add(taker)
    if (leaf.tallied.length === 0) return
    if (isNew && isCurrent) this.#count(leaf, observation)
    else for (const taker of leaf.tallied) if (isTaking(taker, isNew, isCurrent)) this.#add(taker)
  }

  #hear(source: Source, isStatus: boolean, atUnixMs: number): Heard {
    let heard = this.#last
    if (heard?.source !== source) {
      const key = `${source.component} ${source.id}`
      heard = this.#heard.get(key)
      if (!heard) {
        heard = { source, units: 0, status: undefined, telemetry: undefined }
        this.#heard.set(key, heard)
      }
      this.#last = heard
    }
    const kind = isStatus ? 'status' : 'telemetry'
    const known = heard[kind]
    if (known) known.atUnixMs = Math.max(known.atUnixMs, atUnixMs)
    else heard[kind] = { source, isStatus, atUnixMs, ...this.#now }
    return heard
  }

  /** Rules that only ask who sends: of a batch, one item of each sender and unit is enough. */
  #tellSender(heard: Heard, unit: ObservationUnit): void {
    heard.units |= UNIT_FLAG[unit]
    for (const run of this.#options.book.perSenderOf(unit)) {
      if (run.takes(this.#cursor)) this.#addTo(run, run.groupOf(this.#cursor))
    }
  }

  #isFirst({ once, unit }: Observation): boolean {
    return once === undefined || this.#once.isNew(once, UNIT_FLAG[unit])
  }

  #count(leaf: Leaf, observation: Observation): void {
    const { tally } = leaf
    const cursor = this.#cursor
    if (tally.count > 0 && tally.fits(cursor)) {
      tally.add(cursor)
      return
    }
    if (tally.count === 0) {
      // Groups are made in the order in which their items come, not in that of counting them up.
      for (const taker of leaf.tallied) this.#entryOf(taker)
      this.#pending.push(leaf)
    } else {
      const { atUnixMs, heardMs } = cursor
      this.#flush(leaf)
      cursor.moveTo(observation, { atUnixMs, heardMs })
    }
    tally.begin(cursor, observation)
  }

  #flush({ tally, tallied }: Leaf): void {
    const { observation, atUnixMs } = tally
    if (!observation) return
    const cursor = this.#cursor
    cursor.moveTo(observation, { atUnixMs, heardMs: this.#now.nowMs })
    cursor.count = tally.count
    cursor.weight = tally.weight
    for (const taker of tallied) this.#add(taker)
    tally.clear()
  }

  #add(taker: Taker): void {
    const { run } = taker
    const cursor = this.#cursor
    if (taker.takes && !taker.takes(cursor.read)) return
    // What the kind cannot use must not make a group; where there is one, the kind leaves it out.
    // Only `silence` does not look.
    if (taker.entry && run.rule.kind !== 'silence') this.#addTo(run, taker.entry)
    else if (taker.isUsable(cursor)) this.#addTo(run, this.#entryOf(taker))
  }

  #entryOf(taker: Taker): RunGroup {
    if (taker.entry) return taker.entry
    const entry = taker.run.groupOf(this.#cursor)
    if (taker.isEntryKnown && !entry.isOverflow) taker.entry = entry
    return entry
  }

  #addTo(run: RuleRun, entry: RunGroup): void {
    entry.group.add(this.#cursor)
    if (entry.touchedBatch === this.#batch) return
    entry.touchedBatch = this.#batch
    this.#touched.set(entry, run)
  }
}

interface Standing {
  /** Not delivered before. */
  readonly isNew: boolean
  /** Started under the weights in force. */
  readonly isCurrent: boolean
}

type MutableArrival = { -readonly [K in keyof Arrival]: Arrival[K] }

interface Heard {
  readonly source: Source
  /** Units of which rules that only ask who sends were told. */
  units: number
  status: MutableArrival | undefined
  telemetry: MutableArrival | undefined
}

/** A source is heard by anything it sends, also by what it sends again. */
function isTaking({ run: { rule } }: Taker, isNew: boolean, isCurrent: boolean): boolean {
  return (isNew || rule.kind === 'silence') && (isCurrent || !isRestartable(rule))
}
