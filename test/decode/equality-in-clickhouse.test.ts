import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Signal } from '../../src/model/otlp.ts'
import { type ClickHouse, createClickHouse } from '../../src/store/clickhouse.ts'
import { startDatabase, type TestDatabase } from '../store/database.ts'
import {
  createOpenDecoder,
  join,
  RECEIVED_MS,
  type Rows,
  referenceRows,
} from './equality-fixture.ts'
import { RARE_COLUMNS, readNative } from './native-reader.ts'
import { BODIES } from './otlp-arbitrary.ts'
import { bytesField, fixed64Field, messageField, varintField } from './protobuf-bytes.ts'

// The blocks in the real engine: what it reads out of them are the reference's rows, exactly.

const SIGNALS = ['traces', 'logs', 'metrics'] as const
const TABLES = [
  ...['otel_traces', 'otel_logs', 'otel_metrics_gauge', 'otel_metrics_sum'],
  ...['otel_metrics_histogram', 'otel_metrics_exponential_histogram', 'otel_metrics_summary'],
]

let database: TestDatabase
let clickhouse: ClickHouse
let dir: string
beforeAll(async () => {
  dir = mkdtempSync(joinPath(tmpdir(), 'signalbox-equality-'))
  database = await startDatabase()
  clickhouse = createClickHouse({ url: database.url, readsFiles: true })
  // Generated times are of 1970 and of 2262.
  for (const table of TABLES) await clickhouse.command(`ALTER TABLE ${table} REMOVE TTL`)
})
afterAll(async () => {
  await clickhouse.close()
  await database.stop()
  rmSync(dir, { recursive: true })
})

let blockCount = 0

/** Loads the blocks of all bodies, and returns what the engine has then, and what it should have. */
async function load(bodies: readonly { readonly signal: Signal; readonly body: Buffer }[]) {
  const decoder = createOpenDecoder()
  const expected: Rows[] = []
  for (const { signal, body } of bodies) {
    const request = { signal, body, encoding: 'protobuf' as const }
    expect(decoder.decode({ ...request, receivedUnixMs: RECEIVED_MS }).status).toBe('ok')
    expected.push(referenceRows(request) ?? {})
  }
  const stored: Record<string, string[]> = {}
  for (const { table, columns, chunks } of decoder.seal()) {
    if (!TABLES.includes(table)) continue
    await clickhouse.command(`TRUNCATE TABLE ${table}`)
    const file = joinPath(dir, `${blockCount}.native`)
    writeFileSync(file, Buffer.concat(chunks))
    await clickhouse.load({ table, columns, file, token: `equality-${blockCount++}` })
    // What the engine fills in, too.
    const rare = table === 'otel_traces' ? RARE_COLUMNS : []
    const own = columns.filter((column) => column !== 'SeenAt' && column !== 'EventAt')
    stored[table] = await rowsOf(table, [...new Set([...own, ...rare])])
  }
  const wanted = Object.entries(join(expected)).map(([table, rows]) => [table, toLines(rows)])
  return { stored, expected: Object.fromEntries(wanted) as Record<string, string[]> }
}

/** As the engine writes them, in its own exact format. */
async function rowsOf(table: string, columns: readonly string[]): Promise<string[]> {
  const names = columns.map((column) => `\`${column}\``).join(', ')
  const url = new URL(database.url)
  url.searchParams.set('query', `SELECT ${names} FROM ${table} FORMAT Native`)
  const authorization = `Basic ${btoa(`${url.username}:${url.password}`)}`
  url.searchParams.set('database', url.pathname.slice(1))
  url.username = url.password = ''
  url.pathname = '/'
  const answer = await fetch(url, { method: 'POST', headers: { authorization } })
  const bytes = Buffer.from(await answer.arrayBuffer())
  expect(answer.status, bytes.toString()).toBe(200)
  return toLines(readNative(bytes).flatMap(({ rows }) => rows))
}

/** The engine sorts rows by its own keys: here by their text, keys in order, and −0 as itself. */
function toLines(rows: Rows[string]): string[] {
  const ordered = (_key: string, value: unknown) => {
    if (Object.is(value, -0)) return '-0'
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  }
  return rows.map((row) => JSON.stringify(row, ordered)).sort()
}

test('generated rows of every table', async () => {
  const seed = Date.now() >>> 0
  const bodies = SIGNALS.flatMap((signal) =>
    fc.sample(BODIES[signal], { numRuns: 150, seed }).map((body) => ({ signal, body })),
  )
  const { stored, expected } = await load(bodies)
  expect(Object.keys(stored).sort(), `seed ${seed}`).toEqual([...TABLES].sort())
  for (const table of TABLES) expect(stored[table], `seed ${seed}`).toEqual(expected[table])
})

const scoped = (items: readonly Buffer[]) => messageField(1, bytesField(2, Buffer.concat(items)))
const attribute = (number: number, key: string) =>
  messageField(number, bytesField(1, key), messageField(2, bytesField(1, `of ${key}`)))

/** Each of its own name, with an attribute of its own. */
const span = (i: number) =>
  messageField(2, bytesField(5, `span ${i}`), fixed64Field(7, BigInt(i)), attribute(9, `s${i}`))
const record = (i: number) => messageField(2, bytesField(3, `level ${i}`), attribute(6, `l${i}`))
const metric = (i: number) =>
  messageField(
    2,
    bytesField(1, `metric ${i}`),
    messageField(5, messageField(1, attribute(7, `p${i}`))),
  )
const times = (count: number, item: (i: number) => Buffer) =>
  scoped(Array.from({ length: count }, (_, i) => item(i)))

test('more names in one block than one byte numbers', async () => {
  const { stored, expected } = await load([
    { signal: 'traces', body: times(300, span) },
    { signal: 'logs', body: times(300, record) },
    { signal: 'metrics', body: times(300, metric) },
  ])
  expect(Object.keys(stored)).toHaveLength(3)
  expect(stored).toEqual(expected)
})

test('more names in one block than two bytes number', { timeout: 60_000 }, async () => {
  const count = 66_000
  const { stored, expected } = await load([{ signal: 'traces', body: times(count, span) }])
  expect(stored.otel_traces).toHaveLength(count)
  // Not `toEqual`: it would show all rows.
  expect(stored.otel_traces?.findIndex((line, i) => line !== expected.otel_traces?.[i])).toBe(-1)
})

test('rows that have nothing in them', async () => {
  const points = [5, 7, 9, 10, 11].map((kind) =>
    messageField(2, messageField(kind, bytesField(1, ''))),
  )
  const empty = bytesField(2, '')
  const { stored, expected } = await load([
    { signal: 'traces', body: scoped([empty, empty]) },
    { signal: 'logs', body: scoped([empty, empty]) },
    { signal: 'metrics', body: scoped([...points, ...points]) },
  ])
  expect(Object.values(expected).map((rows) => rows.length)).toEqual(TABLES.map(() => 2))
  expect(stored).toEqual(expected)
})

test('events and links in one row alone', async () => {
  const event = messageField(11, bytesField(2, 'e'), attribute(3, 'k'))
  const link = messageField(13, attribute(4, 'k'))
  const bare = messageField(2, varintField(6, 1))
  const full = messageField(2, event, event, link)
  const { stored, expected } = await load([{ signal: 'traces', body: scoped([bare, full, bare]) }])
  expect(stored).toEqual(expected)
})
