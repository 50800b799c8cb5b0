import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSystemClock } from '../../src/lib/clock.ts'
import { type ClickHouse, createClickHouse } from '../../src/store/clickhouse.ts'
import { createEmbeddedClickHouse } from '../../src/store/embedded-clickhouse.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createStoreEvents } from '../../src/telemetry/store-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'

export interface TestDatabase {
  readonly clickhouse: ClickHouse
  readonly url: string
  /** Stops the child process and deletes its directory. */
  stop(): Promise<void>
}

/** The real embedded engine in its child process, with every table, in a directory of its own. */
export async function startDatabase(options?: {
  readonly retentionMs?: number
}): Promise<TestDatabase> {
  const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-database-'))
  const embedded = createEmbeddedClickHouse({
    dataDir,
    port: 0,
    clock: createSystemClock(),
    events: createStoreEvents(createSilentTelemetry()),
  })
  await embedded.start()
  const clickhouse = createClickHouse({ url: embedded.url })
  const stop = async () => {
    await clickhouse.close()
    await embedded.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  try {
    // Tests replay incidents of the past, which a short retention would delete at once.
    await migrate(clickhouse, { retentionMs: options?.retentionMs ?? 3650 * 86_400_000 })
  } catch (fault) {
    await stop()
    throw fault
  }
  return { clickhouse, url: embedded.url, stop }
}
