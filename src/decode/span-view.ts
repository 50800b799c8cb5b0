import { identityOfIds } from '../lib/identity.ts'
import type { FieldValue } from '../model/observation.ts'
import { COUNTED_KEYS, readCount } from './counted.ts'
import { toHexId } from './hex.ts'
import type { ResourceFacts } from './resource.ts'
import type { AlikeRouted, OwnWords } from './said.ts'
import type { ScannedSpan, SpanNotes } from './span-notes.ts'
import type { AttributesView, EventView, SpanPlace } from './span-place.ts'
import type { SpanViewer } from './span-viewer.ts'
import { readMs } from './times.ts'
import { weightOf } from './trace-state.ts'
import type { Traits } from './traits.ts'

// A span as an object, for those that somebody looks at: attempts, requests, and what rules watch for.
// What everybody asks is noted when the span is scanned. Of all else it only knows where the span is:
// what it is asked for is read from the request's bytes then.

export const KINDS = [
  'Unspecified',
  'Internal',
  'Server',
  'Client',
  'Producer',
  'Consumer',
] as const
export const STATUSES = ['Unset', 'Ok', 'Error'] as const

export interface SpanView {
  readonly resource: ResourceFacts
  /** Lower-case hex, '' when unset. */
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly traceState: string
  readonly name: string
  readonly kind: (typeof KINDS)[number]
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
  /** Exact to the microsecond. */
  readonly startUnixMs: number
  readonly endUnixMs: number
  /** 1 / sampling probability. */
  readonly weight: number
  /** By its ids; undefined when it has none. */
  readonly once: number | undefined
  /** Undefined when nobody has worked them out. */
  readonly traits: Traits | undefined
  /** Of `COUNTED_KEYS`, where it is a plain number; undefined: that is to be read. */
  readonly inputTokens?: number | undefined
  readonly outputTokens?: number | undefined
  /** Rules may take it, and it is to be shown to them beside the attempt or request that it is. */
  readonly isWanted: boolean
  readonly status: (typeof STATUSES)[number]
  readonly statusMessage: string
  readonly attributes: AttributesView
  /** The last exception that the span recorded as an event. */
  readonly exception: EventView | undefined
  /** What that one says. */
  readonly exceptionMessage: FieldValue | undefined
  /** Of its last event of any kind. */
  readonly lastEventName: string | undefined
  /** All events, in their order; read anew at each call. */
  events(): readonly EventView[]
}

/** Of what may be a router's. */
export interface RoutedView extends SpanView {
  /** What it shares with spans that say the same; undefined where nobody knows. */
  readonly alike: AlikeRouted | undefined
  /** Read along with it where those are known; else undefined. */
  readonly words: OwnWords | undefined
  readonly hasEvents: boolean
  /** It may end a request, or say how good it was. */
  readonly mayBeMarked: boolean
}

export function createSpanView(
  scanned: ScannedSpan,
  resource: ResourceFacts,
  notes?: SpanNotes,
): RoutedView {
  return new View(scanned, resource, notes)
}

class View implements RoutedView, AttributesView, SpanPlace {
  readonly resource: ResourceFacts
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
  readonly startUnixMs: number
  readonly endUnixMs: number
  readonly weight: number
  readonly once: number | undefined
  readonly traits: Traits | undefined
  readonly isWanted: boolean
  readonly alike: AlikeRouted | undefined
  readonly words: OwnWords | undefined
  readonly hasEvents: boolean
  readonly mayBeMarked: boolean
  readonly #viewer: SpanViewer
  /** By attribute, where its value stands among them. */
  readonly #places: ReadonlyMap<string, number>
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
  readonly #traceIdAt: number
  readonly #spanIdAt: number
  readonly #parentIdAt: number
  readonly #startAt: number
  readonly #endAt: number
  #traceId: string | undefined
  #spanId: string | undefined
  #exception: { readonly event: EventView | undefined } | undefined
  /** Where its event is, when it has just one: as most have that have any. */
  readonly #eventFrom: number
  readonly #eventTo: number
  readonly #messageFrom: number
  readonly #messageTo: number

  constructor(scanned: ScannedSpan, resource: ResourceFacts, notes: SpanNotes | undefined) {
    const { viewer, wire, scan, from, to } = scanned
    const { traceIdAt, spanIdAt, stateFrom, stateTo } = scan
    this.#viewer = viewer
    const isOnly = scan.events.length === 2
    this.#eventFrom = isOnly ? (scan.events.values[0] as number) : -1
    this.#eventTo = isOnly ? (scan.events.values[1] as number) : -1
    this.bytes = wire.bytes
    this.from = from
    this.to = to
    this.resource = resource
    this.startUnixMs = readMs(wire.view, scan.startAt)
    this.endUnixMs = readMs(wire.view, scan.endAt)
    this.weight =
      stateFrom === stateTo ? 1 : weightOf(wire.bytes.toString('utf8', stateFrom, stateTo))
    this.once =
      traceIdAt >= 0 && spanIdAt >= 0 ? identityOfIds(wire.view, traceIdAt, spanIdAt) : undefined
    this.traits = notes?.traits
    this.isWanted = notes?.isWanted === true
    this.alike = notes?.alike
    this.words = notes?.words
    this.hasEvents = scan.events.length > 0
    this.mayBeMarked = notes?.mayBeMarked !== false
    // Without events of its own, those of another span stand there still.
    const noted = this.hasEvents ? notes?.events : undefined
    this.#messageFrom = noted?.messageFrom ?? -1
    this.#messageTo = noted?.messageTo ?? -1
    const { places, counted } = scanned.pairs.facts()
    this.#places = places
    this.inputTokens = readCount(scanned, counted[0] as number)
    this.outputTokens = readCount(scanned, counted[1] as number)
    this.#traceIdAt = traceIdAt
    this.#spanIdAt = spanIdAt
    this.#parentIdAt = scan.parentIdAt
    this.#startAt = scan.startAt
    this.#endAt = scan.endAt
  }

  get traceId(): string {
    this.#traceId ??= this.#viewer.traceIdOf(this, this.#traceIdAt)
    return this.#traceId
  }

  get spanId(): string {
    this.#spanId ??= toHexId(this.bytes, 8, this.#spanIdAt)
    return this.#spanId
  }

  get parentSpanId(): string {
    return toHexId(this.bytes, 8, this.#parentIdAt)
  }

  get traceState(): string {
    return this.#viewer.look(this).traceState()
  }

  get name(): string {
    return this.#viewer.look(this).name()
  }

  get kind(): SpanView['kind'] {
    return KINDS[this.#viewer.look(this).scan.kind] ?? 'Unspecified'
  }

  get status(): SpanView['status'] {
    return STATUSES[this.#viewer.look(this).scan.statusCode] ?? 'Unset'
  }

  get statusMessage(): string {
    return this.#viewer.look(this).statusMessage()
  }

  get startUnixNs(): bigint {
    return this.#viewer.nsOf(this, this.#startAt)
  }

  get endUnixNs(): bigint {
    return this.#viewer.nsOf(this, this.#endAt)
  }

  get attributes(): AttributesView {
    return this
  }

  get(key: string): FieldValue | undefined {
    // Rules ask for much that is not there: no reason to read the span again. Nor for its numbers.
    if (!this.#places.has(key)) return undefined
    const known = this.#countOf(key)
    return known === undefined ? this.#viewer.look(this).attribute(key) : known
  }

  #countOf(key: string): number | undefined {
    const [input, output] = COUNTED_KEYS
    if (key === input) return this.inputTokens
    return key === output ? this.outputTokens : undefined
  }

  names(): Iterable<string> {
    return this.#places.keys()
  }

  events(): readonly EventView[] {
    return this.#viewer.look(this).events()
  }

  get exception(): EventView | undefined {
    this.#exception ??= { event: this.#lastException() }
    return this.#exception.event
  }

  get exceptionMessage(): FieldValue | undefined {
    if (this.#messageFrom < 0) return this.exception?.attributes.get('exception.message')
    return this.bytes.toString('utf8', this.#messageFrom, this.#messageTo)
  }

  #lastException(): EventView | undefined {
    if (!this.hasEvents) return undefined
    if (this.#eventFrom < 0) return this.#viewer.look(this).lastEvent('exception')
    // No reason to read the span again for an event whose place is known.
    const only = this.#viewer.event(this, { from: this.#eventFrom, to: this.#eventTo })
    return only.isNamed('exception') ? only : undefined
  }

  get lastEventName(): string | undefined {
    return this.#viewer.look(this).lastEvent()?.name
  }
}
