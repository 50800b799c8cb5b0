import { toIdentity } from '../lib/identity.ts'
import type { NativeRows } from '../lib/native-reader.ts'
import type { Observation } from '../model/observation.ts'
import { observeLog } from './observe-log.ts'
import { observePoint } from './observe-point.ts'
import type { ReadItem } from './recorded-columns.ts'
import { readStoredEvent } from './recorded-event.ts'
import { createResources, type Senders, sourceOf, viewOf } from './recorded-resource.ts'
import { toOnce } from './recorded-served.ts'
import { createSpanRows, toNs } from './recorded-spans.ts'
import type { ResourceOptions } from './resource.ts'
import { SeenSpan } from './seen-span.ts'

// Spans, log records and data points as rules saw them, from their stored rows: the rows become views,
// and those are observed by the same code as what arrives.

/** Makes the observation of a row. */
export type ReadSentRow = (row: number, senders: Senders) => Observation

export function readSpans(rows: NativeRows, options: ResourceOptions): ReadSentRow {
  const spans = createSpanRows(rows, options)
  const once = rows.numbers('once')
  return (row, senders) => {
    const span = spans.view(row)
    const seen = new SeenSpan({ span, source: sourceOf(span.resource, senders) }, options.meanings)
    const { unit, atUnixMs, startUnixMs, source, weight, field } = seen
    return { unit, atUnixMs, startUnixMs, source, weight, field, once: toOnce(once, row) }
  }
}

/** What a served row leaves to the span that it was made of. */
export function readSpansOf(rows: NativeRows, options: ResourceOptions): ReadItem {
  const spans = createSpanRows(rows, options)
  return (row, source) => {
    if (!spans.has(row)) return undefined
    return new SeenSpan({ span: spans.view(row), source }, options.meanings).field
  }
}

export function readLogs(rows: NativeRows, options: ResourceOptions): ReadSentRow {
  const resourceOf = createResources(rows, options)
  const { meanings } = options
  const [attributes, at] = [rows.maps('A'), rows.numbers('atNs')]
  const [traceId, body, event] = ['TraceId', 'Body', 'EventName'].map((name) => rows.texts(name))
  const [severityText, severityNumber] = [
    rows.texts('SeverityText'),
    rows.numbers('SeverityNumber'),
  ]
  return (row, senders) => {
    const resource = resourceOf(row)
    const text = body?.at(row) ?? ''
    return observeLog(
      {
        origin: { resource },
        unixNs: toNs(at.halves(row)),
        traceId: traceId?.at(row) ?? '',
        severityText: severityText.at(row),
        severityNumber: severityNumber.at(row),
        body: text,
        attributes: viewOf(attributes, row),
        eventName: event?.at(row) ?? '',
        kubernetes: readStoredEvent(text),
      },
      { meanings, source: sourceOf(resource, senders) },
    )
  }
}

/** @param hasTotal of distributions, which have a count and a sum instead of a value */
export function readPoints(
  rows: NativeRows,
  { hasTotal, ...options }: ResourceOptions & { readonly hasTotal: boolean },
): ReadSentRow {
  const resourceOf = createResources(rows, options)
  const { meanings } = options
  const [attributes, at] = [rows.maps('A'), rows.numbers('atNs')]
  const [name, unit] = [rows.texts('MetricName'), rows.texts('MetricUnit')]
  const [start, value] = [rows.numbers('startNs'), rows.numbers('Value')]
  const [count, sum] = [rows.numbers('Count'), rows.numbers('Sum')]
  const series = rows.numbers('series')
  return (row, senders) => {
    const resource = resourceOf(row)
    const total = hasTotal ? { count: count.at(row), sum: sum.at(row) } : undefined
    return observePoint(
      {
        metric: { name: name.at(row), unit: unit.at(row), scope: { resource } },
        attributes: viewOf(attributes, row),
        startUnixNs: toNs(start.halves(row)),
        unixNs: toNs(at.halves(row)),
        value: total ? total.sum / total.count : value.at(row),
        total,
        series: () => toIdentity(...series.halves(row)),
      },
      { meanings, source: sourceOf(resource, senders) },
    )
  }
}

/** Makes the reader of served rows whose spans, if they are among those of the index, tell more. */
export type SpanIndex = (served: NativeRows) => ReadItem

export function indexSpans(blocks: readonly NativeRows[], options: ResourceOptions): SpanIndex {
  const places = new Map<number, { readonly read: ReadItem; readonly row: number }>()
  for (const rows of blocks) {
    if (rows.rowCount === 0) continue
    const read = readSpansOf(rows, options)
    const once = rows.numbers('once')
    for (let row = 0; row < rows.rowCount; row++) {
      const key = toOnce(once, row)
      if (key !== undefined) places.set(key, { read, row })
    }
  }
  if (places.size === 0) return () => () => undefined
  return (served) => {
    const once = served.numbers('once')
    return (row, source) => {
      const place = places.get(toOnce(once, row) ?? -1)
      return place?.read(place.row, source)
    }
  }
}
