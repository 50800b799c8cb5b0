import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ClickHouseError, type ClickHouseSettings, createClient } from '@clickhouse/client'
import type { ByteRoom } from '../lib/byte-room.ts'
import { AppError } from '../lib/errors.ts'
import { type NativeRows, readNative } from '../lib/native-reader.ts'
import type { Row } from '../model/batch.ts'
import { LOAD_SETTINGS, type Load, toLoadStatement } from './native-load.ts'

// The one door to ClickHouse, embedded or a server: the same client, the same settings.
// Inserts and queries have connections of their own, so that a heavy report never delays loading.

export interface ClickHouse {
  /** The database of the URL; `default` when it names none. */
  readonly database: string
  /**
   * Rows of a SELECT. `{name:Type}` in the SQL takes `params.name`. 64-bit integers come as
   * numbers, exact up to 2^53 (`toString(x)` in the SQL for more); NaN and infinity as null;
   * DateTime64 as `2026-01-11 14:26:37.312`, UTC.
   *
   * @throws AppError CLICKHOUSE_UNAVAILABLE when trying again may help, else CLICKHOUSE_QUERY_FAILED
   */
  query<T>(sql: string, params?: Readonly<Record<string, unknown>>): Promise<T[]>
  /**
   * As `query`, by columns: an answer of a few megabytes at most, which is kept as it came, in `room`
   * where one is given.
   */
  rows(
    sql: string,
    params?: Readonly<Record<string, unknown>>,
    room?: ByteRoom,
  ): Promise<NativeRows[]>
  /** One statement without a result. Fails as `query` does. */
  command(sql: string): Promise<void>
  /** Rows into a table, synchronously and, with the same token, at most once. Fails as `query` does. */
  insert(insertion: Insertion): Promise<void>
  /** `Native` blocks of a file into a table, with the same promise. Fails as `query` does. */
  readonly load: Load
  /** Whether it answers at all. Never throws. */
  ping(): Promise<boolean>
  /** Creates the URL's database when it is missing. */
  ensureDatabase(): Promise<void>
  close(): Promise<void>
}

export interface Insertion {
  readonly table: string
  /** Times as `2026-01-11 14:26:37.312` or ISO 8601, UTC; 64-bit integers beyond 2^53 as text. */
  readonly rows: readonly Row[]
  /** The same rows with the same token are stored once, as far back as the table remembers. */
  readonly token: string
}

export type Insert = (insertion: Insertion) => Promise<void>

export interface ClickHouseOptions {
  /** `http(s)://user:password@host:port/database` */
  readonly url: string
  /** It runs on this machine and may read our files: nothing is sent that lies there already. */
  readonly readsFiles?: boolean
  /** Default 60 s; also `max_execution_time`. */
  readonly queryTimeoutMs?: number
  /** Default 120 s: an insert that is cut off is done again in full. */
  readonly insertTimeoutMs?: number
}

export function createClickHouse(options: ClickHouseOptions): ClickHouse {
  const { url, readsFiles = false, queryTimeoutMs = 60_000, insertTimeoutMs = 120_000 } = options
  const shared = { url, application: 'signalbox', log: { level: 127 as const } }
  const reader = createClient({
    ...shared,
    request_timeout: queryTimeoutMs,
    max_open_connections: 6,
    clickhouse_settings: {
      ...UTC,
      max_execution_time: Math.ceil(queryTimeoutMs / 1_000),
      output_format_json_quote_64bit_integers: 0,
    },
  })
  const writer = createClient({
    ...shared,
    request_timeout: insertTimeoutMs,
    max_open_connections: 4,
    clickhouse_settings: { ...UTC, ...INSERT_SETTINGS },
  })
  const database = new URL(url).pathname.split('/')[1] || 'default'

  return {
    database,
    query: <T>(sql: string, params?: Readonly<Record<string, unknown>>) =>
      translated(async () => {
        const query = { query: sql, format: 'JSONEachRow' as const }
        const result = await reader.query(params ? { ...query, query_params: params } : query)
        return await result.json<T>()
      }),
    rows: (sql, params, room) =>
      translated(async () => {
        const { stream } = await reader.exec(toNativeQuery(sql, params))
        return readNative(await readAll(stream, room))
      }),
    command: (sql) =>
      translated(async () => {
        await writer.command({ query: sql })
      }),
    insert: ({ table, rows, token }) =>
      translated(async () => {
        if (rows.length === 0) return
        const { stream } = await writer.exec({
          query: `INSERT INTO ${table} FORMAT JSONEachRow`,
          values: Readable.from(toLines(rows), { objectMode: false }),
          clickhouse_settings: { insert_deduplication_token: token },
        })
        for await (const _ of stream);
      }),
    load: (load) =>
      translated(async () => {
        const { query, body } = await toLoadStatement(load, { readsFiles })
        const clickhouse_settings = { ...LOAD_SETTINGS, insert_deduplication_token: load.token }
        const statement = { query, clickhouse_settings, ...(body && { values: body }) }
        try {
          const { stream } = await writer.exec(statement)
          for await (const _ of stream);
        } finally {
          body?.destroy()
        }
      }),
    ping: async () => (await reader.ping()).success,
    ensureDatabase: () =>
      translated(async () => {
        // A URL without a path: on a server, every statement in a missing database fails.
        const admin = createClient({ ...shared, url: new URL('/', url) })
        try {
          await admin.command({ query: `CREATE DATABASE IF NOT EXISTS \`${database}\`` })
        } finally {
          await admin.close()
        }
      }),
    async close() {
      await Promise.all([reader.close(), writer.close()])
    },
  }
}

/** ClickHouse's own error code, when a fault came from it. */
export function clickHouseCodeOf(fault: unknown): number | undefined {
  if (fault instanceof ClickHouseError) return Number(fault.code)
  return fault instanceof AppError ? clickHouseCodeOf(fault.cause) : undefined
}

/** Two threads, because the machine has other work; times come as plain integers. */
const NATIVE_SETTINGS: ClickHouseSettings = {
  max_threads: 2,
  low_cardinality_allow_in_native_format: 1,
}

function toNativeQuery(sql: string, params: Readonly<Record<string, unknown>> = {}) {
  const query = `${sql} FORMAT Native`
  return { query, query_params: params, clickhouse_settings: NATIVE_SETTINGS }
}

async function readAll(stream: Readable, room: ByteRoom | undefined): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  if (!room) return Buffer.concat(chunks)
  const whole = room.take(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) at += chunk.copy(whole, at)
  return whole
}

// Text times are read and written in UTC, whatever the server's zone.
const UTC: ClickHouseSettings = { session_timezone: 'UTC' }

const INSERT_SETTINGS: ClickHouseSettings = {
  async_insert: 0,
  wait_end_of_query: 1,
  date_time_input_format: 'best_effort',
  deduplicate_blocks_in_dependent_materialized_views: 1,
  // Late data of many days in one segment must not be refused.
  throw_on_max_partitions_per_insert_block: 0,
}

/** Rows per turn of the event loop: text of 20,000 at once would hold up everything else. */
const ROWS_PER_TURN = 500

async function* toLines(rows: readonly Row[]): AsyncGenerator<string> {
  for (let from = 0; from < rows.length; from += ROWS_PER_TURN) {
    const some = rows.slice(from, from + ROWS_PER_TURN)
    yield `${some.map(toLine).join('\n')}\n`
    await nextTurn()
  }
}

/** Half a character, as JSON writes it; an even run of backslashes before it is text of its own. */
const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g

/**
 * A row that is no JSON (a bigint) will never go in: no reason to try again. ClickHouse refuses half
 * characters, and with them everybody's rows of the same insert: they become U+FFFD.
 */
function toLine(row: Row): string {
  try {
    const line = JSON.stringify(row)
    return line.includes('\\ud') ? line.replace(LONE_SURROGATE, '$1\\ufffd') : line
  } catch (cause) {
    throw new AppError('CLICKHOUSE_QUERY_FAILED', `a row is no JSON: ${cause}`, { cause })
  }
}

/**
 * Codes of a server that is busy, full, starting, replicating or misconfigured, not of a wrong
 * statement: 159, 160 time; 202 queries; 209, 210, 279 network; 225, 242, 319, 999 replication;
 * 236 aborted; 164, 497 read-only user; 241, 243, 252 memory, disk, parts; 516 password;
 * 745 connections.
 */
const TRANSIENT_CODES = new Set([
  159, 160, 164, 202, 209, 210, 225, 236, 241, 242, 243, 252, 279, 319, 497, 516, 745, 999,
])

/** Faults of its disk come under many codes (75, 76, 1001), with the words of the system. */
const DISK_FAULT = /no space left|read-only file system|input\/output error|quota exceeded/i

const isTransient = ({ code, message }: ClickHouseError) =>
  TRANSIENT_CODES.has(Number(code)) || DISK_FAULT.test(message)

async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (fault) {
    if (fault instanceof AppError) throw fault
    if (!(fault instanceof ClickHouseError)) {
      const reason = fault instanceof Error ? fault.message || fault.name : String(fault)
      throw new AppError('CLICKHOUSE_UNAVAILABLE', `ClickHouse does not answer: ${reason}`, {
        cause: fault,
      })
    }
    throw new AppError(
      isTransient(fault) ? 'CLICKHOUSE_UNAVAILABLE' : 'CLICKHOUSE_QUERY_FAILED',
      `ClickHouse refused (code ${fault.code}, ${fault.type ?? 'unknown'}): ${fault.message.trim()}`,
      { cause: fault },
    )
  }
}
