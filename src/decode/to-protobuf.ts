import type { LogRecord } from './log-message.ts'
import { REQUEST_TYPES } from './otlp-schema.ts'
import type { AnyValue, KeyValue } from './value-message.ts'

/** Log records as the request that an SDK would have sent. */
export function logsToProtobuf(resourceLogs: readonly SentLogs[]): Buffer {
  const message = {
    resourceLogs: resourceLogs.map(({ attributes, records }) => ({
      resource: { attributes: attributes.map(plainPair) },
      scopeLogs: [{ logRecords: records.map(plainRecord) }],
    })),
  }
  return Buffer.from(REQUEST_TYPES.logs.encode(message).finish())
}

/** Records of one sender. */
export interface SentLogs {
  readonly attributes: readonly KeyValue[]
  readonly records: readonly LogRecord[]
}

function plainRecord({ body, attributes, ...record }: LogRecord) {
  return {
    ...record,
    attributes: attributes.map(plainPair),
    ...(body && { body: plainValue(body) }),
  }
}

function plainPair({ key, value }: KeyValue) {
  return { key, ...(value && { value: plainValue(value) }) }
}

/** Only the field that is set: the library writes whatever there is. */
function plainValue(value: AnyValue): object {
  const { value: field } = value
  if (field === undefined) return {}
  if (field === 'arrayValue')
    return { arrayValue: { values: (value.arrayValue?.values ?? []).map(plainValue) } }
  if (field === 'kvlistValue')
    return { kvlistValue: { values: (value.kvlistValue?.values ?? []).map(plainPair) } }
  return { [field]: value[field] }
}
