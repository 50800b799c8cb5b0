import type { OtlpRequest } from '../model/otlp.ts'
import { BadTelemetry } from './bad-telemetry.ts'
import { REMOTE_WRITE_LIMITS, toMetricsRequest } from './remote-write.ts'
import { createRemoteWriteMemory } from './remote-write-memory.ts'

/** A request in OTLP's own encoding, or why it cannot be one. */
export type Translated =
  | {
      readonly status: 'ok'
      readonly request: OtlpRequest
      /** Items that OTLP cannot hold; the rest is in the request. */
      readonly refusedCount: number
      readonly refusedReason: string
    }
  | { readonly status: 'bad'; readonly reason: string }

/**
 * Rewrites other protocols as OTLP, before private attributes are taken out, and before the log: so
 * the log can be read back without what this remembers. Every other request stays as it is.
 */
export function createTranslate(): (request: OtlpRequest) => Translated {
  const memory = createRemoteWriteMemory()
  return (request) => {
    if (request.encoding !== 'remote-write')
      return { status: 'ok', request, refusedCount: 0, refusedReason: '' }
    try {
      const options = { limits: REMOTE_WRITE_LIMITS, memory }
      const { body, ...refused } = toMetricsRequest(request.body, options)
      return { status: 'ok', request: { ...request, encoding: 'protobuf', body }, ...refused }
    } catch (fault) {
      if (fault instanceof BadTelemetry) return { status: 'bad', reason: fault.message }
      throw fault
    }
  }
}
