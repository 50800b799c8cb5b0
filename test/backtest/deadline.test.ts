import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createBacktester } from '../../src/backtest/backtester.ts'
import { createSystemClock } from '../../src/lib/clock.ts'

// A database that takes connections and answers nothing, as one that is stopped or stuck does.

async function hangingDatabase() {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    // Read, so that its end is seen; a killed client may reset it.
    socket.resume().on('error', () => {})
    sockets.push(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://user:password@127.0.0.1:${port}/signalbox`, sockets, server }
}

function createTester(clickhouseUrl: string, deadlineMs = 4_000) {
  const tester = createBacktester({
    alerts: () => ({ rules: [], failover: { routes: [] } }) as never,
    settings: { telemetry: { attributes: {} }, services: {} } as never,
    ...{ latenessMs: 0, speed: 1, clock: createSystemClock(), deadlineMs },
    clickhouseUrl: () => clickhouseUrl,
    flush: async () => {},
  })
  onTestFinished(() => tester.stop?.())
  return tester
}

const REQUEST = { fromUnixMs: 1_700_000_000_000, toUnixMs: 1_700_000_060_000 } as const
const rules = { 'a.yaml': 'schema: signalbox.rules/v1\nrules: []\n' }

test('a back-test whose database hangs is given up, and its process is gone', async () => {
  const { url, sockets, server } = await hangingDatabase()
  const tester = createTester(url)
  const connected = once(server, 'connection')
  const answer = tester.run({ ...REQUEST, rules })
  await connected
  // It has the only place meanwhile, and says so.
  expect(await tester.run({ ...REQUEST, rules })).toEqual({ status: 'busy' })
  expect(tester.running()).toMatchObject({ done_ratio: 0 })
  expect(await answer).toEqual({
    status: 'failed',
    reason: 'the back-test ended without a result: it was given up after 4 s',
  })
  await Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close')))
  expect(tester.running()).toBeUndefined()
})

test('the next one is not kept out by one that was given up', async () => {
  const { url } = await hangingDatabase()
  const tester = createTester(url, 500)
  expect(await tester.run({ ...REQUEST, rules })).toMatchObject({ status: 'failed' })
  expect(await tester.run({ ...REQUEST, rules })).toMatchObject({ status: 'failed' })
})

test('a stop does not wait for a back-test that hangs', async () => {
  const { url, server } = await hangingDatabase()
  const tester = createTester(url)
  const connected = once(server, 'connection')
  const answer = tester.run({ ...REQUEST, rules })
  await connected
  await tester.stop?.()
  expect(await answer).toMatchObject({ status: 'failed' })
})
