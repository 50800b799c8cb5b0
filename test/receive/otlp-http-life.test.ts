import { once } from 'node:events'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createOtlpHttpServer } from '../../src/receive/otlp-http-server.ts'
import { createGate } from './gate.ts'
import { OK, send, serve } from './http-fixture.ts'

test('a taken port says what to do', async () => {
  const { port } = await serve()
  await expect(serve({ port })).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    message: expect.stringContaining('SIGNALBOX_OTLP_HTTP_PORT'),
  })
})

test('too many at once are told to come again', async () => {
  const { ingest, isEntered, open } = createGate()
  const { port } = await serve({ limits: { requestsMax: 1 }, ingest })
  const first = send({ port })
  await isEntered
  expect((await send({ port })).status).toBe(503)
  open()
  expect((await first).status).toBe(200)
})

test('stopping finishes what is open, refuses what is new, and is safe twice', async () => {
  const { ingest, isEntered, open } = createGate()
  const { port, server } = await serve({ ingest })
  // A second connection that is kept alive, with half a request on it when the stop comes.
  const late = connect(port, '127.0.0.1')
  await once(late, 'connect')
  late.write('POST /v1/traces HTTP/1.1\r\nhost: x\r\n')
  const first = send({ port })
  await isEntered
  const stopped = server.stop()
  late.write('content-type: application/json\r\ncontent-length: 2\r\n\r\n{}')
  const [answer] = (await once(late, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after: 1/i)
  open()
  expect((await first).status).toBe(200)
  await stopped
  await server.stop()
  await expect(send({ port })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('stopping does not wait for ever', async () => {
  const { ingest, isEntered } = createGate()
  const { port, server } = await serve({ ingest, limits: { stopMsMax: 20 } })
  const hanging = send({ port }).catch((fault: { code: string }) => fault.code)
  await isEntered
  await server.stop()
  expect(await hanging).toBe('ECONNRESET')
})

test('a server that was never started can be stopped', async () => {
  const server = createOtlpHttpServer({
    host: '127.0.0.1',
    port: 0,
    authorize: () => ({ status: 'ok', actor: 'anyone' }),
    ingest: async () => OK,
    events: { answered: () => {}, faulted: () => {}, open: () => {} },
  })
  await expect(server.stop()).resolves.toBeUndefined()
})

test('connections are kept alive', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const { port } = await serve()
  const reused: boolean[] = []
  for (let i = 0; i < 3; i++) reused.push((await send({ port, agent, body: 'x' })).isReused)
  expect(reused).toEqual([false, true, true])
  agent.destroy()
})

test('a body that never ends is cut off, and its sender may try again', async () => {
  const { port } = await serve({ limits: { receiveMsMax: 50 } })
  const slow = connect(port, '127.0.0.1')
  slow.write('POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n')
  slow.write('content-type: application/json\r\n\r\n{')
  const [answer] = (await once(slow, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1.1 503 [\s\S]*connection: close/i)
  slow.destroy()
})

test('a sender that goes away in the middle harms nobody', async () => {
  const { port, statuses } = await serve()
  const gone = connect(port, '127.0.0.1')
  await once(gone, 'connect')
  gone.write('POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n')
  gone.write('content-length: 9\r\n\r\n{')
  gone.destroy()
  await once(gone, 'close')
  expect((await send({ port })).status).toBe(200)
  expect(statuses).toEqual([200])
})
