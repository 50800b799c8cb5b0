import type { OtlpRequest } from '../model/otlp.ts'
import { BadTelemetry } from './bad-telemetry.ts'
import { REQUEST_TYPES } from './otlp-schema.ts'
import { readJson } from './read-json.ts'

/**
 * Bytes of an export request as a message (see `value-message.ts`), in either encoding.
 * @throws BadTelemetry for anything that is not such a message
 */
export function readRequest({ signal, encoding, body }: OtlpRequest): unknown {
  const type = REQUEST_TYPES[signal]
  if (encoding === 'json') return readJson(type, body)
  try {
    // As a Buffer, since the library's reader for it is the faster one.
    return type.decode(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
  } catch (fault) {
    throw new BadTelemetry(
      `not a protobuf message of ${signal}: ${fault instanceof Error ? fault.message : String(fault)}`,
    )
  }
}
