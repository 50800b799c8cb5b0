import type { FieldValue } from '../model/observation.ts'
import type { ResourceFacts } from './resource.ts'
import type { AttributesView, EventView, SpanPlace } from './span-place.ts'
import type { SpanViewer } from './span-viewer.ts'

// A span as an object, for the few that somebody looks at: attempts, requests, and what rules watch
// for. It only knows where the span is; what it is asked for is read from the request's bytes then.

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
  readonly startUnixMs: number
  readonly endUnixMs: number
  readonly status: (typeof STATUSES)[number]
  readonly statusMessage: string
  readonly attributes: AttributesView
  /** The last exception that the span recorded as an event. */
  readonly exception: EventView | undefined
  /** Of its last event of any kind. */
  readonly lastEventName: string | undefined
  /** All events, in their order; read anew at each call. */
  events(): readonly EventView[]
}

export function createSpanView(
  viewer: SpanViewer,
  place: SpanPlace,
  resource: ResourceFacts,
): SpanView {
  return new View(viewer, place, resource)
}

class View implements SpanView, AttributesView {
  readonly resource: ResourceFacts
  readonly #viewer: SpanViewer
  readonly #place: SpanPlace
  #traceId: string | undefined
  #spanId: string | undefined
  #parentSpanId: string | undefined
  #exception: { readonly event: EventView | undefined } | undefined

  constructor(viewer: SpanViewer, place: SpanPlace, resource: ResourceFacts) {
    this.#viewer = viewer
    this.#place = place
    this.resource = resource
  }

  get traceId(): string {
    this.#traceId ??= this.#viewer.look(this.#place).traceId()
    return this.#traceId
  }

  get spanId(): string {
    this.#spanId ??= this.#viewer.look(this.#place).spanId()
    return this.#spanId
  }

  get parentSpanId(): string {
    this.#parentSpanId ??= this.#viewer.look(this.#place).parentSpanId()
    return this.#parentSpanId
  }

  get traceState(): string {
    return this.#viewer.look(this.#place).traceState()
  }

  get name(): string {
    return this.#viewer.look(this.#place).name()
  }

  get kind(): SpanView['kind'] {
    return KINDS[this.#viewer.look(this.#place).scan.kind] ?? 'Unspecified'
  }

  get status(): SpanView['status'] {
    return STATUSES[this.#viewer.look(this.#place).scan.statusCode] ?? 'Unset'
  }

  get statusMessage(): string {
    return this.#viewer.look(this.#place).statusMessage()
  }

  get startUnixNs(): bigint {
    const viewer = this.#viewer.look(this.#place)
    return viewer.ns(viewer.scan.startAt)
  }

  get endUnixNs(): bigint {
    const viewer = this.#viewer.look(this.#place)
    return viewer.ns(viewer.scan.endAt)
  }

  get startUnixMs(): number {
    const viewer = this.#viewer.look(this.#place)
    return viewer.ms(viewer.scan.startAt)
  }

  get endUnixMs(): number {
    const viewer = this.#viewer.look(this.#place)
    return viewer.ms(viewer.scan.endAt)
  }

  get attributes(): AttributesView {
    return this
  }

  get(key: string): FieldValue | undefined {
    return this.#viewer.look(this.#place).attribute(key)
  }

  names(): Iterable<string> {
    return this.#viewer.look(this.#place).attributeNames()
  }

  events(): readonly EventView[] {
    return this.#viewer.look(this.#place).events()
  }

  get exception(): EventView | undefined {
    this.#exception ??= { event: this.#viewer.look(this.#place).lastEvent('exception') }
    return this.#exception.event
  }

  get lastEventName(): string | undefined {
    return this.#viewer.look(this.#place).lastEvent()?.name
  }
}
