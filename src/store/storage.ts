import { join } from 'node:path'
import type { Settings } from '../config/settings.ts'
import type { Clock } from '../lib/clock.ts'
import type { Part } from '../lib/part.ts'
import type { Block } from '../model/block.ts'
import type { RuleMemory } from '../model/rule-memory.ts'
import type { StateStore } from '../model/state-store.ts'
import type { StoreEvents } from '../telemetry/store-events.ts'
import { type ClickHouse, createClickHouse } from './clickhouse.ts'
import { createEmbeddedClickHouse } from './embedded-clickhouse.ts'
import { createJournal, type JournalPart } from './journal.ts'
import { createRuleMemory } from './rule-memory.ts'
import { createSchemaPart } from './schema-part.ts'
import { createStateStore } from './state-store.ts'
import { createWriteLog, type WriteLog } from './write-log.ts'

/** Everything on disk: one unit, because each of its parts needs the one before. */
export interface Storage {
  /** In the order of their start: state, database, schema, journal, log. */
  readonly parts: readonly Part[]
  /** Known once the database has started; carries user and password. */
  readonly url: () => string
  readonly clickhouse: Pick<ClickHouse, 'query' | 'ping'>
  readonly state: StateStore
  readonly ruleMemory: RuleMemory
  readonly journal: JournalPart
  readonly log: WriteLog
  /** Resolves when everything accepted so far can be queried, or after 5 s. */
  flush(): Promise<unknown>
  /** Why a sender would be refused now; empty when it would not. */
  refusing(): readonly string[]
  degraded(): readonly string[]
}

export interface StorageOptions {
  readonly settings: Pick<
    Settings,
    'data_dir' | 'clickhouse_port' | 'clickhouse_url' | 'retention' | 'log_bytes_max'
  >
  readonly clock: Clock
  readonly events: StoreEvents
  /** All rows decoded since it was called last, for the log. */
  readonly seal: () => readonly Block[]
}

const FLUSH_MS_MAX = 5_000

/** @throws AppError DATA_DIR_LOCKED when another server uses the data directory */
export function createStorage({ settings, clock, events, seal }: StorageOptions): Storage {
  const dirOf = (name: string) => join(settings.data_dir, name)
  // Opened first and at once: its lock decides who may touch the directory at all.
  const state = createStateStore({ file: dirOf('state.sqlite') })
  const lock: Part = { name: 'state', start: async () => {}, stop: async () => state.close() }
  const isEmbedded = settings.clickhouse_url === undefined
  const database =
    settings.clickhouse_url === undefined
      ? createEmbeddedClickHouse({
          dataDir: dirOf('clickhouse'),
          port: settings.clickhouse_port,
          clock,
          events,
        })
      : createRemote(settings.clickhouse_url)
  let client: ClickHouse | undefined
  // At first use: an embedded database has no address before it has started.
  const clickhouse = () => {
    client ??= createClickHouse({ url: database.url, readsFiles: isEmbedded })
    return client
  }
  const schema = createSchemaPart({
    ...{ clickhouse, retentionMs: settings.retention, clock, events },
  })
  const { insert, load } = schema
  const journal = createJournal({ insert, clock, events })
  const log = createWriteLog({
    ...{ dir: dirOf('log'), bytesMax: settings.log_bytes_max, clock, events, seal, load },
  })
  return {
    parts: [lock, database, schema, journal, log],
    state,
    ruleMemory: createRuleMemory({ dataDir: settings.data_dir }),
    url: () => database.url,
    clickhouse: {
      query: (sql, params) => clickhouse().query(sql, params),
      ping: () => clickhouse().ping(),
    },
    journal,
    log,
    flush: () =>
      Promise.race([Promise.all([journal.flush(), log.flush()]), clock.sleep(FLUSH_MS_MAX)]),
    refusing: log.refusing,
    degraded: () => [...schema.degraded(), ...log.degraded()],
  }
}

/** A server that somebody else runs: nothing to start. */
function createRemote(url: string): Part & { readonly url: string } {
  return { name: 'clickhouse', url, start: async () => {}, stop: async () => {} }
}
