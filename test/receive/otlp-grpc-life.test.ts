import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { expect, test } from 'vitest'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import { createOtlpGrpcServer } from '../../src/receive/otlp-grpc-server.ts'
import { createGate } from './gate.ts'
import { connect, EXPORT, send, serve } from './grpc-fixture.ts'
import { OK } from './http-fixture.ts'

test('a taken port says what to do', async () => {
  const { port } = await serve()
  await expect(serve({ port })).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    message: expect.stringContaining('SIGNALBOX_OTLP_GRPC_PORT'),
  })
})

test('too many at once are told to come again, and counted right afterwards', async () => {
  const { ingest, isEntered, open } = createGate()
  const { port } = await serve({ limits: { requestsMax: 1 }, ingest })
  const first = send({ port })
  await isEntered
  for (let i = 0; i < 3; i++)
    expect(await send({ port })).toMatchObject({
      code: 'UNAVAILABLE',
      details: { retryAfterS: 1 },
    })
  open()
  expect((await first).code).toBe('OK')
  for (let i = 0; i < 3; i++) expect((await send({ port })).code).toBe('OK')
})

test('one connection carries many calls, and queues those beyond its streams', async () => {
  const { port, received } = await serve({ limits: { streamsMax: 2 } })
  const client = connect(port)
  const answers = await Promise.all(Array.from({ length: 20 }, () => send({ port, client })))
  expect(answers.map(({ code }) => code)).toEqual(answers.map(() => 'OK'))
  expect(received).toHaveLength(20)
})

test('connections are bounded: the one that has been idle longest gives way', async () => {
  const { ingest, isEntered, open } = createGate()
  const { port } = await serve({ limits: { connectionsMax: 2 }, ingest })
  const busy = send({ port })
  await isEntered
  const idle = connectTcp(port, '127.0.0.1').resume()
  await once(idle, 'connect')
  const closed = once(idle, 'close')
  open()
  expect((await send({ port })).code).toBe('OK')
  await closed
  expect((await busy).code).toBe('OK')
})

test('stopping finishes what is open, refuses what is new, and is safe twice', async () => {
  const { ingest, isEntered, open } = createGate()
  const { port, server } = await serve({ ingest })
  const client = connect(port)
  const first = send({ port, client })
  await isEntered
  const stopped = server.stop()
  expect((await send({ port, client })).code).toBe('UNAVAILABLE')
  open()
  expect((await first).code).toBe('OK')
  await stopped
  await server.stop()
  expect((await send({ port })).code).toBe('UNAVAILABLE')
})

test('stopping does not wait for ever', async () => {
  const { ingest, isEntered } = createGate()
  const { port, server } = await serve({ ingest, limits: { stopMsMax: 20 } })
  const silent = connectTcp(port, '127.0.0.1').resume()
  await once(silent, 'connect')
  const hanging = send({ port })
  await isEntered
  await server.stop()
  expect((await hanging).code).not.toBe('OK')
  if (!silent.closed) await once(silent, 'close')
})

test('a server that was never started can be stopped', async () => {
  const server = createOtlpGrpcServer({
    host: '127.0.0.1',
    port: 0,
    authorize: () => ({ status: 'ok', actor: 'anyone' }),
    ingest: async () => OK,
    events: { answered: () => {}, faulted: () => {}, open: () => {} },
  })
  await expect(server.stop()).resolves.toBeUndefined()
})

test('a message that never ends is cut off; its sender may try again', async () => {
  const clock = createTurnedClock()
  let arrived = () => {}
  const isArrived = new Promise<void>((resolve) => {
    arrived = resolve
  })
  const authorize = () => {
    arrived()
    return { status: 'ok', actor: 'anyone' } as const
  }
  const { port, statuses } = await serve({ clock, authorize })
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  const stream = session.request(grpcHead())
  stream.resume().write(Buffer.from([0, 0, 0, 1, 0, 65]))
  await isArrived
  clock.turn(29_000)
  expect(statuses).toEqual([])
  clock.turn(1_000)
  const [headers] = (await once(stream, 'response')) as [Record<string, string>]
  expect(headers['grpc-status']).toBe('14')
  session.destroy()
  expect(statuses).toEqual(['UNAVAILABLE'])
})

test('a sender that goes away in the middle harms nobody', async () => {
  let ended = () => {}
  const isEnded = new Promise<void>((resolve) => {
    ended = resolve
  })
  const statuses: (number | string)[] = []
  const events = {
    answered: (answer: { status: number | string }) => {
      statuses.push(answer.status)
      ended()
    },
    faulted: () => {},
    open: () => {},
  }
  const { port } = await serve({ events, limits: { requestsMax: 1 } })
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  const stream = session.request(grpcHead())
  stream.on('error', () => {})
  session.on('error', () => {})
  await new Promise((resolve) => stream.write(Buffer.from([0, 0, 0, 1, 0, 65]), resolve))
  session.destroy()
  await isEnded
  expect((await send({ port })).code).toBe('OK')
  expect(statuses).toEqual([expect.not.stringMatching(/^OK$/), 'OK'])
})

test("a sender's own deadline ends the call, not the server", async () => {
  const { ingest, isEntered, open } = createGate()
  const { port } = await serve({ ingest })
  const late = send({ port, deadlineMs: 300 })
  await isEntered
  expect((await late).code).toBe('DEADLINE_EXCEEDED')
  open()
  expect((await send({ port })).code).toBe('OK')
})

function grpcHead() {
  return {
    ':method': 'POST',
    ':path': EXPORT.traces,
    'content-type': 'application/grpc',
    te: 'trailers',
  }
}
