import { BadTelemetry } from '../decode/bad-telemetry.ts'

/**
 * Lower-case hex; '' for an absent or all-zero id, which OTLP calls unset.
 * @throws BadTelemetry when the length is neither 0 nor 16
 */
export function readTraceId(bytes: Uint8Array): string {
  return readId(bytes, { name: 'trace id', byteCount: 16 })
}

/** As `readTraceId`, of 8 bytes. */
export function readSpanId(bytes: Uint8Array): string {
  return readId(bytes, { name: 'span id', byteCount: 8 })
}

function readId(bytes: Uint8Array, kind: { name: string; byteCount: number }): string {
  if (bytes.length === 0) return ''
  if (bytes.length !== kind.byteCount) {
    throw new BadTelemetry(`a ${kind.name} has ${kind.byteCount} bytes, not ${bytes.length}`)
  }
  if (bytes.every((byte) => byte === 0)) return ''
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
