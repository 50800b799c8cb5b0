import { once } from 'node:events'
import type { ClientRequest } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import { createSenders } from '../../src/receive/senders.ts'
import * as grpc from './grpc-fixture.ts'
import * as http from './http-fixture.ts'

// Nobody keeps out everybody: not by dribbling, not by idling, not by sheer speed.

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

/** Sends the head of a request and the first byte of its body, and nothing more. */
async function dribble(port: number) {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  let answer = ''
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1')
  })
  await once(socket, 'connect')
  const head = 'content-type: application/json\r\ncontent-length: 9999'
  await new Promise((resolve) =>
    socket.write(`POST /v1/traces HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n{`, resolve),
  )
  return { socket, answer: () => answer }
}

/** What the server tells of itself, and a way to wait for it. */
function counted() {
  const told = { requestCount: 0, statuses: [] as (number | string)[], causes: [] as string[] }
  let wake = () => {}
  const until = async (holds: (now: typeof told) => boolean) => {
    while (!holds(told))
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  const events = {
    answered: (answer: { status: number | string; cause: string }) => {
      told.statuses.push(answer.status)
      told.causes.push(answer.cause)
      wake()
    },
    open: ({ requestCount }: { requestCount: number }) => {
      told.requestCount = requestCount
      wake()
    },
    faulted: () => {},
  }
  const count = (cause: string) => told.causes.filter((one) => one === cause).length
  return { events, until, told, count }
}

describe('HTTP', () => {
  test('600 slow bodies do not keep out fast ones', async () => {
    const clock = createTurnedClock()
    const { events, until, told, count } = counted()
    const { port } = await http.serve({ clock, events })
    const slow = await Promise.all(Array.from({ length: 600 }, () => dribble(port)))
    // 512 places; the other 88 were told to come again, since nobody was slow yet.
    await until(({ requestCount }) => requestCount === 512 && told.causes.length === 88)
    clock.turn(500)
    for (let n = 0; n < 50; n++) expect((await http.send({ port })).status).toBe(200)
    // One place serves all the fast ones, so that one slow sender had to give way.
    expect([count(''), count('requests'), count('slow')]).toEqual([50, 88, 1])
    const answers = slow.map(({ answer }) => answer()).filter((answer) => answer !== '')
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after: 1/i)
  })

  test('memory that slow senders hold is given to fast ones', async () => {
    const clock = createTurnedClock()
    const { events, until } = counted()
    const limits = { memoryBytesMax: 100_000, bodyBytesMax: 90_000 }
    const { port } = await http.serve({ clock, events, limits })
    const stalled = http.send({
      port,
      stream: (request: ClientRequest) => void request.write(Buffer.alloc(80_000)),
    })
    await until(({ requestCount }) => requestCount === 1)
    const body = Buffer.alloc(80_000)
    // It may be that its bytes are still coming.
    await expect.poll(async () => (await http.send({ port, body })).status).toBe(503)
    clock.turn(500)
    expect((await http.send({ port, body })).status).toBe(200)
    expect(await stalled).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  })

  test('a body that does not arrive in time may be sent again', async () => {
    const clock = createTurnedClock()
    const { events, until, told } = counted()
    const { port } = await http.serve({ clock, events })
    const slow = await dribble(port)
    await until(({ requestCount }) => requestCount === 1)
    clock.turn(29_999)
    expect(told.statuses).toEqual([])
    clock.turn(1)
    await once(slow.socket, 'data')
    expect(slow.answer()).toMatch(/^HTTP\/1.1 503 /)
  })

  test('many bombs at once are held to the memory of all', async () => {
    const limits = { memoryBytesMax: 20_000_000, bodyBytesMax: 15_000_000 }
    const { port, received } = await http.serve({ limits })
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }, 1)
    const headers = { 'content-encoding': 'gzip' }
    const bombs = Array.from({ length: 40 }, () => http.send({ port, headers, body: bomb }))
    const statuses = (await Promise.all(bombs)).map(({ status }) => status)
    clearInterval(watch)
    expect(new Set(statuses)).toEqual(new Set([413, 503]))
    // Half a gigabyte without a common bound.
    expect(most).toBeLessThan(100_000_000)
    expect(received).toEqual([])
    expect((await http.send({ port, headers, body: gzipSync('x') })).status).toBe(200)
  })

  test('connections are bounded: the one that has been idle longest gives way', async () => {
    const { port } = await http.serve({ limits: { connectionsMax: 2 } })
    const busy = await dribble(port)
    const idle = connect(port, '127.0.0.1').resume()
    await once(idle, 'connect')
    const closed = once(idle, 'close')
    expect((await http.send({ port })).status).toBe(200)
    await closed
    expect(busy.socket.closed).toBe(false)
  })

  test.for([
    ['a good head is asked for its body', {}, /^HTTP\/1.1 100 /],
    ['a bad head is refused at once', { 'content-encoding': 'snappy' }, /^HTTP\/1.1 400 /],
    ['too large is refused at once', { 'content-length': '99999999' }, /^HTTP\/1.1 413 /],
  ] as const)('Expect: 100-continue: %s', async ([, headers, expected]) => {
    const { port } = await http.serve()
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    const all = { 'content-type': 'application/json', 'content-length': '2', ...headers }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`POST /v1/logs HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n`)
    socket.write(`${lines.join('')}\r\n`)
    const [first] = (await once(socket, 'data')) as [Buffer]
    expect(first.toString()).toMatch(expected)
    if (!String(expected).includes('100')) return
    socket.write('{}')
    const [second] = (await once(socket, 'data')) as [Buffer]
    expect(second.toString()).toMatch(/^HTTP\/1.1 200 /)
  })
})

describe('gRPC', () => {
  test('slow messages do not keep out fast ones', async () => {
    const clock = createTurnedClock()
    const { events, until, count } = counted()
    const { port } = await grpc.serve({ clock, events, limits: { requestsMax: 20 } })
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    const answered: unknown[] = []
    for (let n = 0; n < 20; n++) {
      const stream = session.request({
        ...{ ':method': 'POST', ':path': grpc.EXPORT.traces, te: 'trailers' },
        'content-type': 'application/grpc',
      })
      stream.on('error', () => {})
      stream.on('response', (headers) => answered.push(headers['grpc-status']))
      stream.resume().write(Buffer.from([0, 0, 0, 1, 0, 65]))
    }
    await until(({ requestCount }) => requestCount === 20)
    expect(await grpc.send({ port })).toMatchObject({
      ...{ code: 'UNAVAILABLE', details: { retryAfterS: 1 } },
    })
    clock.turn(500)
    for (let n = 0; n < 10; n++) expect((await grpc.send({ port })).code).toBe('OK')
    expect([count('slow'), answered]).toEqual([1, ['14']])
    session.destroy()
  })

  test('many bombs at once are held to the memory of all', async () => {
    const limits = { memoryBytesMax: 20_000_000, bodyBytesMax: 15_000_000 }
    const { port, received } = await grpc.serve({ limits })
    const body = Buffer.alloc(50_000_000)
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => grpc.send({ port, body, isGzip: true })),
    )
    for (const { code, details } of answers)
      expect([code, details?.retryAfterS]).toEqual(
        code === 'UNAVAILABLE' ? [code, 1] : ['RESOURCE_EXHAUSTED', undefined],
      )
    expect(received).toEqual([])
    expect((await grpc.send({ port, body: 'x', isGzip: true })).code).toBe('OK')
  })
})

describe('one sender that is too fast', () => {
  test('is told so over both transports, and others are not', async () => {
    const clock = createTurnedClock()
    const limits = { requestsPerS: 1, bytesPerS: 0 }
    const senders = createSenders({ clock, limits, hasTokens: true })
    const authorize = (header: string | undefined) =>
      ({ status: 'ok', actor: header ?? 'nobody' }) as const
    const web = await http.serve({ clock, senders, authorize })
    const rpc = await grpc.serve({ clock, senders, authorize })
    const post = (token: string) => http.send({ port: web.port, headers: { authorization: token } })
    const call = (token: string) => grpc.send({ port: rpc.port, token })
    expect([(await post('a')).status, (await call('a')).code]).toEqual([200, 'OK'])
    const refused = await post('a')
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1'])
    expect(http.parse('Status', refused.body)).toMatchObject({ code: 8 })
    expect(await call('a')).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      details: { code: 8, retryAfterS: 1, message: expect.stringContaining('limit') },
    })
    expect([(await post('b')).status, (await call('b')).code]).toEqual([200, 'OK'])
    clock.turn(1_000)
    expect((await post('a')).status).toBe(200)
  })
})
