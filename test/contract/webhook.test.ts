import { createServer } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { describe, expect, onTestFinished, test } from 'vitest'
import { applies, type Respond, says } from '../deliver/endpoint.ts'
import {
  SECRET,
  startDelivery,
  startServer,
  stateData,
  subscriber,
  until,
} from '../deliver/start-delivery.ts'

const SECRET_TEXT = SECRET.slice('whsec_'.length)

/** One push, up to the end of its first attempt. */
async function pushOnce(respond: Respond, turnMs = 0) {
  const endpoint = await startServer(respond)
  const url = `${endpoint.url}?token=hidden-token`
  const started = startDelivery({ fileSubscribers: [subscriber(url)] })
  started.delivery.push(stateData())
  await started.clock.turnAsync(0)
  if (turnMs > 0) {
    await until(() => endpoint.received.length === 1)
    await started.clock.turnAsync(turnMs)
  }
  await until(() => started.rows.length > 0)
  const [attempt] = started.delivery.deliveries()[0]!.attempts
  return { ...started, endpoint, attempt: attempt! }
}

test('the push is what the contract says, and a Standard Webhooks library trusts it', async () => {
  const { endpoint, clock } = await pushOnce(applies)
  const { headers, rawBody } = endpoint.received[0]!
  const webhook = new Webhook(SECRET)
  const id = String(headers['webhook-id'])
  const timestamp = new Date(Number(headers['webhook-timestamp']) * 1_000)
  expect(headers['webhook-signature']).toBe(webhook.sign(id, timestamp, rawBody))
  expect(headers['content-type']).toBe('application/json')
  expect(timestamp.getTime()).toBe(clock.nowMs())
  expect(Buffer.byteLength(rawBody)).toBeLessThan(4_096)
  expect(JSON.parse(rawBody)).toEqual({
    type: 'failover.state.v1',
    timestamp: '2026-01-11T14:00:00.000Z',
    data: { ...stateData(), not_after: '2026-01-11T14:01:00.000Z' },
  })
})

test.for<{ what: string; respond: Respond; error: string; status?: number; turnMs?: number }>([
  { what: 'answers 400', respond: says(400), status: 400, error: 'HTTP_400' },
  {
    what: 'answers 500 with a secret',
    respond: says(500, SECRET_TEXT),
    status: 500,
    error: 'HTTP_500',
  },
  {
    what: 'answers 429',
    respond: says(429, '', { 'retry-after': '5' }),
    status: 429,
    error: 'HTTP_429',
  },
  { what: 'answers 503', respond: says(503), status: 503, error: 'HTTP_503' },
  {
    what: 'redirects to the metadata service',
    respond: says(301, '', { location: 'http://169.254.169.254/' }),
    status: 301,
    error: 'REDIRECT',
  },
  { what: 'answers 200 with nothing', respond: says(200), status: 200, error: 'NO_OBSERVED_PAIR' },
  {
    what: 'answers 200 with other JSON',
    respond: says(200, '[]'),
    status: 200,
    error: 'NO_OBSERVED_PAIR',
  },
  { what: 'hangs', respond: () => {}, error: 'TIMEOUT', turnMs: 1_000 },
  {
    what: 'drips its body',
    respond: (_, to) => void to.write('{"obs'),
    error: 'TIMEOUT',
    turnMs: 1_000,
  },
  { what: 'resets', respond: (_, to) => void to.socket?.resetAndDestroy(), error: 'ECONNRESET' },
  {
    what: 'answers a huge body',
    respond: says(200, 'x'.repeat(1e6)),
    status: 200,
    error: 'NO_OBSERVED_PAIR',
  },
])('an endpoint that $what is a failure, and no secret stands anywhere', async (row) => {
  const { attempt, logged, answers, delivery, rows } = await pushOnce(row.respond, row.turnMs)
  expect(attempt).toMatchObject({ error: row.error, ...(row.status && { status: row.status }) })
  expect(attempt.response?.length ?? 0).toBeLessThanOrEqual(4_096)
  expect(answers).toEqual([])
  expect(delivery.deliveries()[0]?.state).toBe('pending')
  const told = logged.join('') + JSON.stringify(rows)
  expect(told).not.toContain(SECRET_TEXT)
  expect(told).not.toContain('hidden-token')
})

test('an endpoint that nobody listens on, or that cuts mid-answer, is a failure', async () => {
  const server = createServer((socket) =>
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const cut = subscriber(`http://127.0.0.1:${port}/`, { router: 'cut' })
  const closed = subscriber('http://127.0.0.1:1/', { router: 'closed' })
  const { delivery, clock, rows } = startDelivery({ fileSubscribers: [cut, closed] })
  delivery.push(stateData())
  await clock.turnAsync(0)
  await until(() => rows.length >= 2)
  expect(rows.find((row) => row.Router === 'closed')?.Error).toBe('ECONNREFUSED')
  expect(rows.find((row) => row.Router === 'cut')?.Error).toMatch(/^UND_ERR/)
})

test('retries go over the same connection, with the same id and a new signature', async () => {
  const { endpoint, clock, rows } = await pushOnce(says(503))
  await clock.turnAsync(250)
  await until(() => rows.length === 2)
  await clock.turnAsync(350)
  await until(() => rows.length === 3)
  await clock.turnAsync(600)
  await until(() => rows.length === 4)
  expect(new Set(endpoint.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  expect(new Set(endpoint.received.map(({ rawBody }) => rawBody)).size).toBeGreaterThan(1)
  expect(endpoint.connectionCount).toBe(1)
})

test('the trace of the decision goes on in the push', async () => {
  const endpoint = await startServer(applies)
  const { delivery, clock, answers } = startDelivery({
    fileSubscribers: [subscriber(endpoint.url)],
  })
  const traceId = 'a'.repeat(32)
  delivery.push(stateData(), `00-${traceId}-${'b'.repeat(16)}-01`)
  await clock.turnAsync(0)
  await until(() => answers.length === 1)
  expect(endpoint.received[0]?.headers.traceparent).toContain(traceId)
})

test('a document over 4 kB loses what only people read', async () => {
  const endpoint = await startServer(applies)
  const { delivery, clock, answers } = startDelivery({
    fileSubscribers: [subscriber(endpoint.url)],
  })
  delivery.push(stateData({ reason: { actor: 'ann', text: 'x'.repeat(5_000) } }))
  await clock.turnAsync(0)
  await until(() => answers.length === 1)
  const { rawBody, data } = endpoint.received[0]!
  expect(Buffer.byteLength(rawBody)).toBeLessThan(4_096)
  expect(data.reason).toEqual({ actor: 'ann' })
})

test('one journal row stands for each attempt', async () => {
  const { rows } = await pushOnce(applies)
  expect(rows).toMatchObject([
    {
      At: '2026-01-11 14:00:00.000',
      Router: 'router-1',
      Route: 'preview',
      Epoch: 1,
      Generation: 2,
      Version: 10,
      State: 'answered',
      Status: 200,
      Error: '',
      ClockOffsetMs: 2_000,
    },
  ])
})

describe('the outbound guard', () => {
  const request = (url: string) => ({
    url,
    routes: ['*'],
    events: ['failover.state.v1'] as const,
    router: 'router-1',
    resolve: 'one' as const,
  })

  test.for([
    'http://169.254.169.254/latest',
    'http://[::ffff:169.254.169.254]/',
    'http://[fe80::1]/',
    'http://10.0.0.7/',
    'http://192.168.1.1/',
    'http://0.0.0.0/',
    'http://2852039166/',
    'http://[fd00:ec2::254]/',
    'http://[::169.254.169.254]/',
    'http://[::10.0.0.1]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://0251.0376.0251.0376/',
  ])('%s is refused when it is created by API', async (url) => {
    const { delivery } = startDelivery()
    await expect(delivery.create(request(url))).rejects.toMatchObject({ code: 'EGRESS_REFUSED' })
  })

  test('the API may reach public addresses and those that are allowed', async () => {
    const { delivery } = startDelivery({ egressAllow: '10.0.0.0/8' })
    await delivery.create(request('http://10.0.0.7:9000/hook'))
    await delivery.create(request('http://8.8.8.8/hook'))
    await expect(delivery.create(request('http://127.0.0.1/'))).rejects.toThrow('127.0.0.1')
    const each = { ...request('http://8.8.8.8/'), resolve: 'each' as const }
    await expect(delivery.create(each)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })

  test('files may name private addresses, but never a metadata service', async () => {
    const { delivery, clock, rows } = startDelivery({
      egressAllow: '0.0.0.0/0',
      fileSubscribers: [subscriber('http://169.254.169.254/latest')],
    })
    delivery.push(stateData())
    await clock.turnAsync(0)
    await until(() => rows.length === 1)
    expect(rows[0]?.Error).toBe('EGRESS_REFUSED')
  })

  test('a name is checked again when it is connected to', async () => {
    const endpoint = await startServer()
    const url = endpoint.url.replace('127.0.0.1', 'localhost')
    const allowed = startDelivery()
    await allowed.delivery.create(request(url))
    await allowed.close()
    // The same stored subscription, where loopback is not allowed any more.
    const { delivery, clock, rows } = startDelivery({ file: allowed.file, egressAllow: '' })
    delivery.push(stateData())
    await clock.turnAsync(0)
    await until(() => rows.length === 1)
    expect(rows[0]?.Error).toBe('EGRESS_REFUSED')
    expect(endpoint.received).toEqual([])
  })
})
