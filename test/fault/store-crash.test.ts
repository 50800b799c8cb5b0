import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSystemClock } from '../../src/lib/clock.ts'
import { type ClickHouse, createClickHouse } from '../../src/store/clickhouse.ts'
import { createEmbeddedClickHouse } from '../../src/store/embedded-clickhouse.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createWriteLog } from '../../src/store/write-log.ts'
import { createStoreEvents } from '../../src/telemetry/store-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { createOpenSpans } from './open-spans.ts'

// A whole store (log, loader, embedded database) in a process of its own, killed at random moments.

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signalbox-crash-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const RETENTION = { retentionMs: 3650 * 86_400_000 }

const append = ({ log, open }: ReturnType<typeof createStore>, n: number) =>
  log.append(open.enter(n))

function createStore() {
  const clock = createSystemClock()
  const events = createStoreEvents(createSilentTelemetry())
  const embedded = createEmbeddedClickHouse({ dataDir: join(dir, 'db'), port: 0, clock, events })
  let clickhouse: ClickHouse | undefined
  const open = createOpenSpans()
  const log = createWriteLog({
    dir: join(dir, 'log'),
    clock,
    events,
    bytesMax: 64 << 20,
    seal: open.seal,
    load: (load) => clickhouse!.load(load),
  })
  return {
    embedded,
    log,
    open,
    async start() {
      await embedded.start()
      clickhouse = createClickHouse({ url: embedded.url, readsFiles: true })
      await migrate(clickhouse, RETENTION)
      await log.start()
      return clickhouse
    },
    async stop() {
      await log.stop()
      await clickhouse?.close()
      await embedded.stop()
    },
  }
}

/** Runs the store of `dir` in a process of its own, which appends without end and tells how far. */
function forkStore(from: number): ChildProcess {
  const dist = join(process.cwd(), 'dist')
  const code = `
    const { createSystemClock } = await import('${dist}/lib/clock.js')
    const { createClickHouse } = await import('${dist}/store/clickhouse.js')
    const { createEmbeddedClickHouse } = await import('${dist}/store/embedded-clickhouse.js')
    const { migrate } = await import('${dist}/store/migrate.js')
    const { createWriteLog } = await import('${dist}/store/write-log.js')
    const { createStoreEvents } = await import('${dist}/telemetry/store-events.js')
    const { createSilentTelemetry } = await import('${dist}/telemetry/telemetry.js')
    const clock = createSystemClock(), events = createStoreEvents(createSilentTelemetry())
    const embedded = createEmbeddedClickHouse({ dataDir: '${dir}/db', port: 0, clock, events })
    await embedded.start()
    process.send({ pid: embedded.pid })
    const clickhouse = createClickHouse({ url: embedded.url, readsFiles: true })
    await migrate(clickhouse, ${JSON.stringify(RETENTION)})
    ${createOpenSpans.toString()}
    const open = createOpenSpans()
    const log = createWriteLog({ dir: '${dir}/log', clock, events, bytesMax: 64 << 20,
      seal: open.seal, load: (load) => clickhouse.load(load) })
    await log.start()
    for (let n = ${from}; ; n++) {
      const outcome = await log.append(open.enter(n))
      if (outcome.status === 'ok') process.send({ n })
      if (n % 50 === 0) await new Promise((go) => setTimeout(go, 5))
    }`
  return fork('-', [], { execArgv: ['--input-type=module', '-e', code] })
}

interface Killed {
  readonly acknowledged: number
  readonly databasePid: number
}

/** Kills the process `afterMs` after its first acknowledged request. */
async function killAfter(child: ChildProcess, afterMs: number): Promise<Killed> {
  let acknowledged = 0
  let databasePid = 0
  let isTimed = false
  child.on('message', ({ n, pid }: { n?: number; pid?: number }) => {
    databasePid = pid ?? databasePid
    acknowledged = n ?? acknowledged
    if (n === undefined || isTimed) return
    isTimed = true
    setTimeout(() => child.kill('SIGKILL'), afterMs)
  })
  await once(child, 'exit')
  return { acknowledged, databasePid }
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('the database dies with its parent, and its directory opens again at once', async () => {
  const { databasePid } = await killAfter(forkStore(1), 100)
  expect(databasePid).toBeGreaterThan(0)
  const store = createStore()
  const startMs = performance.now()
  await store.embedded.start()
  expect(performance.now() - startMs).toBeLessThan(2_500)
  // Dead already, but perhaps not yet collected by its new parent.
  await expect.poll(() => isAlive(databasePid), { timeout: 5_000 }).toBe(false)
  await store.embedded.stop()
})

test('kills at random moments lose no acknowledged request and double none', async () => {
  let acknowledged = 0
  for (const afterMs of [40, 900, 1_150, 1_400, 2_300]) {
    acknowledged = (await killAfter(forkStore(acknowledged + 1), afterMs)).acknowledged
  }
  expect(acknowledged).toBeGreaterThan(100)
  const store = createStore()
  const clickhouse = await store.start()
  await store.log.flush()
  const [row] = await clickhouse.query<Record<string, number>>(`SELECT
    uniqExactIf(TraceId, toUInt64(TraceId) <= ${acknowledged}) AS known,
    count() - 2 * uniqExact(TraceId) AS doubled FROM otel_traces`)
  // A request may be logged twice: not answered when the process died, and sent again.
  const unanswered = 5
  expect(row?.known).toBe(acknowledged)
  expect(row?.doubled).toBeGreaterThanOrEqual(0)
  expect(row?.doubled).toBeLessThanOrEqual(2 * unanswered)
  const [view] = await clickhouse.query<Record<string, number>>(
    `SELECT uniqExact(TraceId) AS known FROM otel_traces_trace_id_ts WHERE toUInt64(TraceId) <= ${acknowledged}`,
  )
  expect(view?.known).toBe(acknowledged)
  expect(readdirSync(join(dir, 'log'))).toEqual(['refused'])
  await store.stop()
})

test('a database that is killed again and again loses nothing and doubles nothing', async () => {
  const store = createStore()
  const clickhouse = await store.start()
  const total = 3_000
  for (let n = 1; n <= total; n++) {
    expect((await append(store, n)).status).toBe('ok')
    if (n % 400 === 0) {
      if (store.embedded.pid) process.kill(store.embedded.pid, 'SIGKILL')
      await sleep(600)
    }
  }
  await store.log.flush()
  const counted = await clickhouse.query(
    'SELECT count() AS spans, uniqExact(TraceId) AS traces FROM otel_traces',
  )
  expect(counted).toEqual([{ spans: 2 * total, traces: total }])
  expect(store.log.degraded()).toEqual([])
  await store.stop()
})

test('with the database down, requests are still taken, and loaded when it is back', async () => {
  const store = createStore()
  await store.start()
  await store.embedded.stop()
  for (let n = 1; n <= 200; n++) expect((await append(store, n)).status).toBe('ok')
  await sleep(1_500)
  expect(store.log.backlog.bytes).toBeGreaterThan(0)
  expect(store.log.degraded()[0]).toContain('has taken nothing since')
  await store.embedded.start()
  await store.log.flush()
  const clickhouse = createClickHouse({ url: store.embedded.url })
  expect(await clickhouse.query('SELECT count() AS spans FROM otel_traces')).toEqual([
    { spans: 400 },
  ])
  await clickhouse.close()
  await store.stop()
})
