import type { NativeRows } from '../lib/native-reader.ts'
import type { TextColumn } from '../lib/native-values.ts'
import type { FieldValue } from '../model/observation.ts'
import { toUnixMs } from './int64.ts'
import {
  type Alike,
  alikeIntegers,
  alikeMaps,
  alikeTexts,
  presenceOfTexts,
} from './recorded-groups.ts'
import { createResources, type ItemOptions, viewOf } from './recorded-resource.ts'
import { toNs } from './recorded-times.ts'
import type { ResourceFacts } from './resource.ts'
import type { AttributesView, EventView } from './span-place.ts'
import type { KINDS, SpanView, STATUSES } from './span-view.ts'
import { weightOf } from './trace-state.ts'

/** Stored spans as views, so that they are observed by the same code as those that arrive. */
export function createSpanRows(rows: NativeRows, options: ItemOptions) {
  const columns = createColumns(rows, options)
  return {
    /** False where a served row has no span: it came from a log or a counter. */
    has: (row: number) => !columns.kind.isEmpty(row),
    resource: columns.resource,
    view: (row: number): SpanView => new SpanRow(columns, row),
    alike: () => alikeIn(columns, rows, options),
  }
}

type Columns = ReturnType<typeof createColumns>

function createColumns(rows: NativeRows, options: ItemOptions) {
  const textsOf = (name: string) => (rows.has(name) ? rows.texts(name) : NO_TEXTS)
  return {
    name: rows.texts('SpanName'),
    kind: rows.texts('SpanKind'),
    status: rows.texts('SpanStatus'),
    message: textsOf('StatusMessage'),
    state: rows.texts('TraceState'),
    traceId: textsOf('TraceId'),
    start: rows.numbers('start'),
    end: rows.numbers('end'),
    attributes: rows.maps('A'),
    exceptionCount: rows.numbers('exceptions'),
    exception: rows.maps('X'),
    lastEvent: textsOf('LastEvent'),
    resource: createResources(rows, options),
  }
}

/** Of a column that no rule looks into. */
const NO_TEXTS: TextColumn = { at: () => '', isEmpty: () => true, codes: undefined }

/** What spans that look alike have in common. */
function alikeIn(columns: Columns, { rowCount }: NativeRows, options: ItemOptions): Alike[] {
  const isVarying = (name: string) => options.varying.has(name)
  const { message, traceId, lastEvent } = columns
  return [
    columns.resource,
    ...[columns.kind, columns.status, columns.name].map(alikeTexts),
    ...[message, traceId].filter(isFetched).map((texts) => presenceOfTexts(rowCount, texts)),
    ...[lastEvent].filter(isFetched).map(alikeTexts),
    alikeIntegers(rowCount, columns.exceptionCount),
    alikeMaps(columns.attributes, isVarying),
    alikeMaps(columns.exception, isVarying),
  ]
}

const isFetched = (texts: TextColumn) => texts !== NO_TEXTS

class SpanRow implements SpanView {
  readonly spanId = ''
  readonly parentSpanId = ''
  /** Whoever reads rows knows it by a column. */
  readonly once = undefined
  readonly traits = undefined
  readonly isWanted = true
  readonly #columns: Columns
  readonly #row: number
  #resource: ResourceFacts | undefined

  constructor(columns: Columns, row: number) {
    this.#columns = columns
    this.#row = row
  }

  get resource(): ResourceFacts {
    this.#resource ??= this.#columns.resource.of(this.#row)
    return this.#resource
  }

  get traceId(): string {
    return this.#columns.traceId.at(this.#row)
  }

  get traceState(): string {
    return this.#columns.state.at(this.#row)
  }

  get weight(): number {
    return weightOf(this.traceState)
  }

  get name(): string {
    return this.#columns.name.at(this.#row)
  }

  get kind(): (typeof KINDS)[number] {
    return this.#columns.kind.at(this.#row) as (typeof KINDS)[number]
  }

  get status(): (typeof STATUSES)[number] {
    return this.#columns.status.at(this.#row) as (typeof STATUSES)[number]
  }

  get statusMessage(): string {
    return this.#columns.message.at(this.#row)
  }

  get startUnixNs(): bigint {
    return toNs(this.#columns.start, this.#row)
  }

  get endUnixNs(): bigint {
    return toNs(this.#columns.end, this.#row)
  }

  get startUnixMs(): number {
    return toUnixMs(this.startUnixNs)
  }

  get endUnixMs(): number {
    return toUnixMs(this.endUnixNs)
  }

  get attributes(): AttributesView {
    return viewOf(this.#columns.attributes, this.#row)
  }

  get exception(): EventView | undefined {
    if (this.#columns.exceptionCount.at(this.#row) === 0) return undefined
    const attributes = viewOf(this.#columns.exception, this.#row)
    return { name: 'exception', unixNs: this.endUnixNs, attributes }
  }

  get exceptionMessage(): FieldValue | undefined {
    return this.exception?.attributes.get('exception.message')
  }

  get lastEventName(): string | undefined {
    return this.#columns.lastEvent.at(this.#row) || undefined
  }

  /** Rules see no more of them than the above. */
  events(): readonly EventView[] {
    return this.exception ? [this.exception] : []
  }
}
