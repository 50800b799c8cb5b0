import { createAuthorize } from '../../src/config/tokens.ts'
import type { Observation } from '../../src/model/observation.ts'
import { createOtlpHttpServer } from '../../src/receive/otlp-http-server.ts'
import { createReceiveEvents } from '../../src/telemetry/receive-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { createTestDecoder } from '../decode/decoder-fixture.ts'

/** A real OTLP receiver with the real decoder that keeps what it observed. */
export async function startOtlpSink() {
  const seen: Observation[] = []
  const waiting = new Set<() => void>()
  const decoder = createTestDecoder()
  const server = createOtlpHttpServer({
    host: '127.0.0.1',
    port: 0,
    authorize: createAuthorize(undefined),
    events: createReceiveEvents(createSilentTelemetry()),
    async ingest(request) {
      // Observations read from the body, which is good for this call only, and these are kept.
      const result = decoder.decode({ ...request, body: Buffer.from(request.body) })
      if (result.status === 'bad') return result
      seen.push(...result.batch.observations)
      for (const wake of [...waiting]) wake()
      return { status: 'ok', rejectedCount: 0, message: '' }
    },
  })
  await server.start()
  return {
    url: `http://127.0.0.1:${server.port}`,
    seen,
    /** Resolves when what came fulfils the condition. */
    until: (holds: (seen: readonly Observation[]) => boolean) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (!holds(seen)) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    stop: () => server.stop(),
  }
}
