import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Part } from '../lib/part.ts'
import type { StoreEvents } from '../telemetry/store-events.ts'
import type { ClickHouse, Insert } from './clickhouse.ts'
import { migrate } from './migrate.ts'
import type { Load } from './native-load.ts'

// Detection, failover and paging go on while ClickHouse is down, also at a start: then the schema
// is brought up to date as soon as it answers, and inserts wait for that.

export interface SchemaPart extends Part {
  /** Inserts once the schema is there. Fails as `ClickHouse.insert` does. */
  readonly insert: Insert
  /** Likewise. */
  readonly load: Load
  degraded(): readonly string[]
}

export interface SchemaPartOptions {
  /** Called when the part starts, because an embedded database has no address before. */
  clickhouse(): ClickHouse
  readonly retentionMs: number
  readonly clock: Clock
  readonly events: Pick<StoreEvents, 'schemaWaiting' | 'schemaReady'>
}

const RETRY_MS = 2_000

export function createSchemaPart({
  clickhouse,
  retentionMs,
  clock,
  events,
}: SchemaPartOptions): SchemaPart {
  const stopping = new AbortController()
  let fault: AppError | undefined
  let isReady = false

  const migrateOnce = async () => {
    try {
      await migrate(clickhouse(), { retentionMs })
      isReady = true
      fault = undefined
    } catch (cause) {
      // Whatever trying again cannot mend (a newer schema, a refused statement) stops the start.
      if (!(cause instanceof AppError) || cause.code !== 'CLICKHOUSE_UNAVAILABLE') throw cause
      fault = cause
    }
  }
  const retry = async () => {
    while (!isReady && !stopping.signal.aborted) {
      await clock.sleep(RETRY_MS, stopping.signal).catch(() => {})
      if (!stopping.signal.aborted) await migrateOnce().catch((cause: AppError) => (fault = cause))
    }
    if (isReady) events.schemaReady()
  }

  const ready = () => {
    if (isReady) return clickhouse()
    throw fault ?? new AppError('CLICKHOUSE_UNAVAILABLE', 'the schema is not there yet')
  }

  return {
    name: 'schema',
    async start() {
      await migrateOnce()
      if (isReady) return
      events.schemaWaiting({ reason: fault?.message ?? 'unknown' })
      void retry()
    },
    async stop() {
      stopping.abort()
    },
    async insert(insertion) {
      await ready().insert(insertion)
    },
    async load(load) {
      await ready().load(load)
    },
    degraded: () => (fault ? [fault.message] : []),
  }
}
