import type { AnyValue, Int64, KeyValue, Resource, Scope } from './value-message.ts'

export interface LogsRequest {
  readonly resourceLogs: readonly ResourceLogs[]
}

interface ResourceLogs {
  readonly resource: Resource | null
  readonly scopeLogs: readonly ScopeLogs[]
  readonly schemaUrl: string
}

interface ScopeLogs {
  readonly scope: Scope | null
  readonly logRecords: readonly LogRecord[]
  readonly schemaUrl: string
}

export interface LogRecord {
  readonly timeUnixNano: Int64
  readonly observedTimeUnixNano: Int64
  readonly severityNumber: number
  readonly severityText: string
  readonly body: AnyValue | null
  readonly attributes: readonly KeyValue[]
  readonly flags: number
  readonly traceId: Uint8Array
  readonly spanId: Uint8Array
  readonly eventName: string
}
