import type { FieldValue, Source } from '../model/observation.ts'
import type { LogView } from './log-view.ts'
import type { Mappable, Mapped } from './mapped.ts'
import type { PointView } from './point-view.ts'
import type { ResourceFacts } from './resource.ts'
import type { ServedItem } from './served.ts'
import type { AttributesView } from './span-place.ts'
import type { SpanView } from './span-view.ts'

// Spans, log records and points as the mapper reads them. One object each, and not one for all: what
// is mapped becomes observations, which rules may keep. Only items that a rule may fit get here.

/** With what attempts and requests read of it besides. */
export interface MapItem extends Mappable, ServedItem {
  readonly resource: ResourceFacts
}

/** An item in which something was found. */
export interface MapEntry {
  readonly item: MapItem
  readonly mapped: readonly Mapped[]
  /** Always a router. */
  readonly source: Source
}

export function itemOfSpan(view: SpanView): MapItem {
  return new SpanItem(view)
}

export function itemOfLog(view: LogView): MapItem {
  return new LogItem(view)
}

export function itemOfPoint(view: PointView): MapItem {
  return new PointItem(view)
}

const RESOURCE = 'resource.'

function readExactly(
  key: string,
  { attributes, resource }: Pick<MapItem, 'attributes' | 'resource'>,
): FieldValue | undefined {
  if (key.startsWith(RESOURCE)) return resource.attributes.get(key.slice(RESOURCE.length))
  return attributes.get(key)
}

class SpanItem implements MapItem {
  readonly signal = 'span'
  readonly body = ''
  readonly value = undefined
  readonly temporality = 0
  readonly startOfSeriesUnixNs = 0n
  readonly #view: SpanView

  constructor(view: SpanView) {
    this.#view = view
  }

  get name(): string {
    return this.#view.name
  }

  get kind(): string {
    return this.#view.kind
  }

  get service(): string {
    return this.#view.resource.serviceName
  }

  get isError(): boolean {
    return this.#view.status === 'Error'
  }

  get resource(): ResourceFacts {
    return this.#view.resource
  }

  get attributes(): AttributesView {
    return this.#view.attributes
  }

  get startUnixNs(): bigint {
    return this.#view.startUnixNs
  }

  get endUnixNs(): bigint {
    return this.#view.endUnixNs
  }

  get traceId(): string {
    return this.#view.traceId
  }

  get spanId(): string {
    return this.#view.spanId
  }

  get traceState(): string {
    return this.#view.traceState
  }

  seriesKey(): string {
    return ''
  }

  get(key: string): FieldValue | undefined {
    return readExactly(key, this)
  }
}

class LogItem implements MapItem {
  readonly signal = 'log'
  readonly kind = ''
  readonly isError = false
  readonly spanId = ''
  readonly traceState = ''
  readonly value = undefined
  readonly temporality = 0
  readonly startOfSeriesUnixNs = 0n
  readonly name: string
  readonly resource: ResourceFacts
  readonly attributes: AttributesView
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
  readonly #view: LogView
  #body: string | undefined

  constructor(view: LogView) {
    this.#view = view
    this.name = view.eventName
    this.resource = view.origin.resource
    this.attributes = view.attributes
    this.startUnixNs = view.unixNs
    this.endUnixNs = view.unixNs
  }

  get service(): string {
    return this.resource.serviceName
  }

  get traceId(): string {
    return this.#view.traceId
  }

  /** Asked for by every rule: read once. */
  get body(): string {
    this.#body ??= this.#view.body
    return this.#body
  }

  seriesKey(): string {
    return ''
  }

  get(key: string): FieldValue | undefined {
    return readExactly(key, this)
  }
}

class PointItem implements MapItem {
  readonly signal = 'metric'
  readonly kind = ''
  readonly isError = false
  readonly traceId = ''
  readonly spanId = ''
  readonly traceState = ''
  readonly body = ''
  readonly name: string
  readonly resource: ResourceFacts
  readonly attributes: AttributesView
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
  readonly startOfSeriesUnixNs: bigint
  readonly value: number | undefined
  readonly temporality: number
  readonly #view: PointView

  constructor(view: PointView) {
    const { metric, attributes, unixNs, value, total } = view
    this.#view = view
    this.name = metric.name
    this.resource = metric.scope.resource
    this.attributes = attributes
    this.startUnixNs = unixNs
    this.endUnixNs = unixNs
    this.startOfSeriesUnixNs = view.startUnixNs
    // Of a distribution it is a mean, which counts nothing.
    this.value = total ? undefined : value
    this.temporality = metric.temporality
  }

  get service(): string {
    return this.resource.serviceName
  }

  seriesKey(): string {
    return this.#view.seriesKey()
  }

  get(key: string): FieldValue | undefined {
    return readExactly(key, this)
  }
}
