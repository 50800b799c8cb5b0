import type { ObservationUnit, Source } from '../model/observation.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import { type ClockGuard, OFF_MAX_MS } from './clock-guard.ts'
import type { Arrival, Sources } from './sources.ts'

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

type MutableArrival = { -readonly [K in keyof Arrival]: Arrival[K] }

/** A source, and what it sent in the batch that it was last heard in. */
export interface Heard {
  readonly source: Source
  batch: number
  /** Units of which rules that only ask who sends were told. */
  units: number
  isTimely: boolean
  status: MutableArrival | undefined
  telemetry: MutableArrival | undefined
}

/** Of each item whose it is and which time to believe; of a batch, each source is heard once. */
export class Hearing {
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
    sender.status = undefined
    sender.telemetry = undefined
    this.#heard.push(sender)
    return sender
  }

  #find(source: Source): Heard {
    const key = `${source.component} ${source.id}`
    const sender = this.#senders.get(key) ?? {
      ...{ source, batch: 0, units: 0, isTimely: false },
      ...{ status: undefined, telemetry: undefined },
    }
    this.#senders.set(key, sender)
    this.#bySource.set(source, sender)
    return sender
  }

  /** The event time to believe; undefined for what is too late to be shown to rules. */
  hear(heard: Heard, unit: ObservationUnit, saidUnixMs: number): number | undefined {
    const { nowUnixMs } = this.#now
    const aheadMs = saidUnixMs - nowUnixMs
    if (!(aheadMs <= OFF_MAX_MS && aheadMs >= -OFF_MAX_MS))
      return this.#hearFaulty(heard, unit, saidUnixMs)
    if (!heard.isTimely) {
      heard.isTimely = true
      this.#options.clockGuard.timely(heard.source.id, this.#now.nowMs)
    }
    const atUnixMs = aheadMs > 0 ? nowUnixMs : saidUnixMs
    this.#note(heard, unit, atUnixMs)
    return atUnixMs
  }

  end(): void {
    const { sources } = this.#options
    for (const { status, telemetry } of this.#heard) {
      if (status) sources.heard(status)
      if (telemetry) sources.heard(telemetry)
    }
  }

  #hearFaulty(heard: Heard, unit: ObservationUnit, saidUnixMs: number): number | undefined {
    const { clockGuard, events } = this.#options
    const { id } = heard.source
    const reading = { source: id, atUnixMs: saidUnixMs, ...this.#now }
    const { atUnixMs, fault } = clockGuard.guard(reading)
    this.#note(heard, unit, atUnixMs)
    if (fault === 'late') events.lateSkipped(id)
    else events.clockGuarded(id)
    return fault === 'late' ? undefined : atUnixMs
  }

  #note(heard: Heard, unit: ObservationUnit, atUnixMs: number): void {
    const kind = unit === 'status' ? 'status' : 'telemetry'
    const known = heard[kind]
    if (!known) {
      const { source } = heard
      heard[kind] = { source, isStatus: kind === 'status', atUnixMs, ...this.#now }
    } else if (atUnixMs > known.atUnixMs) known.atUnixMs = atUnixMs
  }
}
