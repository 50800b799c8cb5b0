import { join } from 'node:path'
import { createMeanings } from '../config/meanings.ts'
import { createPrivateNames } from '../config/private-names.ts'
import { createTimings } from '../config/timings.ts'
import { createTopology } from '../config/topology.ts'
import { createDecoder } from '../decode/decoder.ts'
import { createPrivacyTally } from '../decode/privacy.ts'
import { createSystemClock } from '../lib/clock.ts'
import { startAll, stopAll } from '../lib/part.ts'
import { createIngest } from '../receive/ingest.ts'
import { createOtlpHttpServer } from '../receive/otlp-http-server.ts'
import { type ClickHouse, createClickHouse } from '../store/clickhouse.ts'
import { createEmbeddedClickHouse } from '../store/embedded-clickhouse.ts'
import { migrate } from '../store/migrate.ts'
import { createWriteLog } from '../store/write-log.ts'
import { createReceiveEvents } from '../telemetry/receive-events.ts'
import { createStoreEvents } from '../telemetry/store-events.ts'
import { createSilentTelemetry } from '../telemetry/telemetry.ts'

const RETENTION_MS = 90 * 86_400_000
const LOG_BYTES_MAX = 4 * 2 ** 30

/** The whole way of a request, without the stages that only look at it. */
export interface IngestService {
  readonly port: number
  readonly databasePid: number | undefined
  readonly clickhouse: ClickHouse
  /** Resolves when everything that was accepted can be queried. */
  flush(): Promise<void>
  stop(): Promise<void>
}

export async function startIngestService(dataDir: string): Promise<IngestService> {
  const clock = createSystemClock()
  const telemetry = createSilentTelemetry()
  const events = createReceiveEvents(telemetry)
  const storeEvents = createStoreEvents(telemetry)
  const embedded = createEmbeddedClickHouse({
    dataDir: join(dataDir, 'clickhouse'),
    port: 0,
    clock,
    events: storeEvents,
  })
  await embedded.start()
  const clickhouse = createClickHouse({ url: embedded.url, readsFiles: true })
  await migrate(clickhouse, { retentionMs: RETENTION_MS })
  const topology = createTopology({ routes: [] })
  const names = createPrivateNames({ drop: [], hash: [] })
  const decoder = createDecoder({
    meanings: createMeanings({
      telemetry: { attributes: {} },
    }),
    topology: () => topology,
    services: { 'sd-worker': 'worker' },
    retentionMs: RETENTION_MS,
    timings: createTimings(),
    privacy: { ...names, hash: (text) => text, tally: createPrivacyTally() },
    spanInterest: () => [],
  })
  const log = createWriteLog({
    dir: join(dataDir, 'log'),
    clock,
    events: storeEvents,
    bytesMax: LOG_BYTES_MAX,
    seal: decoder.seal,
    load: clickhouse.load,
  })
  const ingest = createIngest({
    ...{ decode: decoder.decode, observe: () => {}, append: log.append, events },
  })
  const server = createOtlpHttpServer({
    host: '127.0.0.1',
    port: 0,
    authorize: () => ({ status: 'ok', actor: 'bench' }),
    ingest,
    events,
    clock,
  })
  await startAll([log, server])
  return {
    port: server.port,
    databasePid: embedded.pid,
    clickhouse,
    flush: () => log.flush(),
    async stop() {
      await stopAll([log, server])
      await clickhouse.close()
      await embedded.stop()
    },
  }
}
