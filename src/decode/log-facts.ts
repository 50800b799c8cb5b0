import type { Row } from '../model/batch.ts'
import { toText } from './attribute-value.ts'
import { type Attributes, readAttributes } from './attributes.ts'
import { readSpanId, readTraceId } from './ids.ts'
import { formatUnixNs, toUnixNs } from './int64.ts'
import { readKubernetesEvent } from './kubernetes-event.ts'
import type { LogRecord, LogsRequest } from './log-message.ts'
import { isPromptEvent } from './prompt-text.ts'
import { type ResourceOptions, readResource } from './resource.ts'
import { type Origin, readOrigin } from './scope.ts'

/** One log record, checked, in our own words. */
export interface LogFacts {
  readonly origin: Origin
  readonly unixNs: bigint
  readonly traceId: string
  readonly spanId: string
  readonly flags: number
  readonly severityText: string
  readonly severityNumber: number
  readonly body: string
  readonly attributes: Attributes
  readonly eventName: string
  /** What a Kubernetes event object in the body says; empty for every other record. */
  readonly kubernetes: ReadonlyMap<string, string | number>
}

export interface LogOptions extends ResourceOptions {
  /** Stands in where a record has neither time. */
  readonly receivedUnixMs: number
}

/**
 * All records of a request, in the order of its bytes.
 * @throws BadTelemetry for an id of wrong length
 */
export function readLogs(request: LogsRequest, options: LogOptions): LogFacts[] {
  return request.resourceLogs.flatMap(({ resource, scopeLogs, schemaUrl }) => {
    const facts = readResource(resource, options)
    return scopeLogs.flatMap((scopeLog) => {
      const origin = readOrigin({
        resource: facts,
        resourceSchemaUrl: schemaUrl,
        scope: scopeLog.scope,
        scopeSchemaUrl: scopeLog.schemaUrl,
      })
      return scopeLog.logRecords.map((record) => readLog(record, { ...options, origin }))
    })
  })
}

/** @throws BadTelemetry for an id of wrong length */
export function readLog(
  record: LogRecord,
  context: Pick<LogOptions, 'receivedUnixMs'> & { readonly origin: Origin },
): LogFacts {
  const attributes = readAttributes(record.attributes)
  const eventName = record.eventName || (attributes.text['event.name'] ?? '')
  return {
    origin: context.origin,
    unixNs:
      toUnixNs(record.timeUnixNano) ||
      toUnixNs(record.observedTimeUnixNano) ||
      BigInt(Math.floor(context.receivedUnixMs)) * 1_000_000n,
    traceId: readTraceId(record.traceId),
    spanId: readSpanId(record.spanId),
    flags: record.flags & 0xff,
    severityText: record.severityText,
    severityNumber: Math.min(255, Math.max(0, record.severityNumber)),
    body: isPromptEvent(eventName) ? '' : toText(record.body),
    attributes,
    eventName: record.eventName,
    kubernetes: readKubernetesEvent(record.body),
  }
}

/** A row of `otel_logs`, as the Collector's ClickHouse exporter (≥ v0.151) writes it. */
export function toLogRow(log: LogFacts): Row {
  const { origin } = log
  return {
    Timestamp: formatUnixNs(log.unixNs),
    TraceId: log.traceId,
    SpanId: log.spanId,
    TraceFlags: log.flags,
    SeverityText: log.severityText,
    SeverityNumber: log.severityNumber,
    ServiceName: origin.resource.serviceName,
    Body: log.body,
    ResourceSchemaUrl: origin.resourceSchemaUrl,
    ResourceAttributes: origin.resource.attributes.text,
    ScopeSchemaUrl: origin.scopeSchemaUrl,
    ScopeName: origin.scopeName,
    ScopeVersion: origin.scopeVersion,
    ScopeAttributes: origin.scopeAttributes.text,
    LogAttributes: log.attributes.text,
    EventName: log.eventName,
  }
}
