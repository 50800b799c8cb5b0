import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClickHouse, createClickHouse } from '../../src/store/clickhouse.ts'
import { startDatabase, type TestDatabase } from './database.ts'
import { toBlock } from './native-blocks.ts'

// Files of Native blocks on their way into the real engine: read where they lie, and as the body of
// a request, as a server far away gets them.

let database: TestDatabase
let dir: string
const doors: Record<string, ClickHouse> = {}
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "signalbox-na'tive-"))
  database = await startDatabase()
  doors.embedded = createClickHouse({ url: database.url, readsFiles: true })
  doors.remote = createClickHouse({ url: database.url })
})
afterAll(async () => {
  await Promise.all(Object.values(doors).map((door) => door.close()))
  await database.stop()
  rmSync(dir, { recursive: true })
})

let tableCount = 0
async function createTable(columns = 'id LowCardinality(String)', rest = ''): Promise<string> {
  const table = `loaded_${tableCount++}`
  await database.clickhouse.command(
    `CREATE TABLE ${table} (${columns}) ENGINE = MergeTree ORDER BY id ${rest}
     SETTINGS non_replicated_deduplication_window = 1000`,
  )
  return table
}

function write(name: string, ...blocks: readonly (readonly string[])[]) {
  const file = join(dir, name)
  writeFileSync(file, Buffer.concat(blocks.flatMap((ids) => toBlock('', ids).chunks)))
  return { file, columns: ['id'] }
}
const idsOf = async (table: string) =>
  (await database.clickhouse.query<{ id: string }>(`SELECT id FROM ${table} ORDER BY id`)).map(
    ({ id }) => id,
  )
const partsOf = (table: string) =>
  database.clickhouse.query(
    `SELECT count() AS parts FROM system.parts WHERE database = currentDatabase() AND table = '${table}' AND active`,
  )

const KINDS = ['embedded', 'remote'] as const

test.for(KINDS)('blocks of one file become one part, and once per token: %s', async (kind) => {
  const table = await createTable()
  const load = { table, ...write(`${kind}.native`, ['1', '2'], ['3'], ['4', '5', 'ü€😀']) }
  for (const token of ['s:t', 's:t', 's:t']) await doors[kind]!.load({ ...load, token })
  expect(await idsOf(table)).toEqual(['1', '2', '3', '4', '5', 'ü€😀'])
  expect(await partsOf(table)).toEqual([{ parts: 1 }])
  await doors[kind]!.load({ ...load, token: 's2:t' })
  expect(await idsOf(table)).toHaveLength(12)
})

test('the same token holds whichever way the same file goes', async () => {
  const table = await createTable()
  const load = { table, ...write('both.native', ['1'], ['2']), token: 'x' }
  for (const kind of KINDS) await doors[kind]!.load(load)
  expect(await idsOf(table)).toEqual(['1', '2'])
})

test.for(KINDS)('a part of a file is loaded alone: %s', async (kind) => {
  const table = await createTable()
  const { byteCount } = toBlock('', ['1'])
  const file = write(`part-${kind}.native`, ['1'], ['2'], ['3'])
  await doors[kind]!.load({ table, ...file, part: { from: byteCount, byteCount }, token: 'x' })
  expect(await idsOf(table)).toEqual(['2'])
})

test.for(KINDS)('columns go by their names: %s', async (kind) => {
  const table = await createTable("`other` String DEFAULT 'd', `id` String")
  await doors[kind]!.load({ table, ...write(`names-${kind}.native`, ['1']), token: 'x' })
  expect(await database.clickhouse.query(`SELECT id, other FROM ${table}`)).toEqual([
    { id: '1', other: 'd' },
  ])
})

test.for(KINDS)('one block per partition, each once, also for views: %s', async (kind) => {
  const table = await createTable('id String', 'PARTITION BY id')
  const target = await createTable('id String, n UInt64')
  await database.clickhouse.command(
    `CREATE MATERIALIZED VIEW ${table}_mv TO ${target} AS SELECT id, count() AS n FROM ${table} GROUP BY id`,
  )
  const ids = Array.from({ length: 150 }, (_, n) => `${1_000 + (n % 120)}`)
  const load = { table, ...write(`days-${kind}.native`, ids.slice(0, 75), ids.slice(75)) }
  for (const token of ['x', 'x']) await doors[kind]!.load({ ...load, token })
  expect(await idsOf(table)).toHaveLength(150)
  expect(await partsOf(table)).toEqual([{ parts: 120 }])
  expect(
    await database.clickhouse.query(`SELECT sum(n) AS n, count() AS ids FROM ${target}`),
  ).toEqual([{ n: 150, ids: 120 }])
})

test.for([
  { name: 'a torn block', bytes: Buffer.concat(toBlock('', ['1', '2']).chunks).subarray(0, -2) },
  { name: 'no block at all', bytes: Buffer.from('{"id": "1"}') },
  { name: 'another column', bytes: Buffer.from('\x01\x01\x02no\x06String\x011', 'latin1') },
])('$name is refused for good, by both ways, and nothing of it stored', async ({ bytes }) => {
  const table = await createTable()
  const file = join(dir, 'bad.native')
  const good = Buffer.concat(toBlock('', ['0']).chunks)
  writeFileSync(file, Buffer.concat([good, bytes]))
  for (const kind of KINDS) {
    await expect(
      doors[kind]!.load({ table, file, columns: ['id'], token: kind }),
    ).rejects.toMatchObject({ code: 'CLICKHOUSE_QUERY_FAILED' })
  }
  expect(await idsOf(table)).toEqual([])
})

test.for(KINDS)('a file that is gone is nothing to wait for: %s', async (kind) => {
  const load = { table: await createTable(), columns: ['id'], file: join(dir, 'gone.native') }
  await expect(doors[kind]!.load({ ...load, token: 'x' })).rejects.toMatchObject({
    code: 'CLICKHOUSE_QUERY_FAILED',
    message: expect.stringContaining('is gone'),
  })
})

test('a path that file() would take for a pattern is not one', async () => {
  const table = await createTable()
  mkdirSync(join(dir, 'odd{1,2}*?'))
  await doors.embedded!.load({ table, ...write('odd{1,2}*?/f.native', ['1']), token: 'x' })
  expect(await idsOf(table)).toEqual(['1'])
})

test('too many parts is a reason to wait, a missing table is not', async () => {
  const table = await createTable('id String')
  await database.clickhouse.command(
    `ALTER TABLE ${table} MODIFY SETTING parts_to_throw_insert = 1, parts_to_delay_insert = 1`,
  )
  await database.clickhouse.command(`SYSTEM STOP MERGES ${table}`)
  const load = write('parts.native', ['1'])
  const tooMany = async () => {
    for (const token of ['1', '2', '3', '4']) await doors.embedded!.load({ table, ...load, token })
  }
  await expect(tooMany()).rejects.toMatchObject({
    code: 'CLICKHOUSE_UNAVAILABLE',
    message: expect.stringContaining('code 252'),
  })
  await expect(
    doors.embedded!.load({ table: 'nowhere', ...load, token: 'x' }),
  ).rejects.toMatchObject({ code: 'CLICKHOUSE_QUERY_FAILED' })
})
