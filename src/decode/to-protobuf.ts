import type { OtlpRequest } from '../model/otlp.ts'
import type { LogRecord } from './log-message.ts'
import { REQUEST_TYPES } from './otlp-schema.ts'
import { readJson } from './read-json.ts'
import type { AnyValue, KeyValue } from './value-message.ts'

/**
 * An export request in OTLP/JSON as the protobuf message that says the same, so that one decoder
 * serves both encodings.
 *
 * @throws BadTelemetry naming the place, such as `resourceSpans[0].scopeSpans[1].spans[7].kind`
 */
export function jsonToProtobuf({ signal, body }: Pick<OtlpRequest, 'signal' | 'body'>): Buffer {
  const type = REQUEST_TYPES[signal]
  return Buffer.from(type.encode(readJson(type, body) as object).finish())
}

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
