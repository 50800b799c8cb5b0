import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Served, serve } from '../scenario/served.ts'

// 600 senders that dribble, more than there are places, against the whole server and its own clock.

let served: Served | undefined
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  if (served?.child.exitCode === null) await served.end()
})

async function dribble(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1').resume()
  sockets.push(socket)
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write('POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n')
  socket.write('content-length: 9999\r\n\r\n{')
}

test('they keep out nobody, and hold up no stop', async () => {
  served = await serve()
  const { otlp_http } = served.addresses
  await Promise.all(Array.from({ length: 600 }, () => dribble(Number(new URL(otlp_http).port))))
  const headers = { 'content-type': 'application/json' }
  const send = async () =>
    (await fetch(`${otlp_http}/v1/traces`, { method: 'POST', headers, body: '{}' })).status
  // Half a second's grace, then the first of them gives way.
  await expect.poll(send, { timeout: 5_000 }).toBe(200)
  const statuses: number[] = []
  for (let n = 0; n < 200; n++) statuses.push(await send())
  expect(new Set(statuses)).toEqual(new Set([200]))
  const metrics = await (await served.get('/metrics')).text()
  const open = /open_requests{transport="http"} (\d+)/.exec(metrics)?.[1]
  expect(Number(open)).toBeGreaterThan(500)
  const { code, tookMs } = await served.end()
  expect(code).toBe(0)
  expect(tookMs).toBeLessThan(10_000)
})
