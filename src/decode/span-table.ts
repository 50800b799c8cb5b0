import type { Interner } from '../lib/interner.ts'
import { createPlainColumn } from '../lib/native-column.ts'
import { createMapColumn } from '../lib/native-map.ts'
import { createNativeTable, type NativeTable } from '../lib/native-table.ts'
import { createWordColumn } from '../lib/native-words.ts'
import { createWordPicker, pushHalves, pushRepeated, readTime } from './column-writes.ts'
import { pushSpanId, pushTraceId } from './hex.ts'
import type { MapWriter } from './map-writer.ts'
import type { PairList } from './pairs.ts'
import type { ScopeFacts } from './scope-facts.ts'
import { createSeenAtColumn, type SeenAt } from './seen-at.ts'
import type { SpanParts } from './span-parts.ts'
import type { SpanScan } from './span-scan.ts'
import { KINDS, STATUSES } from './span-view.ts'
import { type Halves, subtractHalves } from './times.ts'
import type { Wire } from './wire.ts'

// `otel_traces`, as the Collector's ClickHouse exporter writes it. What all spans of a scope have in
// common is written once they are counted.

export interface SpanTable {
  readonly table: NativeTable
  /** One span's own columns; returns which of the watched keys its events carry. */
  push(wire: Wire, scan: SpanScan, pairs: PairList): number
  /** The columns that are the same for the last `count` spans. */
  endScope(scope: ScopeFacts, count: number): void
}

export interface SpanTableOptions {
  readonly interner: Interner
  readonly writer: MapWriter
  readonly parts: SpanParts
  readonly seenAt: SeenAt
}

export function createSpanTable(options: SpanTableOptions): SpanTable {
  const columns = createColumns(options)
  const { parts, writer } = options
  const pushKind = createWordPicker(columns.kind, KINDS)
  const pushStatus = createWordPicker(columns.status, STATUSES)
  const start: Halves = { low: 0, high: 0 }
  const end: Halves = { low: 0, high: 0 }
  const duration: Halves = { low: 0, high: 0 }

  const pushTimes = (view: DataView, scan: SpanScan) => {
    readTime(start, view, scan.startAt)
    readTime(end, view, scan.endAt)
    subtractHalves(duration, end, start)
    pushHalves(columns.timestamp, start)
    pushHalves(columns.duration, duration)
  }
  return {
    table: createNativeTable('otel_traces', columns.all, parts.rare),
    push(wire, scan, pairs) {
      const { bytes } = wire
      pushTimes(wire.view, scan)
      pushTraceId(columns.traceId, bytes, scan.traceIdAt)
      pushSpanId(columns.spanId, bytes, scan.spanIdAt)
      pushSpanId(columns.parentId, bytes, scan.parentIdAt)
      columns.state.data.utf8(wire, scan.stateFrom, scan.stateTo)
      columns.name.pushBytes(wire, scan.nameFrom, scan.nameTo)
      pushKind(scan.kind)
      pushStatus(scan.statusCode)
      columns.message.data.utf8(wire, scan.messageFrom, scan.messageTo)
      writer.write(columns.attributes, pairs, { wire, isPrompt: false })
      return parts.push(wire, scan)
    },
    endScope({ resource, name, version }, count) {
      columns.service.indexes.fill(columns.service.indexOfText(resource.serviceName), count)
      columns.resource.pushPrepared(resource.map, count)
      pushRepeated(columns.scopeName, name, count)
      pushRepeated(columns.scopeVersion, version, count)
      columns.seenAt.push(count)
      this.table.rowCount += count
    },
  }
}

function createColumns({ interner, parts, seenAt: now }: SpanTableOptions) {
  const word = (name: string) => createWordColumn(name, interner)
  const text = (name: string) => createPlainColumn(name, 'String')
  const timestamp = createPlainColumn('Timestamp', 'DateTime64(9)')
  const traceId = text('TraceId')
  const spanId = text('SpanId')
  const parentId = text('ParentSpanId')
  const state = text('TraceState')
  const name = word('SpanName')
  const kind = word('SpanKind')
  const service = word('ServiceName')
  const resource = createMapColumn('ResourceAttributes', interner)
  const scopeName = text('ScopeName')
  const scopeVersion = text('ScopeVersion')
  const attributes = createMapColumn('SpanAttributes', interner)
  const duration = createPlainColumn('Duration', 'UInt64')
  const status = word('StatusCode')
  const message = text('StatusMessage')
  const seenAt = createSeenAtColumn(now)
  const all = [
    ...[timestamp, traceId, spanId, parentId, state, name, kind, service, resource],
    ...[scopeName, scopeVersion, attributes, duration, status, message, seenAt.column],
    ...parts.columns,
  ]
  return {
    ...{ all, timestamp, traceId, spanId, parentId, state, name, kind, service, resource },
    ...{ scopeName, scopeVersion, attributes, duration, status, message, seenAt },
  }
}
