import { createMeanings } from '../../src/config/meanings.ts'
import { createTimings } from '../../src/config/timings.ts'
import { createTopology } from '../../src/config/topology.ts'
import { createDecoder, type Decoder, type DecoderOptions } from '../../src/decode/decoder.ts'
import type { DecodedBatch, Row } from '../../src/model/batch.ts'
import type { Observation, ObservationUnit } from '../../src/model/observation.ts'
import type { OtlpRequest, Signal } from '../../src/model/otlp.ts'
import { request } from './otlp-builder.ts'

export const NOW_MS = Date.UTC(2026, 0, 11, 14, 0, 0)

const FALLBACK = { target: 'edge-local', accepts: {}, tolerate: {}, params: {} }

/** A decoder of the shipped topology: route preview, cloud-eu first, then edge-local. */
export function createTestDecoder(options: Partial<DecoderOptions> = {}): Decoder {
  const routes = [{ route: 'preview', primary: 'cloud-eu', fallbacks: [FALLBACK] }]
  const topology = createTopology({ routes } as unknown as Parameters<typeof createTopology>[0])
  return createDecoder({
    meanings: createMeanings({
      telemetry: { attributes: {} },
    }),
    topology: () => topology,
    services: { gateway: 'router', 'sd-worker': 'worker' },
    retentionMs: 90 * 86_400_000,
    timings: createTimings(),
    ...options,
  })
}

/** The batch of a request that must be readable. */
export function decodeOk(decoder: Decoder, otlp: OtlpRequest): DecodedBatch {
  const result = decoder.decode(otlp)
  if (result.status === 'bad') throw new Error(result.reason)
  return result.batch
}

export function decodeDocument(
  signal: Signal,
  document: Parameters<typeof request>[1],
  decoder: Decoder = createTestDecoder(),
): DecodedBatch {
  return decodeOk(decoder, request(signal, document, { receivedUnixMs: NOW_MS }))
}

export function rowsOf(batch: DecodedBatch, table: string): readonly Row[] {
  return batch.rows.get(table) ?? []
}

export function unitOf(batch: DecodedBatch, unit: ObservationUnit): Observation[] {
  return batch.observations.filter((observation) => observation.unit === unit)
}
