import { afterEach, expect, test } from 'vitest'
import { type Api, createApi } from '../../src/api/server.ts'
import { createStateFeed, type StateFeed } from '../../src/api/state-feed.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import type { Authorize } from '../../src/model/authority.ts'
import { createApiEvents } from '../../src/telemetry/api-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { createBackend, type FakeBackend, stateData } from './deps.ts'

interface Served {
  readonly backend: FakeBackend
  readonly feed: StateFeed
  readonly url: string
}

let api: Api | undefined
afterEach(() => api?.stop())

async function serve(authorize?: Authorize, listenersMax = 100): Promise<Served> {
  const backend = createBackend(authorize)
  const clock = createSystemClock()
  const feed = createStateFeed({ state: () => backend.state, clock, listenersMax })
  api = createApi({
    host: '127.0.0.1',
    port: 0,
    webDir: '/nowhere',
    version: '0',
    deps: backend.deps,
    feed,
    events: createApiEvents(createSilentTelemetry()),
    clock,
  })
  await api.start()
  return { backend, feed, url: `http://127.0.0.1:${api.port}` }
}

const json = (method: string, body: unknown, headers: Record<string, string> = {}) => ({
  method,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

function move({ backend, feed }: Served, version: number) {
  const data = stateData(version)
  backend.state = { epoch: 1, version, routes: { preview: data } }
  feed.publish(data)
}

test('state has an ETag, and an unchanged one costs nothing', async () => {
  const { url } = await serve()
  const first = await fetch(`${url}/api/v1/state`)
  expect(await first.json()).toMatchObject({
    epoch: 1,
    version: 1,
    routes: { preview: { route: 'preview' } },
  })
  const etag = first.headers.get('etag') ?? ''
  const second = await fetch(`${url}/api/v1/state`, { headers: { 'if-none-match': etag } })
  expect([etag, second.status]).toEqual(['"1.1"', 304])
})

test('a long poll answers at the next version, and at once when it is already behind', async () => {
  const served = await serve()
  const waiting = fetch(`${served.url}/api/v1/state?wait=25s&since=1`).then((answer) =>
    answer.json(),
  )
  const behind = await fetch(`${served.url}/api/v1/state?wait=25s&since=0`)
  expect(await behind.json()).toMatchObject({ version: 1 })
  move(served, 2)
  expect(await waiting).toMatchObject({ version: 2 })
})

test('the stream begins with the whole state and carries each change under its version', async () => {
  const served = await serve()
  const response = await fetch(`${served.url}/api/v1/state/stream`)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const next = async () => new TextDecoder().decode((await reader.read()).value)
  expect(await next()).toMatch(/^event: snapshot\nid: 1\ndata: \{"epoch":1/)
  move(served, 2)
  expect(await next()).toMatch(/^event: state\nid: 2\ndata: \{"version":2/)
  expect(await next()).toMatch(
    /^event: heartbeat\ndata: \{"version":2,"pairs":\{"preview":\{"epoch":1,"generation":2\}\}\}/,
  )
  await reader.cancel()
})

const STATUS = {
  boot_id: 'b1',
  clock: '2026-01-11T14:26:37.304Z',
  observed: { preview: { epoch: 1, generation: 1 } },
  routes: {
    preview: {
      targets: {
        'cloud-eu': {
          started: 1,
          ok: 1,
          failed: 0,
          rejected: 0,
          cancelled: 0,
          inflight: 0,
          oldest_ms: 0,
        },
      },
    },
  },
}

test('a router status is taken and answered with epoch and version', async () => {
  const { url, backend } = await serve()
  const answer = await fetch(`${url}/api/v1/routers/router-1/status`, json('PUT', STATUS))
  expect(await answer.json()).toEqual({ epoch: 1, version: 1 })
  expect(backend.statuses[0]).toMatchObject({ router: 'router-1', status: STATUS })
  expect((await fetch(`${url}/api/v1/routers/router-1`, { method: 'DELETE' })).status).toBe(204)
  expect((await fetch(`${url}/api/v1/routers/nobody`, { method: 'DELETE' })).status).toBe(404)
})

test('a wrong body is a problem document that names the key', async () => {
  const { url } = await serve()
  const answer = await fetch(
    `${url}/api/v1/routers/r/status`,
    json('PUT', { ...STATUS, clock: 'now' }),
  )
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(await answer.json()).toMatchObject({
    status: 400,
    code: 'BAD_REQUEST',
    type: 'urn:signalbox:problem:bad-request',
    errors: [{ key: 'clock' }],
  })
})

test.for([
  {
    result: { status: 'precondition_required', current: { epoch: 3, generation: 57 } },
    status: 428,
    detail: '"3.57"',
  },
  {
    result: { status: 'precondition_failed', current: { epoch: 3, generation: 57 } },
    status: 412,
    detail: '"3.57"',
  },
  {
    result: { status: 'refused', rules: ['S2'], detail: 'capacity' },
    status: 422,
    detail: 'capacity',
  },
  { result: { status: 'invalid', detail: 'ttl_s is required' }, status: 400, detail: 'ttl_s' },
  { result: { status: 'not_found' }, status: 404, detail: 'preview' },
] as const)(
  'an action that is $result.status answers $status',
  async ({ result, status, detail }) => {
    const { url, backend } = await serve()
    backend.action = () => result
    const answer = await fetch(
      `${url}/api/v1/routes/preview/actions`,
      json('POST', { action: 'hold', reason: 'looking', ttl_s: 60 }, { 'if-match': '"3.56"' }),
    )
    const problem = (await answer.json()) as { detail: string; status: number }
    expect([answer.status, problem.status]).toEqual([status, status])
    expect(problem.detail).toContain(detail)
  },
)

test('If-Match is handed on as a pair, with who acts', async () => {
  const { url, backend } = await serve(() => ({ status: 'ok', actor: 'alice' }))
  let seen: unknown
  backend.action = (route, action) => {
    seen = { route, ...action }
    return { status: 'not_found' }
  }
  await fetch(
    `${url}/api/v1/routes/preview/actions`,
    json(
      'POST',
      { action: 'force', target: 'edge', reason: 'r', ttl_s: 60, override: ['S2'] },
      { 'if-match': '"3.57"' },
    ),
  )
  expect(seen).toEqual({
    route: 'preview',
    action: 'force',
    target: 'edge',
    reason: 'r',
    ttl_s: 60,
    override: ['S2'],
    ifMatch: { epoch: 3, generation: 57 },
    actor: 'alice',
  })
})

test('without a token 401, with too small a scope 403, and health stays open', async () => {
  const authorize: Authorize = (header, scope) =>
    header === undefined
      ? { status: 'unauthenticated', reason: 'send a token' }
      : scope === 'read'
        ? { status: 'ok', actor: 'reader' }
        : { status: 'forbidden', reason: `lacks ${scope}` }
  const { url } = await serve(authorize)
  const as = { authorization: 'Bearer x' }
  expect((await fetch(`${url}/api/v1/state`)).status).toBe(401)
  expect((await fetch(`${url}/api/v1/state`, { headers: as })).status).toBe(200)
  expect((await fetch(`${url}/api/v1/reload`, { method: 'POST', headers: as })).status).toBe(403)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
})

test('readyz is 503 only when telemetry would be refused', async () => {
  const { url, backend } = await serve()
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  backend.refusing.push('the log is full')
  expect((await fetch(`${url}/readyz`)).status).toBe(503)
})

test('an invalid reload says where, and unknown paths and bad JSON are problems too', async () => {
  const { url, backend } = await serve()
  backend.reloadErrors = [{ file: 'a.yaml', line: 3, key: 'rules[0]', message: 'wrong' }]
  const reload = await fetch(`${url}/api/v1/reload`, { method: 'POST' })
  expect([reload.status, await reload.json()]).toEqual([
    422,
    expect.objectContaining({ code: 'CONFIG_INVALID', errors: backend.reloadErrors }),
  ])
  expect(await (await fetch(`${url}/nothing`)).json()).toMatchObject({
    status: 404,
    code: 'NOT_FOUND',
  })
  const broken = await fetch(`${url}/api/v1/routers/r/status`, { ...json('PUT', {}), body: '{' })
  expect([broken.status, broken.headers.get('content-type')]).toEqual([
    400,
    expect.stringContaining('application/problem+json'),
  ])
})

test('the OpenAPI document describes every call of the contract that is there', async () => {
  const { url } = await serve()
  const document = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>
  }
  const calls = Object.entries(document.paths).flatMap(([path, verbs]) =>
    Object.keys(verbs).map((verb) => `${verb.toUpperCase()} ${path}`),
  )
  expect(calls.sort()).toMatchSnapshot()
  expect(document.paths['/api/v1/routes/{route}/actions']?.post).toHaveProperty('requestBody')
})

test('the OpenAPI document says what each call answers, fields and statuses, and how faults look', async () => {
  const { url } = await serve()
  const { paths } = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as OpenApi
  const answer = (call: string, status: string, type = 'application/json') => {
    const [verb = '', path = ''] = call.split(' ')
    const content = paths[path]?.[verb]?.responses[status]?.content?.[type]
    return Object.keys(content?.schema.properties ?? {})
  }
  expect(answer('get /api/v1/routes/{route}', '200')).toEqual(
    expect.arrayContaining(['state', 'since', 'desired', 'inhibitors', 'proof', 'routers']),
  )
  expect(answer('post /api/v1/subscriptions', '201')).toContain('secret')
  expect(answer('get /api/v1/incidents', '200')).toEqual(['items', 'next'])
  for (const verbs of Object.values(paths).flatMap((one) => Object.values(one)))
    expect(Object.keys(verbs.responses)).toContain('default')
  expect(answer('get /api/v1/state', 'default', 'application/problem+json')).toEqual([
    ...['type', 'title', 'status', 'code', 'detail', 'errors'],
  ])
  expect(Object.keys(paths['/api/v1/routers/{id}']?.delete?.responses ?? {})).toContain('204')
})

interface OpenApi {
  readonly paths: Record<
    string,
    Record<
      string,
      {
        responses: Record<string, { content?: Record<string, { schema: { properties?: object } }> }>
      }
    >
  >
}

test('a stream beyond the bound is refused with a problem, not left hanging', async () => {
  const { url } = await serve(undefined, 0)
  const response = await fetch(`${url}/api/v1/state/stream`)
  expect([response.status, await response.json()]).toEqual([
    503,
    expect.objectContaining({ code: 'NOT_READY' }),
  ])
})
