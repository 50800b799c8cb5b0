import { toText } from '../decode/attribute-value.ts'
import type { LogRecord, LogsRequest } from '../decode/log-message.ts'
import type { Row } from '../model/batch.ts'
import { readTexts } from './naive-attributes.ts'
import { readSpanId, readTraceId } from './naive-ids.ts'
import { type Origin, readOrigin } from './naive-scope.ts'
import { firstTime, formatUnixNs } from './naive-times.ts'

/**
 * Rows of `otel_logs`, as the Collector's ClickHouse exporter (≥ v0.151) writes them.
 * @param receivedUnixMs stands in where a record has neither time
 * @throws BadTelemetry for an id of wrong length
 */
export function readLogRows(request: LogsRequest, receivedUnixMs: number): Row[] {
  return request.resourceLogs.flatMap(({ resource, scopeLogs, schemaUrl: resourceSchemaUrl }) =>
    scopeLogs.flatMap(({ scope, logRecords, schemaUrl: scopeSchemaUrl }) => {
      const origin = readOrigin({ resource, resourceSchemaUrl, scope, scopeSchemaUrl })
      return logRecords.map((record) => ({
        Timestamp: formatUnixNs(
          firstTime([record.timeUnixNano, record.observedTimeUnixNano], receivedUnixMs),
        ),
        ...toLogRow(record, origin),
      }))
    }),
  )
}

function toLogRow(record: LogRecord, origin: Origin): Row {
  return {
    TraceId: readTraceId(record.traceId),
    SpanId: readSpanId(record.spanId),
    TraceFlags: record.flags & 0xff,
    SeverityText: record.severityText,
    SeverityNumber: Math.min(255, Math.max(0, record.severityNumber)),
    ServiceName: origin.serviceName,
    Body: toText(record.body),
    ResourceSchemaUrl: origin.resourceSchemaUrl,
    ResourceAttributes: origin.resource,
    ScopeSchemaUrl: origin.scopeSchemaUrl,
    ScopeName: origin.scopeName,
    ScopeVersion: origin.scopeVersion,
    ScopeAttributes: origin.scopeAttributes,
    LogAttributes: readTexts(record.attributes),
    EventName: record.eventName,
  }
}
