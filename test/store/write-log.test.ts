import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AppError } from '../../src/lib/errors.ts'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import type { DecodedBatch, DecodeResult, Row } from '../../src/model/batch.ts'
import type { OtlpRequest } from '../../src/model/otlp.ts'
import type { Insertion } from '../../src/store/clickhouse.ts'
import { createWriteLog } from '../../src/store/write-log.ts'
import { createStoreEvents } from '../../src/telemetry/store-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signalbox-log-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** A body is `table:id,id`, and becomes one row per id. */
const request = (text: string): OtlpRequest => ({
  signal: 'traces',
  encoding: 'json',
  body: Buffer.from(text),
  receivedUnixMs: 1_768_141_597_312,
})
function batchOf(rows: Map<string, Row[]>): DecodedBatch {
  return { rows, observations: [], itemCount: 1, rejectedCount: 0, rejectedReason: '' }
}
function decode({ body }: OtlpRequest): DecodeResult {
  const text = Buffer.from(body).toString()
  if (text === 'bad') return { status: 'bad', reason: 'no OTLP' }
  const rows = new Map<string, Row[]>()
  for (const part of text.split(' ')) {
    const [table = '', ids = ''] = part.split(':')
    rows.set(
      table,
      ids.split(',').map((id) => ({ id })),
    )
  }
  return { status: 'ok', batch: batchOf(rows) }
}

/** A table that remembers tokens, as ClickHouse does, and fails as it is told. */
function createSink() {
  const rows: string[] = []
  const tokens = new Set<string>()
  const calls: string[] = []
  return {
    rows,
    calls,
    failing: undefined as ((insertion: Insertion) => Error | undefined) | undefined,
    /** Rejects after storing: the answer got lost. */
    losesAnswer: false,
    async insert(insertion: Insertion) {
      calls.push(insertion.token)
      const fault = this.failing?.(insertion)
      if (fault) throw fault
      if (!tokens.has(insertion.token)) {
        for (const { id } of insertion.rows) rows.push(`${insertion.table}:${id}`)
      }
      tokens.add(insertion.token)
      if (this.losesAnswer) throw new AppError('CLICKHOUSE_UNAVAILABLE', 'socket hang up')
    },
  }
}
const unavailable = () => new AppError('CLICKHOUSE_UNAVAILABLE', 'connection refused')
const refused = () => new AppError('CLICKHOUSE_QUERY_FAILED', 'no such column')

function open(sink = createSink(), bytesMax = 1 << 20) {
  const clock = createTurnedClock()
  const telemetry = createSilentTelemetry()
  const log = createWriteLog({
    dir,
    clock,
    events: createStoreEvents(telemetry),
    bytesMax,
    decode,
    insert: (insertion) => sink.insert(insertion),
  })
  const append = (text: string) => {
    const result = decode(request(text))
    return log.append(request(text), result.status === 'ok' ? result.batch : batchOf(new Map()))
  }
  const count = async (name: string) =>
    (await telemetry.registry.getSingleMetric(name)?.get())?.values.reduce(
      (n, { value }) => n + value,
      0,
    )
  return { log, append, clock, sink, count }
}
const segments = () => readdirSync(dir).filter((name) => name.endsWith('.log'))
const settled = () => new Promise((resolve) => setTimeout(resolve, 20))

/** Turns the clock until `isDone`, letting real I/O happen in between. */
async function turnUntil(clock: { turn(ms: number): void }, isDone: () => boolean) {
  for (let i = 0; i < 500 && !isDone(); i++) {
    clock.turn(100)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  expect(isDone()).toBe(true)
}

test('one segment is one insert per table, in the order of arrival', async () => {
  const { log, append, sink } = open()
  await log.start()
  await append('a:1,2 b:1')
  await append('a:3')
  await log.flush()
  expect(sink.rows).toEqual(['a:1', 'a:2', 'a:3', 'b:1'])
  expect(sink.calls).toHaveLength(2)
  expect(sink.calls[0]).toMatch(/^\d{15}-[0-9a-f]{12}:a$/)
  expect(segments()).toEqual([])
  expect(log.backlog).toEqual({ bytes: 0, segmentCount: 0 })
  await log.stop()
})

test('a request is on disk when its append resolves', async () => {
  const { log, append } = open()
  await log.start()
  expect(await append('a:42')).toEqual({ status: 'ok' })
  expect(readFileSync(join(dir, segments()[0]!)).includes('a:42')).toBe(true)
  expect(log.backlog.bytes).toBe(24 + 4)
  await log.stop()
})

test('requests that arrive together are synced together', async () => {
  const { log, append, count } = open()
  await log.start()
  const outcomes = await Promise.all(Array.from({ length: 50 }, (_, n) => append(`a:${n}`)))
  expect(outcomes.every(({ status }) => status === 'ok')).toBe(true)
  const buckets = await count('signalbox_store_log_append_seconds')
  expect(buckets).toBeGreaterThan(0)
  expect(segments()).toHaveLength(1)
  await log.stop()
})

test('a segment closes after a second', async () => {
  const { log, append, clock, sink } = open()
  await log.start()
  await append('a:1')
  await settled()
  expect(sink.rows).toEqual([])
  await turnUntil(clock, () => sink.rows.length === 1)
  await log.stop()
})

test('a segment closes at 20,000 rows', async () => {
  const { log, append, sink } = open()
  await log.start()
  const many = Array.from({ length: 20_000 }, (_, n) => n).join(',')
  await append(`a:${many}`)
  await append('a:last')
  await log.flush()
  expect(sink.calls).toHaveLength(2)
  expect(sink.rows).toHaveLength(20_001)
  await log.stop()
})

test('what a killed process left is replayed once, oldest first, and new data after it', async () => {
  const first = open()
  first.sink.failing = unavailable
  await first.log.start()
  for (const text of ['a:1', 'a:2 b:1', 'a:3']) {
    await first.append(text)
    await first.clock.turnAsync(1_000)
    await settled()
  }
  expect(segments()).toHaveLength(3)
  // No stop: this is what is left after `kill -9`.
  const second = open()
  await second.log.start()
  await second.append('a:4')
  await second.log.flush()
  expect(second.sink.rows).toEqual(['a:1', 'a:2', 'b:1', 'a:3', 'a:4'])
  await second.log.stop()
})

test('a crash between insert and delete doubles nothing', async () => {
  const sink = createSink()
  const first = open(sink)
  sink.losesAnswer = true
  await first.log.start()
  await first.append('a:1 b:1')
  void first.log.flush()
  await turnUntil(first.clock, () => sink.rows.length === 2 || sink.calls.length >= 3)
  expect(segments()).toHaveLength(1)
  first.sink.losesAnswer = false
  const second = open(sink)
  await second.log.start()
  await second.log.flush()
  expect(sink.rows.sort()).toEqual(['a:1', 'b:1'])
  await second.log.stop()
})

test.for([
  { name: 'half a header', tail: Buffer.from('SBX1') },
  { name: 'a header without its body', tail: Buffer.from('5342583164000000', 'hex') },
  { name: 'zeros', tail: Buffer.alloc(64) },
])('a tail torn to $name is cut off, counted, and costs nothing else', async ({ tail }) => {
  const first = open()
  first.sink.failing = unavailable
  await first.log.start()
  await first.append('a:1')
  await first.append('a:2')
  const file = join(dir, segments()[0]!)
  appendFileSync(file, tail)
  const second = open()
  await second.log.start()
  await second.log.flush()
  expect(second.sink.rows).toEqual(['a:1', 'a:2'])
  expect(await second.count('signalbox_store_log_torn_total')).toBe(1)
  await second.log.stop()
})

test('a flipped bit ends its segment, and no other', async () => {
  const first = open()
  first.sink.failing = unavailable
  await first.log.start()
  await first.append('a:1')
  await first.append('a:2')
  const file = join(dir, segments()[0]!)
  const bytes = readFileSync(file)
  bytes[bytes.length - 1]! ^= 1
  writeFileSync(file, bytes)
  const second = open()
  await second.log.start()
  await second.append('a:3')
  await second.log.flush()
  expect(second.sink.rows).toEqual(['a:1', 'a:3'])
  await second.log.stop()
})

test('a full log answers retry, and takes data again once there is room', async () => {
  const { log, append, sink } = open(createSink(), 100)
  sink.failing = unavailable
  await log.start()
  const outcomes = []
  for (let n = 0; n < 5; n++) outcomes.push(await append(`a:${n}`))
  expect(outcomes.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'retry', 'retry'])
  expect(outcomes[4]).toMatchObject({ reason: expect.stringContaining('full'), afterMs: 2_000 })
  sink.failing = undefined
  await log.flush()
  expect(await append('a:9')).toEqual({ status: 'ok' })
  await log.stop()
})

test('a log that cannot be written refuses and says why, and is tried again after 5 s', async () => {
  const { log, append, clock, sink } = open()
  await log.start()
  expect(log.refusing()).toEqual([])
  rmSync(dir, { recursive: true })
  expect(await append('a:1')).toMatchObject({ status: 'retry' })
  expect(log.refusing()[0]).toMatch(/cannot be written: .*ENOENT/)
  clock.turn(5_000)
  expect(log.refusing()).toEqual([])
  mkdirSync(dir)
  expect(await append('a:2')).toEqual({ status: 'ok' })
  await log.flush()
  expect(sink.rows).toEqual(['a:2'])
  await log.stop()
})

test('a database that is down is waited for, in order, and the log says so', async () => {
  const { log, append, clock, sink } = open()
  sink.failing = unavailable
  await log.start()
  for (const text of ['a:1', 'a:2']) {
    await append(text)
    await turnUntil(clock, () => log.backlog.segmentCount >= Number(text.at(-1)))
  }
  await turnUntil(clock, () => sink.calls.length > 5)
  expect(log.degraded()[0]).toMatch(/taken nothing since 2026.*connection refused/)
  sink.failing = undefined
  await turnUntil(clock, () => sink.rows.length === 2)
  expect(sink.rows).toEqual(['a:1', 'a:2'])
  await turnUntil(clock, () => log.degraded().length === 0)
  await log.stop()
})

test('what is refused for good is set aside with its file, and blocks nothing', async () => {
  const { log, append, clock, sink, count } = open()
  sink.failing = ({ table }) => (table === 'poison' ? refused() : undefined)
  await log.start()
  await append('poison:1 a:1')
  await turnUntil(clock, () => log.backlog.segmentCount === 1 || sink.calls.length > 0)
  await append('a:2')
  await turnUntil(clock, () => sink.rows.length === 2)
  expect(sink.rows).toEqual(['a:1', 'a:2'])
  expect(sink.calls.filter((token) => token.endsWith(':poison'))).toHaveLength(3)
  expect(readdirSync(join(dir, 'refused'))).toHaveLength(1)
  expect(log.degraded()[0]).toContain('refused 1 segments')
  expect(await count('signalbox_store_segments_refused_total')).toBe(1)
  await log.stop()
})

test('a request that cannot be decoded again is counted, and the rest is loaded', async () => {
  const first = open()
  first.sink.failing = unavailable
  await first.log.start()
  for (const text of ['a:1', 'bad', 'a:2']) await first.append(text)
  const second = open()
  await second.log.start()
  await second.log.flush()
  expect(second.sink.rows).toEqual(['a:1', 'a:2'])
  expect(await second.count('signalbox_store_log_undecodable_total')).toBe(1)
  await second.log.stop()
})

test('a stopped log refuses, has loaded what it could, and stops twice and unstarted', async () => {
  const { log, append, sink } = open()
  await log.stop()
  expect((await append('a:0')).status).toBe('retry')
  await log.start()
  await append('a:1')
  await log.stop()
  expect(sink.rows).toEqual(['a:1'])
  await log.stop()
  expect((await append('a:2')).status).toBe('retry')
})

test('stopping waits three seconds for a dead database, and leaves the rest on disk', async () => {
  const { log, append, clock, sink } = open()
  sink.failing = unavailable
  await log.start()
  await append('a:1')
  let isStopped = false
  const stopping = log.stop().then(() => {
    isStopped = true
  })
  await settled()
  clock.turn(2_900)
  await settled()
  expect(isStopped).toBe(false)
  clock.turn(200)
  await stopping
  expect(segments()).toHaveLength(1)
})
