import { createMeanings } from '../../src/config/meanings.ts'
import { createPrivateNames } from '../../src/config/private-names.ts'
import { createTimings } from '../../src/config/timings.ts'
import { createTopology } from '../../src/config/topology.ts'
import { createDecoder, type Decoder, type DecoderOptions } from '../../src/decode/decoder.ts'
import { createMapper } from '../../src/decode/mapper.ts'
import { createPrivacyTally } from '../../src/decode/privacy.ts'
import { identityOfIds } from '../../src/lib/identity.ts'
import type { DecodedBatch, DecodeResult, Row } from '../../src/model/batch.ts'
import type { Observation, ObservationUnit } from '../../src/model/observation.ts'
import type { OtlpRequest, Signal } from '../../src/model/otlp.ts'
import { readNative, withRare } from './native-reader.ts'
import { request } from './otlp-builder.ts'

export const NOW_MS = Date.UTC(2026, 0, 11, 14, 0, 0)

const FALLBACK = { target: 'edge-local', accepts: {}, tolerate: {}, params: {} }

/** A batch with its rows, by table, as read back from the blocks that they went into. */
export interface DecodedRows extends DecodedBatch {
  readonly rows: ReadonlyMap<string, readonly Row[]>
}

export const PRIVACY = {
  find: createPrivateNames({ drop: [], hash: [] }).find,
  isPromptEvent: createPrivateNames({ drop: [], hash: [] }).isPromptEvent,
  hash: (text: string) => `hmac:${text.length}`,
}

/** Those that tests read most. */
const KEYS_READ = ['name', 'kind', 'status', 'route', 'target', 'role', 'outcome', 'stage', 'event']

/** A decoder of the shipped topology: route preview, cloud-eu first, then edge-local. */
export function createTestDecoder(options: Partial<DecoderOptions> = {}): Decoder {
  const routes = [{ route: 'preview', primary: 'cloud-eu', fallbacks: [FALLBACK] }]
  const topology = createTopology({ routes } as unknown as Parameters<typeof createTopology>[0])
  const everySpan = [[]]
  const keys = [...KEYS_READ]
  return createDecoder({
    meanings: createMeanings({
      telemetry: { attributes: {} },
    }),
    topology: () => topology,
    services: { gateway: 'router', 'sd-worker': 'worker' },
    retentionMs: 90 * 86_400_000,
    timings: createTimings(),
    privacy: { ...PRIVACY, tally: createPrivacyTally() },
    spanInterest: () => everySpan,
    keysRead: () => keys,
    mapper: createMapper({ rules: [] }),
    ...options,
  })
}

/** What counts a span once, by its ids in hex. */
export function onceOf(traceId: string, spanId: string): number {
  const ids = new DataView(Uint8Array.from(Buffer.from(traceId + spanId, 'hex')).buffer)
  return identityOfIds(ids, 0, 16)
}

/** The batch of a request that must be readable. */
export function decodeOk(decoder: Decoder, otlp: OtlpRequest): DecodedRows {
  const result = decoder.decode(otlp)
  if (result.status === 'bad') throw new Error(result.reason)
  return withRows(decoder, result)
}

export function withRows(
  decoder: Decoder,
  { batch }: Extract<DecodeResult, { status: 'ok' }>,
): DecodedRows {
  return { ...batch, rows: sealRows(decoder) }
}

/** The rows of all requests since it was last sealed, by table. */
export function sealRows(decoder: Decoder): Map<string, readonly Row[]> {
  return new Map(
    decoder.seal().map(({ table, chunks }) => {
      const blocks = readNative(Buffer.concat(chunks))
      return [
        table,
        withRare(
          table,
          blocks.flatMap((block) => block.rows),
        ),
      ]
    }),
  )
}

export function decodeDocument(
  signal: Signal,
  document: Parameters<typeof request>[1],
  decoder: Decoder = createTestDecoder(),
): DecodedRows {
  return decodeOk(decoder, request(signal, document, { receivedUnixMs: NOW_MS }))
}

export function rowsOf(batch: DecodedRows, table: string): readonly Row[] {
  return batch.rows.get(table) ?? []
}

export function unitOf(batch: DecodedBatch, unit: ObservationUnit): Observation[] {
  // The newest span of a sender comes once more, so that it is heard: rules count it once.
  const seen = new Set<string>()
  return batch.observations.filter(({ unit: own, once }) => {
    const isNew = once === undefined || !seen.has(`${own} ${once}`)
    if (own === unit && once !== undefined) seen.add(`${own} ${once}`)
    return own === unit && isNew
  })
}
