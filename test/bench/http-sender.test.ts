import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createHttpSender } from '../../src/bench/http-sender.ts'

async function serverOf(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  let connectionCount = 0
  server.on('connection', () => connectionCount++)
  const sender = createHttpSender({
    ...{ port: (server.address() as AddressInfo).port, path: '/v1/traces' },
    ...{ headers: { 'content-type': 'application/json' }, answerMsMax: 200 },
  })
  onTestFinished(() => {
    sender.close()
    server.closeAllConnections()
    server.close()
  })
  return { sender, connectionCount: () => connectionCount }
}

test('sends whole bodies one after the other on one connection', async () => {
  const seen: string[] = []
  const { sender, connectionCount } = await serverOf(async (request, response) => {
    let text = `${request.method} ${request.url} ${request.headers['content-type']} `
    for await (const chunk of request) text += chunk
    seen.push(text)
    // In parts, so that one answer is more than one chunk.
    response.writeHead(200, { 'content-length': 4 })
    response.write('{}')
    setImmediate(() => response.end('\n\n'))
  })
  const statuses = [
    await sender.send(Buffer.from('{"a":1}')),
    await sender.send(Buffer.from('{"b":2}')),
  ]
  expect(statuses).toEqual([200, 200])
  const head = 'POST /v1/traces application/json'
  expect(seen).toEqual([`${head} {"a":1}`, `${head} {"b":2}`])
  expect(connectionCount()).toBe(1)
})

test('a refusal that comes before the body has gone does not spoil the next request', async () => {
  let count = 0
  const { sender, connectionCount } = await serverOf(async (request, response) => {
    if (count++ === 0) return response.writeHead(413, { 'content-length': 0 }).end()
    for await (const _ of request);
    return response.writeHead(200, { 'content-length': 0 }).end()
  })
  expect(await sender.send(Buffer.alloc(8 << 20))).toBe(413)
  expect(await sender.send(Buffer.alloc(1_000))).toBe(200)
  expect(connectionCount()).toBe(2)
})

test.for([
  { name: 'no answer in time', listener: () => {} },
  {
    name: 'a connection that breaks',
    listener: (({ socket }) => socket.destroy()) as RequestListener,
  },
])('$name is status 0', async ({ listener }) => {
  const { sender } = await serverOf(listener)
  expect(await sender.send(Buffer.from('{}'))).toBe(0)
})
