import type { FieldValue } from '../model/observation.ts'
import { readTime } from './column-writes.ts'
import { toHexId } from './hex.ts'
import { readAttributeOf } from './pair-values.ts'
import type { PairList } from './pairs.ts'
import type { Privacy } from './privacy.ts'
import { scanEvent } from './span-parts.ts'
import type { AttributesView, EventView, SpanPlace } from './span-place.ts'
import { createSpanScan, type SpanScan, scanSpan } from './span-scan.ts'
import { type Halves, halvesToMs, halvesToNs } from './times.ts'
import { createWire } from './wire.ts'

/**
 * Reads spans again for their views: one at a time, the one that was asked about last. Who looks at
 * a span asks several things in a row, so that it is read once; and nothing is kept per span.
 */
export interface SpanViewer {
  /** Makes this span the one that all else is about. */
  look(place: SpanPlace): SpanViewer
  readonly scan: SpanScan
  traceId(): string
  spanId(): string
  parentSpanId(): string
  traceState(): string
  name(): string
  statusMessage(): string
  ns(at: number): bigint
  /** Exact to the microsecond. */
  ms(at: number): number
  attribute(key: string): FieldValue | undefined
  attributeNames(): Iterable<string>
  events(): readonly EventView[]
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
  readonly #at: Halves = { low: 0, high: 0 }
  #place: SpanPlace | undefined
  /** Where the event begins that the list of events holds. */
  #eventFrom = -1

  constructor(options: SpanViewerOptions) {
    this.#options = options
  }

  look(place: SpanPlace): SpanViewer {
    if (this.#place === place) return this
    const wire = this.#wire
    if (wire.bytes !== place.bytes) wire.open(place.bytes)
    wire.at = place.from
    scanSpan(wire, place.to, { scan: this.scan, pairs: this.#options.pairs })
    this.#place = place
    this.#eventFrom = -1
    return this
  }

  traceId(): string {
    return toHexId(this.#wire.bytes, 16, this.scan.traceIdAt)
  }

  spanId(): string {
    return toHexId(this.#wire.bytes, 8, this.scan.spanIdAt)
  }

  parentSpanId(): string {
    return toHexId(this.#wire.bytes, 8, this.scan.parentIdAt)
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

  ns(at: number): bigint {
    readTime(this.#at, this.#wire.view, at)
    return halvesToNs(this.#at)
  }

  ms(at: number): number {
    readTime(this.#at, this.#wire.view, at)
    return halvesToMs(this.#at)
  }

  attribute(key: string): FieldValue | undefined {
    return readAttributeOf(this.#wire, this.#options, key)
  }

  attributeNames(): Iterable<string> {
    return this.#options.pairs.facts().places.keys()
  }

  events(): readonly EventView[] {
    const { events } = this.scan
    const views: EventView[] = []
    for (let i = 0; i < events.length; i += 2) views.push(this.#eventAt(i))
    return views
  }

  lastEvent(name?: string): EventView | undefined {
    for (let i = this.scan.events.length - 2; i >= 0; i -= 2) {
      const event = this.#eventAt(i)
      if (name === undefined || event.name === name) return event
    }
    return undefined
  }

  #eventAt(index: number): EventView {
    const from = this.scan.events[index] as number
    const to = this.scan.events[index + 1] as number
    const { name, timeAt } = this.#openEvent(from, to)
    const attributes = this.#eventAttributes(from, to)
    return { name, unixNs: this.ns(timeAt), attributes }
  }

  #eventAttributes(from: number, to: number): AttributesView {
    const place = this.#place
    const { eventPairs: pairs, privacy } = this.#options
    const open = () => {
      if (place) this.look(place)
      if (this.#eventFrom !== from) this.#openEvent(from, to)
      return pairs
    }
    return {
      get: (key) => readAttributeOf(this.#wire, { pairs: open(), privacy }, key),
      names: () => open().facts().places.keys(),
    }
  }

  /** The list then holds its attributes. */
  #openEvent(from: number, to: number) {
    this.#wire.at = from
    const { nameFrom, nameTo, timeAt } = scanEvent(this.#wire, to, this.#options.eventPairs)
    this.#eventFrom = from
    return { name: this.#text(nameFrom, nameTo), timeAt }
  }

  #text(from: number, to: number): string {
    return this.#wire.bytes.toString('utf8', from, to)
  }
}
