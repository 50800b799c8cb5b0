import { rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { createSystemClock } from '../lib/clock.ts'
import type { Row } from '../model/batch.ts'
import { createClickHouse } from '../store/clickhouse.ts'
import { createEmbeddedClickHouse } from '../store/embedded-clickhouse.ts'
import { migrate } from '../store/migrate.ts'
import { createStoreEvents } from '../telemetry/store-events.ts'
import { createSilentTelemetry } from '../telemetry/telemetry.ts'
import { createNaiveDecoder } from './naive-decoder.ts'
import { createRowInserter } from './row-inserter.ts'

// The pipeline that one would write first, as a process that is started like the server: objects by
// a library, rows, the client's JSONEachRow insert into the same schema of an embedded ClickHouse.
// It does less: no detection, no privacy, no memory of repeated requests, and no log: what it has
// answered for is in memory only.

const RETENTION_MS = 90 * 86_400_000
const inflate = promisify(gunzip)

/** Started as `reference-process.js DATA_DIR READY_FILE`. */
async function serve(dataDir: string, readyFile: string): Promise<void> {
  const embedded = createEmbeddedClickHouse({
    ...{ dataDir, port: 0, clock: createSystemClock() },
    events: createStoreEvents(createSilentTelemetry()),
  })
  await embedded.start()
  const clickhouse = createClickHouse({ url: embedded.url })
  await migrate(clickhouse, { retentionMs: RETENTION_MS })
  await clickhouse.close()
  const inserter = createRowInserter({ url: embedded.url, table: 'otel_traces' })
  const server = createServer((request, response) => {
    receive(request, inserter.add).then(
      () => response.writeHead(200, { 'content-length': 0 }).end(),
      (fault) => {
        process.stderr.write(`${fault}\n`)
        response.writeHead(503, { 'content-length': 0 }).end()
      },
    )
  })
  server.listen(0, '127.0.0.1', () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const addresses = { http: url, otlp_http: url, clickhouse: embedded.url }
    writeFileSync(readyFile, `${JSON.stringify(addresses)}\n`, { mode: 0o600 })
  })
  process.once('SIGTERM', () => {
    server.closeAllConnections()
    server.close()
    rmSync(readyFile, { force: true })
    void inserter.stop().then(() => embedded.stop())
  })
}

const decoder = createNaiveDecoder()

async function receive(
  request: IncomingMessage,
  add: (rows: readonly Row[]) => Promise<void>,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const wire = Buffer.concat(chunks)
  const body = request.headers['content-encoding'] === 'gzip' ? await inflate(wire) : wire
  const isJson = request.headers['content-type'] === 'application/json'
  const encoding = isJson ? 'json' : 'protobuf'
  const found = decoder.rows({ signal: 'traces', encoding, body, receivedUnixMs: Date.now() })
  await add(found.get('otel_traces') ?? [])
}

const [dataDir = '', readyFile = ''] = process.argv.slice(2)
await serve(dataDir, readyFile)
