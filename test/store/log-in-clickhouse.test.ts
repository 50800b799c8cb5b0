import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createSystemClock } from '../../src/lib/clock.ts'
import { createClickHouse } from '../../src/store/clickhouse.ts'
import type { Load, NativeLoad } from '../../src/store/native-load.ts'
import { createWriteLog } from '../../src/store/write-log.ts'
import { createStoreEvents } from '../../src/telemetry/store-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { startDatabase, type TestDatabase } from './database.ts'
import { createOpenIds, readIds } from './native-blocks.ts'

// The log with the real engine behind it, as it refuses for good and for now.

let database: TestDatabase
beforeAll(async () => {
  database = await startDatabase()
})
afterAll(() => database.stop())

async function openLog({
  readsFiles = true,
  load,
}: {
  readonly readsFiles?: boolean
  readonly load?: Load
} = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-log-'))
  const clickhouse = createClickHouse({ url: database.url, readsFiles })
  const open = createOpenIds()
  const log = createWriteLog({
    ...{ dir, bytesMax: 1 << 24, clock: createSystemClock(), seal: open.seal },
    ...{ load: load ?? clickhouse.load, events: createStoreEvents(createSilentTelemetry()) },
  })
  await log.start()
  onTestFinished(async () => {
    await log.stop()
    await clickhouse.close()
    rmSync(dir, { recursive: true })
  })
  const append = (spec: string) => log.append(open.enter(spec))
  return { log, append, refusedDir: join(dir, 'refused') }
}

let tableCount = 0
async function createTable(rest = ''): Promise<string> {
  const table = `logged${tableCount++}`
  await database.clickhouse.command(
    `CREATE TABLE ${table} (id String${rest}) ENGINE = MergeTree ORDER BY id
     SETTINGS non_replicated_deduplication_window = 1000`,
  )
  return table
}
const idsOf = async (table: string) =>
  (await database.clickhouse.query<{ id: string }>(`SELECT id FROM ${table} ORDER BY id`)).map(
    ({ id }) => id,
  )

test.for([true, false])(
  'only refused blocks are set aside; reads files: %s',
  async (readsFiles) => {
    const table = await createTable(`, CONSTRAINT good CHECK id != 'poison'`)
    const { log, append, refusedDir } = await openLog({ readsFiles })
    for (const ids of ['1', 'poison', '2', '3,poison', '4']) await append(`${table}:${ids}`)
    await log.flush()
    await expect.poll(() => idsOf(table), { timeout: 10_000 }).toEqual(['1', '2', '4'])
    const kept = readdirSync(refusedDir).filter((name) => name.endsWith('.native'))
    expect(kept.map((name) => readIds(readFileSync(join(refusedDir, name))))).toEqual([
      ['poison'],
      ['3', 'poison'],
    ])
    expect(log.degraded()[0]).toMatch(/refused 2 parts.*VIOLATED_CONSTRAINT/)
  },
)

test('a table that is missing is set aside as a whole, and the others are loaded', async () => {
  const table = await createTable()
  const { log, append, refusedDir } = await openLog()
  for (const ids of ['1', '2']) await append(`nowhere:${ids} ${table}:${ids}`)
  await log.flush()
  expect(await idsOf(table)).toEqual(['1', '2'])
  const kept = readdirSync(refusedDir).filter((name) => name.endsWith('.native'))
  expect(kept.map((name) => readIds(readFileSync(join(refusedDir, name))))).toEqual([['1', '2']])
})

test('too many parts are waited for, and then everything is loaded once', async () => {
  const table = await createTable()
  const { log, append } = await openLog()
  await database.clickhouse.command(`SYSTEM STOP MERGES ${table}`)
  await database.clickhouse.command(
    `ALTER TABLE ${table} MODIFY SETTING parts_to_throw_insert = 1, parts_to_delay_insert = 1`,
  )
  for (const id of ['1', '2', '3']) {
    await append(`${table}:${id}`)
    void log.flush()
  }
  await expect.poll(() => log.degraded()[0], { timeout: 10_000 }).toMatch(/code 252/)
  expect((await idsOf(table)).length).toBeLessThan(3)
  await database.clickhouse.command(
    `ALTER TABLE ${table} MODIFY SETTING parts_to_throw_insert = 3000, parts_to_delay_insert = 1000`,
  )
  await log.flush()
  expect(await idsOf(table)).toEqual(['1', '2', '3'])
  expect(log.degraded()).toEqual([])
})

test('a database whose disk is full is waited for, and then everything is loaded once', async () => {
  const table = await createTable()
  const { log, append } = await openLog()
  const needFreeBytes = (count: number) =>
    database.clickhouse.command(
      `ALTER TABLE ${table} MODIFY SETTING min_free_disk_bytes_to_perform_insert = ${count}`,
    )
  await needFreeBytes(1e17)
  for (const id of ['1', '2', '3']) {
    expect(await append(`${table}:${id}`)).toEqual({ status: 'ok' })
    void log.flush()
  }
  await expect.poll(() => log.degraded()[0], { timeout: 10_000 }).toMatch(/code 243/)
  expect(await idsOf(table)).toEqual([])
  await needFreeBytes(0)
  await log.flush()
  expect(await idsOf(table)).toEqual(['1', '2', '3'])
  expect(log.degraded()).toEqual([])
})

test('a database that may only be read is waited for, and then everything is loaded once', async () => {
  const table = await createTable()
  const url = new URL(database.url)
  url.searchParams.set('ch_readonly', '1')
  const reader = createClickHouse({ url: url.href, readsFiles: true })
  onTestFinished(() => reader.close())
  let isReadOnly = true
  const load = (one: NativeLoad) => (isReadOnly ? reader : database.clickhouse).load(one)
  const { log, append, refusedDir } = await openLog({ load })
  for (const id of ['1', '2', '3']) {
    expect(await append(`${table}:${id}`)).toEqual({ status: 'ok' })
    void log.flush()
  }
  await expect.poll(() => log.degraded()[0], { timeout: 10_000 }).toMatch(/code 164/)
  expect(readdirSync(refusedDir)).toEqual([])
  isReadOnly = false
  await log.flush()
  expect(await idsOf(table)).toEqual(['1', '2', '3'])
  expect(log.degraded()).toEqual([])
})
