import type { Observation, Source } from '../model/observation.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import { type ClockGuard, OFF_MAX_MS } from './clock-guard.ts'
import type { Sources } from './sources.ts'

export interface IntakeMoment {
  readonly nowUnixMs: number
  /** The never-stepping clock. */
  readonly nowMs: number
}

export interface HearingOptions {
  readonly sources: Sources
  readonly clockGuard: ClockGuard
  readonly events: DetectEvents
}

const SENDERS_MAX = 10_000

/** A source, and what it sent in the batch that it was last heard in. */
export interface Heard {
  readonly source: Source
  batch: number
  /** Units of which rules that only ask who sends were told. */
  units: number
  isTimely: boolean
  /** Event times of the newest telemetry and of the newest status; -Infinity when none came. */
  readonly newest: Float64Array
}

const TELEMETRY = 0
const STATUS = 1

/** Of each item whose it is and which time to believe; of a batch, each source is heard once. */
export class Hearing {
  /** The event time to believe of what was heard last. An array, so that no number is boxed. */
  readonly at = new Float64Array(1)
  readonly #options: HearingOptions
  #now: IntakeMoment = { nowUnixMs: 0, nowMs: 0 }
  readonly #senders = new Map<string, Heard>()
  /** By the object that named it: senders are named by the same one mostly. */
  readonly #bySource = new Map<Source, Heard>()
  #batch = 0
  #heard: Heard[] = []

  constructor(options: HearingOptions) {
    this.#options = options
  }

  begin(now: IntakeMoment): void {
    this.#now = now
    this.#batch++
    this.#heard = []
    if (this.#senders.size >= SENDERS_MAX) this.#senders.clear()
    if (this.#bySource.size >= SENDERS_MAX) this.#bySource.clear()
  }

  of(source: Source): Heard {
    return this.again(this.#bySource.get(source) ?? this.#find(source))
  }

  /** The same, of a sender that is known already. */
  again(sender: Heard): Heard {
    if (sender.batch === this.#batch) return sender
    sender.batch = this.#batch
    sender.units = 0
    sender.isTimely = false
    sender.newest.fill(NEVER)
    this.#heard.push(sender)
    return sender
  }

  #find(source: Source): Heard {
    const key = `${source.component} ${source.id}`
    const sender = this.#senders.get(key) ?? {
      ...{ source, batch: 0, units: 0, isTimely: false, newest: new Float64Array(2) },
    }
    this.#senders.set(key, sender)
    this.#bySource.set(source, sender)
    return sender
  }

  /** What is older needs a closer look. */
  get timelySinceUnixMs(): number {
    return this.#now.nowUnixMs - OFF_MAX_MS
  }

  /** The event time to believe; NaN of what `hear` has to look at closer. */
  timeOf(atUnixMs: number): number {
    const { nowUnixMs } = this.#now
    const aheadMs = atUnixMs - nowUnixMs
    if (!(aheadMs <= OFF_MAX_MS && aheadMs >= -OFF_MAX_MS)) return Number.NaN
    return aheadMs > 0 ? nowUnixMs : atUnixMs
  }

  /** As `hear`, of telemetry whose times need no look: the newest stands for all. */
  hearTimely(heard: Heard, newestUnixMs: number): void {
    if (!heard.isTimely) {
      heard.isTimely = true
      this.#options.clockGuard.timely(heard.source.id, this.#now.nowMs)
    }
    const { newest } = heard
    if (newestUnixMs > (newest[TELEMETRY] as number)) newest[TELEMETRY] = newestUnixMs
  }

  /** False for what is too late to be shown to rules. */
  hear(heard: Heard, observation: Observation): boolean {
    const atUnixMs = this.timeOf(observation.atUnixMs)
    if (Number.isNaN(atUnixMs)) return this.#hearFaulty(heard, observation)
    this.at[0] = atUnixMs
    // A status has the time of its arrival, and says nothing of its sender's clock.
    if (wayOf(observation) === TELEMETRY) this.hearTimely(heard, atUnixMs)
    else if (atUnixMs > (heard.newest[STATUS] as number)) heard.newest[STATUS] = atUnixMs
    return true
  }

  end(): void {
    for (const sender of this.#heard) {
      this.#tell(sender, STATUS)
      this.#tell(sender, TELEMETRY)
    }
  }

  #tell({ source, newest }: Heard, way: number): void {
    const atUnixMs = newest[way] as number
    if (atUnixMs === NEVER) return
    const { nowMs, nowUnixMs } = this.#now
    this.#options.sources.heard({ source, isStatus: way === STATUS, atUnixMs, nowMs, nowUnixMs })
  }

  #hearFaulty({ source, newest }: Heard, observation: Observation): boolean {
    const { clockGuard, events } = this.#options
    const reading = { source: source.id, atUnixMs: observation.atUnixMs, ...this.#now }
    const { atUnixMs, fault } = clockGuard.guard(reading)
    this.at[0] = atUnixMs
    const way = wayOf(observation)
    newest[way] = Math.max(newest[way] as number, atUnixMs)
    if (fault === 'late') events.lateSkipped(source.id)
    else events.clockGuarded(source.id)
    return fault !== 'late'
  }
}

const NEVER = Number.NEGATIVE_INFINITY

/** What a router counted came with its status. */
function wayOf({ unit, feed }: Observation): number {
  return unit === 'status' || feed !== undefined ? STATUS : TELEMETRY
}
