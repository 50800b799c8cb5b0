import type { Interner } from '../lib/interner.ts'
import { createPlainColumn } from '../lib/native-column.ts'
import { createMapColumn } from '../lib/native-map.ts'
import { createNativeTable, type NativeTable } from '../lib/native-table.ts'
import { createWordColumn } from '../lib/native-words.ts'
import { pushHalves, pushRepeated } from './column-writes.ts'
import { pushSpanId, pushTraceId } from './hex.ts'
import type { LogScan } from './log-scan.ts'
import type { LogView } from './log-view.ts'
import type { MapWriter } from './map-writer.ts'
import type { PairList } from './pairs.ts'
import type { ScopeFacts } from './scope-facts.ts'
import { createSeenAtColumn, type SeenAt } from './seen-at.ts'
import type { Wire } from './wire.ts'

/** `otel_logs`, as the Collector's ClickHouse exporter (≥ v0.151) writes it. */
export interface LogTable {
  readonly table: NativeTable
  push(wire: Wire, log: { scan: LogScan; view: LogView; pairs: PairList }): void
  /** The columns that are the same for the last `count` records. */
  endScope(scope: ScopeFacts, count: number): void
}

export function createLogTable(options: {
  readonly interner: Interner
  readonly writer: MapWriter
  readonly seenAt: SeenAt
}): LogTable {
  const { interner, writer } = options
  const columns = createColumns(interner)
  const seenAt = createSeenAtColumn(options.seenAt)
  const table = createNativeTable('otel_logs', [...Object.values(columns), seenAt.column])
  return {
    table,
    push(wire, { scan, view, pairs }) {
      const { bytes } = wire
      pushHalves(columns.timestamp, scan.at)
      pushTraceId(columns.traceId, bytes, scan.traceIdAt)
      pushSpanId(columns.spanId, bytes, scan.spanIdAt)
      columns.flags.data.byte(scan.flags & 0xff)
      columns.severityText.pushBytes(wire, scan.severityFrom, scan.severityTo)
      columns.severityNumber.data.byte(view.severityNumber)
      if (view.plainBody) columns.body.data.utf8(wire, ...view.plainBody)
      else columns.body.data.text(view.body)
      writer.write(columns.attributes, pairs, { wire, isPrompt: view.isPrompt })
      columns.event.data.utf8(wire, scan.eventFrom, scan.eventTo)
    },
    endScope(scope, count) {
      const { resource } = scope
      columns.service.indexes.fill(columns.service.indexOfText(resource.serviceName), count)
      const { resourceUrl, scopeUrl, scopeVersion } = columns
      resourceUrl.indexes.fill(resourceUrl.indexOfText(scope.resourceSchemaUrl), count)
      scopeUrl.indexes.fill(scopeUrl.indexOfText(scope.schemaUrl), count)
      scopeVersion.indexes.fill(scopeVersion.indexOfText(scope.version), count)
      columns.resource.pushPrepared(resource.map, count)
      columns.scope.pushPrepared(scope.map, count)
      pushRepeated(columns.scopeName, scope.name, count)
      seenAt.push(count)
      table.rowCount += count
    },
  }
}

function createColumns(interner: Interner) {
  return {
    timestamp: createPlainColumn('Timestamp', 'DateTime64(9)'),
    traceId: createPlainColumn('TraceId', 'String'),
    spanId: createPlainColumn('SpanId', 'String'),
    flags: createPlainColumn('TraceFlags', 'UInt8'),
    severityText: createWordColumn('SeverityText', interner),
    severityNumber: createPlainColumn('SeverityNumber', 'UInt8'),
    service: createWordColumn('ServiceName', interner),
    body: createPlainColumn('Body', 'String'),
    resourceUrl: createWordColumn('ResourceSchemaUrl', interner),
    resource: createMapColumn('ResourceAttributes', interner),
    scopeUrl: createWordColumn('ScopeSchemaUrl', interner),
    scopeName: createPlainColumn('ScopeName', 'String'),
    scopeVersion: createWordColumn('ScopeVersion', interner),
    scope: createMapColumn('ScopeAttributes', interner),
    attributes: createMapColumn('LogAttributes', interner),
    event: createPlainColumn('EventName', 'String'),
  }
}
