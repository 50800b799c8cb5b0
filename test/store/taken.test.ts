import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import { ONCE_MS } from '../../src/model/otlp.ts'
import { createTakenFiles } from '../../src/store/taken-files.ts'
import { createWriteLog } from '../../src/store/write-log.ts'
import { createStoreEvents } from '../../src/telemetry/store-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { createOpenIds } from './native-blocks.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signalbox-taken-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const START_MS = createTurnedClock().nowMs()
const keyOf = (n: number) => String.fromCharCode(n, 0, 255, 10).repeat(4)
const takenOf = (n: number, receivedUnixMs = START_MS) => ({
  ...{ onceKey: keyOf(n), receivedUnixMs, itemCount: 1, rejectedCount: n },
})
const files = () => readdirSync(join(dir, 'taken'))

function open(load: () => Promise<void>, clock = createTurnedClock()) {
  const rows = createOpenIds()
  const log = createWriteLog({
    ...{ dir, clock, bytesMax: 1 << 20, load, seal: rows.seal, groupEveryMs: 0 },
    events: createStoreEvents(createSilentTelemetry()),
  })
  const append = (n: number) => log.append(rows.enter(`a:${n}`, takenOf(n, clock.nowMs())))
  return { log, append, clock }
}

test('a request is remembered from its segment while that stands, and from a file after', async () => {
  const clock = createTurnedClock(Date.now())
  // Killed: never stopped, nothing loaded.
  const first = open(() => Promise.reject(new Error('down')), clock)
  await first.log.start()
  await first.append(1)
  const second = open(async () => {}, clock)
  await second.log.start()
  const expected = [takenOf(1, clock.nowMs())]
  expect(second.log.takeOver()).toEqual(expected)
  expect(second.log.takeOver()).toEqual([])
  await second.log.flush()
  expect(files()).toHaveLength(1)
  expect(readdirSync(dir).filter((name) => name.endsWith('.log'))).toEqual([])
  const third = open(async () => {}, clock)
  await third.log.start()
  expect(third.log.takeOver()).toEqual(expected)
})

test('files go when their ten minutes are over, and torn records cost only themselves', async () => {
  const clock = createTurnedClock()
  const events = { takenNotKept: () => expect.unreachable() }
  const open = () => createTakenFiles({ dir: join(dir, 'taken'), clock, events })
  await open().keep([takenOf(1), takenOf(2)])
  appendFileSync(join(dir, 'taken', files()[0] ?? ''), Buffer.alloc(45))
  clock.turn(120_000)
  await open().keep([takenOf(3, clock.nowMs())])
  expect((await open().read()).map(({ rejectedCount }) => rejectedCount)).toEqual([1, 2, 3])
  clock.turn(ONCE_MS - 60_000)
  expect((await open().read()).map(({ rejectedCount }) => rejectedCount)).toEqual([3])
  clock.turn(3 * 60_000)
  expect(await open().read()).toEqual([])
  expect(files()).toEqual([])
})

test('what cannot be written goes with the next, and is told', async () => {
  const clock = createTurnedClock()
  const told: number[] = []
  const events = {
    takenNotKept: ({ requestCount }: { requestCount: number }) => told.push(requestCount),
  }
  const blocked = join(dir, 'blocked')
  appendFileSync(blocked, '')
  const taken = createTakenFiles({ dir: join(blocked, 'taken'), clock, events })
  await taken.keep([takenOf(1)])
  expect(told).toEqual([1])
  rmSync(blocked)
  await taken.keep([takenOf(2)])
  expect((await taken.read()).map(({ rejectedCount }) => rejectedCount)).toEqual([1, 2])
})
