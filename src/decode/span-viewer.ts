import type { FieldValue } from '../model/observation.ts'
import { createEventScan, type EventScan, isEventNamed, scanEvent } from './event-scan.ts'
import { readNs } from './nanoseconds.ts'
import { readAttributeOf } from './pair-values.ts'
import type { PairList } from './pairs.ts'
import type { Privacy } from './privacy.ts'
import type { AttributesView, EventView, SpanPlace } from './span-place.ts'
import { createSpanScan, type SpanScan, scanSpan } from './span-scan.ts'
import { TraceIds } from './trace-ids.ts'
import { createWire } from './wire.ts'

/**
 * Reads spans again for their views: one at a time, the one that was asked about last. Who looks at
 * a span asks several things in a row, so that it is read once; and nothing is kept per span.
 */
export interface SpanViewer {
  /** Makes this span the one that all else is about. */
  look(place: SpanPlace): SpanViewer
  readonly scan: SpanScan
  /** The trace id at `at` in this span's bytes, without looking at the span; '' at −1. */
  traceIdOf(place: SpanPlace, at: number): string
  /** The time at `at` in this span's bytes, without looking at the span; 0 at −1. */
  nsOf(place: SpanPlace, at: number): bigint
  traceState(): string
  name(): string
  statusMessage(): string
  attribute(key: string): FieldValue | undefined
  events(): readonly EventView[]
  /** The event whose place in the bytes is known, without looking at its span. */
  event(place: SpanPlace, at: EventPlace): NamedEvent
  /** The last event, or the last of that name. */
  lastEvent(name?: string): EventView | undefined
}

export interface SpanViewerOptions {
  /** Lists of its own: those of the reader are at work. */
  readonly pairs: PairList
  readonly eventPairs: PairList
  /** Counts nothing: what is withheld was counted when it was stored. */
  readonly privacy: Privacy
}

export function createSpanViewer(options: SpanViewerOptions): SpanViewer {
  return new Viewer(options)
}

class Viewer implements SpanViewer {
  readonly scan = createSpanScan()
  readonly #options: SpanViewerOptions
  readonly #wire = createWire()
  readonly #traceIds = new TraceIds()
  #place: SpanPlace | undefined
  readonly #event: EventScan
  /** Where the event begins that was scanned last, and in which span. */
  #eventFrom = -1
  #eventPlace: SpanPlace | undefined

  constructor(options: SpanViewerOptions) {
    this.#options = options
    this.#event = createEventScan(options.eventPairs)
  }

  look(place: SpanPlace): SpanViewer {
    if (this.#place === place) return this
    this.#open(place)
    const wire = this.#wire
    wire.at = place.from
    scanSpan(wire, place.to, { scan: this.scan, pairs: this.#options.pairs })
    this.#place = place
    return this
  }

  #open({ bytes }: SpanPlace): void {
    if (this.#wire.bytes === bytes) return
    this.#wire.open(bytes)
    this.#place = undefined
    this.#eventPlace = undefined
  }

  traceIdOf(place: SpanPlace, at: number): string {
    if (at < 0) return ''
    this.#open(place)
    return this.#traceIds.of(this.#wire, at)
  }

  nsOf(place: SpanPlace, at: number): bigint {
    this.#open(place)
    return this.#ns(at)
  }

  traceState(): string {
    return this.#text(this.scan.stateFrom, this.scan.stateTo)
  }

  name(): string {
    return this.#text(this.scan.nameFrom, this.scan.nameTo)
  }

  statusMessage(): string {
    return this.#text(this.scan.messageFrom, this.scan.messageTo)
  }

  #ns(at: number): bigint {
    return at < 0 ? 0n : readNs(this.#wire.view, at)
  }

  attribute(key: string): FieldValue | undefined {
    return readAttributeOf(this.#wire, this.#options, key)
  }

  events(): readonly EventView[] {
    const count = this.scan.events.length / 2
    return Array.from({ length: count }, (_, index) => this.#eventAt(index * 2))
  }

  lastEvent(name?: string): EventView | undefined {
    for (let i = this.scan.events.length - 2; i >= 0; i -= 2) {
      const event = this.#eventAt(i)
      if (name === undefined || event.isNamed(name)) return event
    }
    return undefined
  }

  #eventAt(index: number): SpanEvent {
    const place = this.#place
    if (place === undefined) throw new Error('no span is looked at')
    const { values } = this.scan.events
    return this.event(place, { from: values[index] as number, to: values[index + 1] as number })
  }

  event(place: SpanPlace, at: EventPlace): SpanEvent {
    return new SpanEvent(this, place, at)
  }

  /** Makes this event of that span the one that `event…` is about. */
  lookAtEvent(place: SpanPlace, { from, to }: EventPlace): this {
    if (this.#eventPlace === place && this.#eventFrom === from) return this
    this.#open(place)
    this.#wire.at = from
    scanEvent(this.#wire, to, this.#event)
    this.#eventFrom = from
    this.#eventPlace = place
    return this
  }

  eventName(): string {
    return this.#text(this.#event.nameFrom, this.#event.nameTo)
  }

  /** @param name ASCII */
  eventIsNamed(name: string): boolean {
    return isEventNamed(this.#wire, this.#event, name)
  }

  eventNs(): bigint {
    return this.#ns(this.#event.timeAt)
  }

  eventAttribute(key: string): FieldValue | undefined {
    const { eventPairs: pairs, privacy } = this.#options
    return readAttributeOf(this.#wire, { pairs, privacy }, key)
  }

  eventAttributeNames(): Iterable<string> {
    return this.#options.eventPairs.facts().places.keys()
  }

  #text(from: number, to: number): string {
    return this.#wire.bytes.toString('utf8', from, to)
  }
}

export interface NamedEvent extends EventView {
  /** Without making a text of its name. */
  isNamed(name: string): boolean
}

export interface EventPlace {
  readonly from: number
  readonly to: number
}

/** Knows only where the event is, as the view of a span does. */
class SpanEvent implements EventView, AttributesView {
  readonly #viewer: Viewer
  readonly #place: SpanPlace
  readonly #at: EventPlace

  constructor(viewer: Viewer, place: SpanPlace, at: EventPlace) {
    this.#viewer = viewer
    this.#place = place
    this.#at = at
  }

  get name(): string {
    return this.#look().eventName()
  }

  isNamed(name: string): boolean {
    return this.#look().eventIsNamed(name)
  }

  get unixNs(): bigint {
    return this.#look().eventNs()
  }

  get attributes(): AttributesView {
    return this
  }

  get(key: string): FieldValue | undefined {
    return this.#look().eventAttribute(key)
  }

  names(): Iterable<string> {
    return this.#look().eventAttributeNames()
  }

  #look(): Viewer {
    return this.#viewer.lookAtEvent(this.#place, this.#at)
  }
}
