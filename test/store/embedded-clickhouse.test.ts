import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSystemClock } from '../../src/lib/clock.ts'
import { createClickHouse } from '../../src/store/clickhouse.ts'
import { createEmbeddedClickHouse } from '../../src/store/embedded-clickhouse.ts'
import { createStoreEvents } from '../../src/telemetry/store-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'signalbox-embedded-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

function create(options: { port?: number } = {}) {
  const events = createStoreEvents(createSilentTelemetry())
  const died: string[] = []
  const starts: (() => void)[] = []
  const embedded = createEmbeddedClickHouse({
    dataDir,
    port: options.port ?? 0,
    clock: createSystemClock(),
    events: {
      ...events,
      databaseDied: ({ reason }) => void died.push(reason),
      databaseStarted: () => starts.shift()?.(),
    },
  })
  return { embedded, died, nextStart: () => new Promise<void>((go) => starts.push(go)) }
}

test('a killed child is started again on the same URL, with its data', async () => {
  const { embedded, died, nextStart } = create()
  await embedded.start()
  const { url, pid } = embedded
  const clickhouse = createClickHouse({ url })
  await clickhouse.command('CREATE TABLE t (id UInt8) ENGINE = MergeTree ORDER BY id')
  await clickhouse.insert({ table: 't', rows: [{ id: 7 }], token: 'one' })
  const again = nextStart()
  process.kill(pid!, 'SIGKILL')
  await expect(clickhouse.query('SELECT 1')).rejects.toMatchObject({
    code: 'CLICKHOUSE_UNAVAILABLE',
  })
  await again
  expect(embedded.url).toBe(url)
  expect(embedded.pid).not.toBe(pid)
  expect(died).toEqual(['SIGKILL'])
  expect(await clickhouse.query('SELECT id FROM t')).toEqual([{ id: 7 }])
  await clickhouse.close()
  await embedded.stop()
})

test('the password is kept, readable by nobody else, and not on the command line', async () => {
  const first = create()
  await first.embedded.start()
  const { password } = new URL(first.embedded.url)
  const cmdline = readFileSync(`/proc/${first.embedded.pid}/cmdline`, 'utf8')
  await first.embedded.stop()
  const second = create()
  await second.embedded.start()
  expect(new URL(second.embedded.url).password).toBe(password)
  expect(statSync(join(dataDir, 'password')).mode & 0o777).toBe(0o600)
  expect(cmdline).not.toContain(password)
  await second.embedded.stop()
})

test('stop leaves no process, works twice and unstarted, and frees the directory', async () => {
  const { embedded } = create()
  await embedded.stop()
  await embedded.start()
  const { pid } = embedded
  await embedded.stop()
  expect(() => process.kill(pid!, 0)).toThrow('ESRCH')
  await embedded.stop()
  const next = create()
  await next.embedded.start()
  await next.embedded.stop()
})

test('Ctrl-C and service managers do not reach the child before its parent is done', async () => {
  const { embedded, died } = create()
  await embedded.start()
  process.kill(embedded.pid!, 'SIGINT')
  process.kill(embedded.pid!, 'SIGTERM')
  const clickhouse = createClickHouse({ url: embedded.url })
  expect(await clickhouse.query('SELECT 1 AS n')).toEqual([{ n: 1 }])
  expect(died).toEqual([])
  await clickhouse.close()
  await embedded.stop()
})

test('a port that is taken, and a directory that is in use, are said so', async () => {
  const taken = createServer()
  await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening))
  const { port } = taken.address() as { port: number }
  await expect(create({ port }).embedded.start()).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    message: expect.stringContaining('SIGNALBOX_CLICKHOUSE_PORT'),
  })
  taken.close()
  const first = create()
  await first.embedded.start()
  await expect(create().embedded.start()).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' })
  await first.embedded.stop()
})

test('errors of the client say whether trying again may help', async () => {
  const { embedded } = create()
  await embedded.start()
  const clickhouse = createClickHouse({ url: embedded.url })
  await expect(clickhouse.query('SELECT nope')).rejects.toMatchObject({
    code: 'CLICKHOUSE_QUERY_FAILED',
    message: expect.stringContaining('code 47, UNKNOWN_IDENTIFIER'),
  })
  await expect(
    clickhouse.query('SELECT sleep(3) SETTINGS max_execution_time = 0.1'),
  ).rejects.toMatchObject({ code: 'CLICKHOUSE_UNAVAILABLE' })
  expect(await clickhouse.ping()).toBe(true)
  await embedded.stop()
  expect(await clickhouse.ping()).toBe(false)
  await expect(clickhouse.query('SELECT 1')).rejects.toMatchObject({
    code: 'CLICKHOUSE_UNAVAILABLE',
  })
  await clickhouse.close()
})

test('numbers, times and what is no number come as documented', async () => {
  const { embedded } = create()
  await embedded.start()
  const clickhouse = createClickHouse({ url: embedded.url })
  const sql = `SELECT count() AS n, toUInt64({big:UInt64}) AS big, nan AS none,
    toDateTime64({at:DateTime64(3)}, 3) AS at, {names:Array(String)} AS names`
  const params = {
    big: 2 ** 53,
    at: new Date(Date.UTC(2026, 0, 11, 14, 26, 37, 312)),
    names: ["a'b"],
  }
  expect(await clickhouse.query(sql, params)).toEqual([
    { n: 1, big: 2 ** 53, none: null, at: '2026-01-11 14:26:37.312', names: ["a'b"] },
  ])
  await clickhouse.close()
  await embedded.stop()
})
