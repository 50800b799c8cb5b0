import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Api, createApi } from '../../src/api/server.ts'
import { createStateFeed } from '../../src/api/state-feed.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { createApiEvents } from '../../src/telemetry/api-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { createBackend } from './deps.ts'

let api: Api | undefined
afterEach(() => api?.stop())

async function serve(listenersMax = 2): Promise<string> {
  const { deps, state } = createBackend()
  const clock = createSystemClock()
  const feed = createStateFeed({ state: () => state, clock, listenersMax })
  const events = createApiEvents(createSilentTelemetry())
  const rest = { host: '127.0.0.1', port: 0, webDir: '/nowhere', version: '0' }
  api = createApi({ ...rest, deps, feed, events, clock })
  await api.start()
  return `http://127.0.0.1:${api.port}`
}

const json = (method: string, body: unknown) => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const STATUS = '"boot_id":"b","clock":"2026-01-11T14:26:37.304Z"'
const url = 'http://127.0.0.1:9/'

test.for<{ what: string; path: string; init?: RequestInit; status?: number }>([
  { what: 'a path that is no UTF-8', path: '/api/v1/incidents/%ff%fe' },
  { what: 'a broken escape', path: '/api/v1/routers/%zz/status' },
  { what: 'an endless id', path: `/api/v1/incidents/${'x'.repeat(600)}`, status: 414 },
  {
    what: '__proto__ in a body',
    path: '/api/v1/routers/r/status',
    init: json('PUT', `{${STATUS},"observed":{"__proto__":{"epoch":1,"generation":1}}}`),
  },
  {
    what: 'a fractional epoch',
    path: '/api/v1/routers/r/status',
    init: json('PUT', `{${STATUS},"observed":{"preview":{"epoch":1.5,"generation":1}}}`),
  },
  {
    what: 'an infinite counter',
    path: '/api/v1/routers/r/status',
    init: json(
      'PUT',
      `{${STATUS},"routes":{"preview":{"targets":{"t":{"started":1e400,"ok":0,"failed":0,"inflight":0}}}}}`,
    ),
  },
  {
    what: 'a password in an endpoint',
    path: '/api/v1/subscriptions',
    init: json('POST', { url: 'http://me:secret@127.0.0.1:9/', router: 'r' }),
  },
  {
    what: 'an endless endpoint',
    path: '/api/v1/subscriptions',
    init: json('POST', { url: url + 'x'.repeat(2_000), router: 'r' }),
  },
  {
    what: 'too many routes',
    path: '/api/v1/subscriptions',
    init: json('POST', { url, router: 'r', routes: Array(201).fill('a') }),
  },
  {
    what: 'a pattern that may take for ever',
    path: '/api/v1/silences',
    init: json('POST', {
      matchers: { a: { match: '(a+)+$' } },
      reason: 'r',
      ends_at: '2099-01-01T00:00:00Z',
    }),
  },
  {
    what: 'a change with huge attributes',
    path: '/api/v1/events',
    init: json('POST', { kind: 'deploy', text: 't', attributes: { a: 'x'.repeat(2_001) } }),
  },
])('$what is a problem document, and the client’s', async ({ path, init, status = 400 }) => {
  const base = await serve()
  const answer = await fetch(`${base}${path}`, init ?? {})
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    status,
    'application/problem+json; charset=utf-8',
  ])
  const problem = (await answer.json()) as { code: string; detail: string }
  expect(problem).toMatchObject({ code: 'BAD_REQUEST', detail: expect.stringMatching(/.{5}/) })
  expect((await fetch(`${base}/api/v1/state`)).status).toBe(200)
})

test('one stream too many is told so, and the open ones go on', async () => {
  const base = await serve(2)
  const stopped = new AbortController()
  const open = () => fetch(`${base}/api/v1/state/stream`, { signal: stopped.signal })
  const streams = [await open(), await open()]
  const refused = await fetch(`${base}/api/v1/state/stream`)
  expect([refused.status, refused.headers.get('content-type')]).toEqual([
    503,
    'application/problem+json; charset=utf-8',
  ])
  const read = async (stream: Response) =>
    new TextDecoder().decode((await stream.body?.getReader().read())?.value)
  for (const stream of streams) expect(await read(stream)).toContain('event: snapshot')
  stopped.abort()
})

test('a client that sends its head byte by byte holds up nobody', async () => {
  const base = await serve()
  const socket = connect(Number(new URL(base).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET /api/v1/st')
  expect((await fetch(`${base}/api/v1/state`)).status).toBe(200)
  socket.destroy()
})
