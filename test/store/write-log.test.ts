import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  createSink,
  files,
  folder,
  journals,
  openLog,
  refused,
  turnUntil,
  unavailable,
  until,
  useLogFolder,
} from './log-fixture.ts'
import { readIds, toBlock } from './native-blocks.ts'

useLogFolder()

test('one segment is one load per table, in the order of arrival', async () => {
  const { log, append, sink } = openLog()
  await log.start()
  await append('a:1,2 b:1')
  await append('a:3')
  await log.flush()
  expect(sink.rows).toEqual(['a:1', 'a:2', 'a:3', 'b:1'])
  expect(sink.calls).toHaveLength(2)
  expect(sink.calls[0]).toMatch(/^\d{15}-[0-9a-f]{8}\d{6}:a$/)
  expect(readdirSync(folder.dir)).toEqual(['refused'])
  expect(log.backlog).toEqual({ bytes: 0, segmentCount: 0 })
  await log.stop()
})

test('the rows of an entry are on disk when its append resolves, as ClickHouse reads them', async () => {
  const { log, append } = openLog()
  await log.start()
  expect(await append('a:1,2')).toEqual({ status: 'ok' })
  expect(await append('a:3')).toEqual({ status: 'ok' })
  const [file = ''] = files('.a.native')
  expect(readIds(readFileSync(join(folder.dir, file)))).toEqual(['1', '2', '3'])
  const size = (name: string) => readFileSync(join(folder.dir, name)).length
  expect(log.backlog.bytes).toBe(size(file) + size(journals()[0]!))
  await log.stop()
})

test('entries that arrive together are written and synced as one group', async () => {
  const { log, append, count } = openLog()
  await log.start()
  const outcomes = await Promise.all(Array.from({ length: 50 }, (_, n) => append(`a:${n}`)))
  expect(outcomes.every(({ status }) => status === 'ok')).toBe(true)
  expect(await count('signalbox_store_log_appended_rows_total')).toBe(50)
  const [file = ''] = files('.a.native')
  // One block with 50 rows, not 50 blocks.
  expect(readFileSync(join(folder.dir, file))).toHaveLength(
    toBlock(
      'a',
      outcomes.map((_, n) => `${n}`),
    ).byteCount,
  )
  await log.stop()
})

test('a group starts eight milliseconds after the one before, and takes what came until then', async () => {
  const { log, append, clock } = openLog(createSink(), 1 << 20, 8)
  await log.start()
  await append('a:1')
  const outcomes = [append('a:2')]
  clock.turn(7)
  outcomes.push(append('a:3'))
  // Real I/O would be over by now, if there were any.
  await new Promise((resolve) => setImmediate(resolve))
  const [file = ''] = files('.a.native')
  const first = toBlock('a', ['1']).byteCount
  expect(readFileSync(join(folder.dir, file))).toHaveLength(first)
  clock.turn(1)
  expect(await Promise.all(outcomes)).toEqual([{ status: 'ok' }, { status: 'ok' }])
  const second = toBlock('a', ['2', '3']).byteCount
  expect(readFileSync(join(folder.dir, file))).toHaveLength(first + second)
  // Nobody waits when nothing came before.
  clock.turn(8)
  expect(await append('a:4')).toEqual({ status: 'ok' })
})

test('a segment closes after a second', async () => {
  const { log, append, clock, sink } = openLog()
  await log.start()
  await append('a:1')
  clock.turn(999)
  expect(log.backlog.segmentCount).toBe(0)
  clock.turn(1)
  await until(() => sink.rows.length === 1)
  await log.stop()
})

test('a segment closes at 262,144 rows', async () => {
  const { log, append, sink } = openLog(createSink(), 1 << 24)
  await log.start()
  const many = Array.from({ length: 262_144 }, (_, n) => n).join(',')
  await append(`a:${many}`)
  await append('a:last')
  await log.flush()
  expect(sink.calls).toHaveLength(2)
  expect(sink.rows).toHaveLength(262_145)
  await log.stop()
})

test('what a killed process left is replayed once, oldest first, and new data after it', async () => {
  const first = openLog()
  first.sink.failing = unavailable
  await first.log.start()
  for (const [n, text] of ['a:1', 'a:2 b:1', 'a:3'].entries()) {
    await first.append(text)
    await turnUntil(first.clock, () => first.log.backlog.segmentCount === n + 1)
  }
  expect(journals()).toHaveLength(3)
  // No stop: this is what is left after `kill -9`.
  const second = openLog()
  await second.log.start()
  await second.append('a:4')
  await second.log.flush()
  expect(second.sink.rows).toEqual(['a:1', 'a:2', 'b:1', 'a:3', 'a:4'])
  expect(await second.count('signalbox_store_log_torn_total')).toBe(0)
  await second.log.stop()
})

test('a crash between load and delete doubles nothing', async () => {
  const sink = createSink()
  const first = openLog(sink)
  sink.losesAnswer = true
  await first.log.start()
  await first.append('a:1 b:1')
  void first.log.flush()
  await turnUntil(first.clock, () => sink.calls.length >= 3)
  expect(journals()).toHaveLength(1)
  sink.losesAnswer = false
  const second = openLog(sink)
  await second.log.start()
  await second.log.flush()
  expect(sink.rows.sort()).toEqual(['a:1', 'b:1'])
  await second.log.stop()
})

test('a full log takes the rows out of the open block, answers retry, and has room again later', async () => {
  const { log, append, sink } = openLog(createSink(), 400)
  sink.failing = unavailable
  await log.start()
  const outcomes = []
  for (let n = 0; n < 6; n++) outcomes.push(await append(`a:${n}`))
  const taken = outcomes.filter(({ status }) => status === 'ok')
  expect(taken.length).toBeGreaterThan(1)
  expect(outcomes.slice(taken.length).map(({ status }) => status)).toContain('retry')
  expect(outcomes[5]).toMatchObject({ reason: expect.stringContaining('full'), afterMs: 2_000 })
  expect(log.refusing()).toEqual([expect.stringContaining('full')])
  sink.failing = undefined
  await log.flush()
  expect(await append('a:9')).toEqual({ status: 'ok' })
  expect(log.refusing()).toEqual([])
  await log.flush()
  expect(sink.rows).toEqual([...taken.map((_, n) => `a:${n}`), 'a:9'])
  await log.stop()
})

test('a refused entry does not take the rows of one that was accepted before it', async () => {
  const { log, append, sink, open } = openLog(createSink(), 30)
  await log.start()
  const both = [log.append(open.enter('a:1,2')), append('a:3,4')]
  expect((await Promise.all(both)).map(({ status }) => status)).toEqual(['ok', 'retry'])
  await log.flush()
  expect(sink.rows).toEqual(['a:1', 'a:2'])
  await log.stop()
})

test('a log that cannot be written refuses and says why, and is tried again after 5 s', async () => {
  const { log, append, clock, sink } = openLog()
  await log.start()
  expect(log.refusing()).toEqual([])
  rmSync(folder.dir, { recursive: true })
  expect(await append('a:1')).toMatchObject({ status: 'retry' })
  expect(log.refusing()[0]).toMatch(/cannot be written: .*ENOENT/)
  clock.turn(5_000)
  expect(log.refusing()).toEqual([])
  mkdirSync(folder.dir)
  expect(await append('a:2')).toEqual({ status: 'ok' })
  await log.flush()
  expect(sink.rows).toEqual(['a:2'])
  await log.stop()
})

test('a database that is down is waited for, in order, and the log says so', async () => {
  const { log, append, clock, sink, count } = openLog()
  sink.failing = unavailable
  await log.start()
  for (const text of ['a:1', 'a:2']) {
    await append(text)
    await turnUntil(clock, () => log.backlog.segmentCount >= Number(text.at(-1)))
  }
  await turnUntil(clock, () => sink.calls.length > 5)
  expect(log.degraded()[0]).toMatch(/taken nothing since 20.*connection refused/)
  expect(await count('signalbox_store_lag_seconds')).toBeGreaterThan(1)
  sink.failing = undefined
  await turnUntil(clock, () => sink.rows.length === 2)
  expect(sink.rows).toEqual(['a:1', 'a:2'])
  await turnUntil(clock, () => log.backlog.segmentCount === 0)
  expect(log.degraded()).toEqual([])
  expect(await count('signalbox_store_lag_seconds')).toBe(0)
  await log.stop()
})

test('a load that hangs is said after 30 s, and a refusal for 5 s', async () => {
  const { log, append, clock, sink } = openLog(createSink(), 300)
  sink.load = () => new Promise(() => {})
  await log.start()
  while ((await append('a:1')).status === 'ok');
  expect(log.refusing()).toHaveLength(1)
  clock.turn(5_000)
  expect(log.refusing()).toEqual([])
  await until(() => log.backlog.segmentCount === 1)
  clock.turn(20_000)
  expect(log.degraded()).toEqual([])
  clock.turn(10_000)
  expect(log.degraded()).toEqual([expect.stringContaining('only after 35 s')])
})

test('of a refused table only the refused blocks are set aside, with the reason', async () => {
  const { log, append, clock, sink, count } = openLog()
  sink.failing = (_, ids) => (ids.includes('poison') ? refused() : undefined)
  await log.start()
  for (const text of ['a:1', 'b:poison', 'a:2 b:2', 'b:poison,4', 'b:poison', 'b:5'])
    await append(text)
  await turnUntil(clock, () => log.backlog.segmentCount === 1)
  await append('a:3')
  await turnUntil(clock, () => sink.rows.length === 5)
  expect(sink.rows).toEqual(['a:1', 'a:2', 'b:2', 'b:5', 'a:3'])
  expect(sink.calls.filter((token) => token.endsWith(':b'))).toHaveLength(3)
  const dir = join(folder.dir, 'refused')
  const kept = readdirSync(dir).sort()
  expect(kept.map((name) => name.slice(31))).toEqual([
    '0.b.native',
    '0.b.txt',
    '33.b.native',
    '33.b.txt',
  ])
  expect(readIds(readFileSync(join(dir, kept[0]!)))).toEqual(['poison'])
  expect(readIds(readFileSync(join(dir, kept[2]!)))).toEqual(['poison', '4', 'poison'])
  expect(readFileSync(join(dir, kept[3]!), 'utf8')).toBe(
    '3 rows of b in 2 Native blocks, refused by ClickHouse:\ncannot parse\n',
  )
  expect(log.degraded()[0]).toMatch(/refused 2 parts of the log, see .*refused.* b: cannot parse/)
  expect(await count('signalbox_store_refused_blocks_total')).toBe(3)
  await log.stop()
})

test('block by block goes on where it was when the database went away in between', async () => {
  const { log, append, clock, sink } = openLog()
  let isDown = false
  sink.failing = ({ part }, ids) => {
    if (part && ids.includes('2')) isDown = sink.calls.length < 8
    if (isDown) return unavailable()
    return ids.includes('poison') ? refused() : undefined
  }
  await log.start()
  for (const text of ['a:1', 'a:poison', 'a:2', 'a:3']) await append(text)
  await turnUntil(clock, () => sink.rows.length === 3)
  expect(sink.rows).toEqual(['a:1', 'a:2', 'a:3'])
  await log.stop()
})

test('what went in block by block does not go in again as a whole after a restart', async () => {
  const sink = createSink()
  const first = openLog(sink)
  // The second block is poison to a table that is mended while the server is down.
  sink.failing = ({ part }, ids) => {
    if (part && ids.includes('3')) return unavailable()
    return ids.includes('2') ? refused() : undefined
  }
  await first.log.start()
  for (const text of ['a:1', 'a:2', 'a:3']) await first.append(text)
  await turnUntil(first.clock, () => sink.calls.length > 6)
  expect(sink.rows).toEqual(['a:1'])
  sink.failing = undefined
  const second = openLog(sink)
  await second.log.start()
  await second.log.flush()
  expect(sink.rows).toEqual(['a:1', 'a:2', 'a:3'])
  expect(readdirSync(folder.dir)).toEqual(['refused'])
  await second.log.stop()
})

test('a table file that somebody took away costs its rows, and blocks nothing', async () => {
  const { log, append, clock, sink } = openLog()
  sink.failing = unavailable
  await log.start()
  await append('a:1 b:1')
  await turnUntil(clock, () => sink.calls.length > 1)
  rmSync(join(folder.dir, files('.a.native')[0]!))
  sink.failing = ({ table }) => (table === 'a' ? refused() : undefined)
  await turnUntil(clock, () => log.backlog.segmentCount === 0)
  expect(sink.rows).toEqual(['b:1'])
  await log.stop()
})

test('a stopped log refuses, has loaded what it could, and stops twice and unstarted', async () => {
  const { log, append, sink } = openLog()
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
  const { log, append, clock, sink } = openLog()
  sink.failing = unavailable
  await log.start()
  await append('a:1')
  let isStopped = false
  const stopping = log.stop().then(() => {
    isStopped = true
  })
  await until(() => sink.calls.length > 0)
  clock.turn(2_900)
  await until(() => sink.calls.length > 1)
  expect(isStopped).toBe(false)
  clock.turn(200)
  await stopping
  expect(journals()).toHaveLength(1)
})
