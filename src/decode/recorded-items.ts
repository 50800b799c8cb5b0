import { toIdentity } from '../lib/identity.ts'
import { computedNumbers, type NumberColumn } from '../lib/native-numbers.ts'
import type { NativeRows } from '../lib/native-reader.ts'
import type { Observation, ObservationUnit, Source } from '../model/observation.ts'
import { SeenLog } from './observe-log.ts'
import { observePoint } from './observe-point.ts'
import { readStoredEvent } from './recorded-event.ts'
import {
  type Alike,
  alikeIntegers,
  alikeMaps,
  alikeTexts,
  presenceOfTexts,
} from './recorded-groups.ts'
import type { RecordedColumns } from './recorded-observation.ts'
import { createResources, type ItemOptions, type Senders, viewOf } from './recorded-resource.ts'
import type { ServedItems } from './recorded-served.ts'
import { createSpanRows } from './recorded-spans.ts'
import { toNs } from './recorded-times.ts'
import { type ReadSentRow, readBlock } from './recorded-traits.ts'
import { SeenSpan } from './seen-span.ts'
import { weightOf } from './trace-state.ts'

// Spans, log records and data points as rules saw them, from their stored rows: the rows become views,
// and those are observed by the same code as what arrives, once somebody looks at a field.

const ONES = computedNumbers(() => 1)
const NONE = computedNumbers(() => 0)

interface Items {
  readonly unit: ObservationUnit
  readonly start: NumberColumn
  readonly end: NumberColumn
  readonly weight?: NumberColumn
  readonly once?: NumberColumn
  readonly alike: readonly Alike[]
  readonly isOdd?: (row: number) => boolean
  sourceOf(row: number, senders: Senders): Source
  observe(row: number, source: Source): Pick<Observation, 'field'> | undefined
}

function readItems(
  { rowCount }: NativeRows,
  items: Items,
  { memory }: Pick<ItemOptions, 'memory'>,
): ReadSentRow {
  const { unit, start, end, alike, sourceOf, observe, isOdd } = items
  const columns: RecordedColumns = {
    ...{ unit, start, end, weight: items.weight ?? ONES, samples: ONES },
    once: items.once ?? NONE,
    read(item, key) {
      item.opened ??= observe(item.row, item.source)?.field ?? (() => undefined)
      return item.opened(key)
    },
    ...{ attemptOf: undefined, requestOf: undefined },
  }
  return readBlock({ columns, rowCount, memory, alike, sourceOf, isOdd })
}

export function readSpans(rows: NativeRows, options: ItemOptions): ReadSentRow {
  const spans = createSpanRows(rows, options)
  const items: Items = {
    ...{ unit: 'span', start: rows.numbers('start'), end: rows.numbers('end') },
    ...{ weight: weightsOf(rows), once: rows.numbers('once'), alike: spans.alike() },
    sourceOf: spans.resource.sourceOf,
    observe: (row, source) => new SeenSpan({ span: spans.view(row), source }, options.meanings),
  }
  return readItems(rows, items, options)
}

/** Nearly always 1. */
function weightsOf({ rowCount, texts }: NativeRows): NumberColumn {
  const states = texts('TraceState')
  let row = 0
  while (row < rowCount && states.isEmpty(row)) row++
  return row === rowCount ? ONES : computedNumbers((one) => weightOf(states.at(one)))
}

/** What served rows leave to the spans that they were made of, which were fetched along with them. */
export function readSpansOf(rows: NativeRows, options: ItemOptions): ServedItems {
  const spans = createSpanRows(rows, options)
  return {
    read(row, source) {
      if (!spans.has(row)) return undefined
      return new SeenSpan({ span: spans.view(row), source }, options.meanings).field
    },
    alike: spans.alike(),
  }
}

export function readLogs(rows: NativeRows, options: ItemOptions): ReadSentRow {
  const { rowCount } = rows
  const resources = createResources(rows, options)
  const { meanings } = options
  const [attributes, at] = [rows.maps('A'), rows.numbers('start')]
  const [body, event, severityText] = [
    ...[rows.texts('Body'), rows.texts('EventName'), rows.texts('SeverityText')],
  ] as const
  const [traceId, severityNumber] = [rows.texts('TraceId'), rows.numbers('SeverityNumber')]
  const isObject = rows.numbers('isObject')
  const items: Items = {
    ...{ unit: 'log', start: at, end: at, sourceOf: resources.sourceOf },
    alike: [
      ...[resources, alikeTexts(severityText), alikeTexts(event)],
      alikeIntegers(rowCount, severityNumber),
      ...[traceId, body].map((texts) => presenceOfTexts(rowCount, texts)),
      alikeMaps(attributes, (name) => options.varying.has(name)),
    ],
    // An event's body tells what others have as attributes.
    isOdd: (row) => isObject.at(row) === 1,
    observe(row, source) {
      const text = body.at(row)
      const log = {
        ...{ origin: { resource: resources.of(row) }, unixNs: toNs(at, row) },
        ...{ traceId: traceId.at(row), severityText: severityText.at(row), body: text },
        ...{ severityNumber: severityNumber.at(row), eventName: event.at(row) },
        ...{ attributes: viewOf(attributes, row), kubernetes: readStoredEvent(text) },
      }
      return new SeenLog(log, { meanings, source })
    },
  }
  return readItems(rows, items, options)
}

/** @param hasTotal of distributions, which have a count and a sum instead of a value */
export function readPoints(
  rows: NativeRows,
  { hasTotal, ...options }: ItemOptions & { readonly hasTotal: boolean },
): ReadSentRow {
  const resources = createResources(rows, options)
  const { meanings } = options
  const [attributes, end] = [rows.maps('A'), rows.numbers('end')]
  const [name, unit] = [rows.texts('MetricName'), rows.texts('MetricUnit')]
  const [start, value] = [rows.numbers('start'), rows.numbers('Value')]
  const [count, sum] = [rows.numbers('Count'), rows.numbers('Sum')]
  const series = rows.numbers('series')
  const items: Items = {
    ...{ unit: 'metric', start, end },
    sourceOf: resources.sourceOf,
    alike: [
      ...[resources, alikeTexts(name), alikeTexts(unit), { codes: ONE, at: () => hasTotal }],
      alikeMaps(attributes, (attribute) => options.varying.has(attribute)),
    ],
    observe(row, source) {
      const total = hasTotal ? { count: count.at(row), sum: sum.at(row) } : undefined
      const point = {
        metric: { name: name.at(row), unit: unit.at(row), scope: { resource: resources.of(row) } },
        attributes: viewOf(attributes, row),
        ...{ startUnixNs: toNs(start, row), unixNs: toNs(end, row) },
        ...{ value: total ? total.sum / total.count : value.at(row), total },
        series: () => toIdentity(series.low(row), series.high(row)),
      }
      return observePoint(point, { meanings, source })
    },
  }
  return readItems(rows, items, options)
}

const ONE = { of: new Uint8Array(1), count: 1 }

/** Makes what is read of served rows whose spans, if they are among those of the index, tell more. */
export type SpanIndex = (served: NativeRows) => ServedItems

export function indexSpans(
  blocks: readonly NativeRows[],
  options: ItemOptions,
): SpanIndex | undefined {
  const places = new Map<number, { readonly read: ServedItems['read']; readonly row: number }>()
  for (const rows of blocks) {
    if (rows.rowCount === 0) continue
    const { read } = readSpansOf(rows, options)
    const once = rows.numbers('once')
    for (let row = 0; row < rows.rowCount; row++)
      if (once.at(row) !== 0) places.set(once.at(row), { read, row })
  }
  if (places.size === 0) return undefined
  return (served) => {
    const once = served.numbers('once')
    const placeOf = (row: number) => places.get(once.at(row) || -1)
    return {
      read(row, source) {
        const place = placeOf(row)
        return place?.read(place.row, source)
      },
      isOdd: (row) => placeOf(row) !== undefined,
      alike: [],
    }
  }
}
