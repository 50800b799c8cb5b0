import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encode, traces } from '../decode/otlp-builder.ts'
import { newFolder, run, type Served, serve } from './served.ts'

// Two lives of one server: the first without any configuration, the second on its data, on an IPv6
// address, with alerts in a folder of its own. A start costs three CPU-seconds.

let served: Served
/** Spans that were answered 200. */
let acknowledgedCount = 0

beforeAll(async () => {
  served = await serve()
})
afterAll(async () => {
  if (served.child.exitCode === null) await served.end()
})

function attempts(count: number, outcome: 'ok' | 'failed') {
  const resource = {
    'service.name': 'router',
    'service.instance.id': 'router-1',
    'signalbox.component': 'router',
  }
  const spans = Array.from({ length: count }, (_, index) => ({
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    name: 'POST /render',
    kind: 'client' as const,
    startMs: Date.now() - 500 - index,
    attributes: { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' },
    ...(outcome === 'failed' && { error: 'inference_failed_internal_server_error' }),
  }))
  return encode('traces', traces(resource, spans), 'protobuf')
}

const send = (body: Uint8Array) =>
  fetch(`${served.addresses.otlp_http}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body,
  })

async function acknowledge(count: number, outcome: 'ok' | 'failed') {
  const answer = await send(attempts(count, outcome))
  expect([answer.status, await answer.text()]).toEqual([200, ''])
  acknowledgedCount += count
}

test('a first start needs no configuration, moves nothing, pages nobody', () => {
  expect(served.output()).toContain('no traffic is moved, nobody is paged')
})

test('the ready file is for its owner only', () => {
  expect(statSync(served.readyFile).mode & 0o777).toBe(0o600)
})

test('a second start on the same data directory refuses and says what to do', async () => {
  const second = run(['serve'], {
    SIGNALBOX_DATA_DIR: served.dataDir,
    SIGNALBOX_PORT: '0',
    SIGNALBOX_OTLP_HTTP_PORT: '0',
    SIGNALBOX_OTLP_GRPC_PORT: '0',
  })
  expect(await second.exited).toBe(1)
  expect(second.output()).toContain(served.dataDir)
  expect(second.output()).not.toContain('    at ')
})

test('a router that says goodbye is known to nobody any more', async () => {
  const status = { boot_id: 'b', clock: new Date().toISOString(), observed: {}, routes: {} }
  const url = `${served.addresses.http}/api/v1/routers/router-9`
  const headers = { 'content-type': 'application/json' }
  await fetch(`${url}/status`, { method: 'PUT', headers, body: JSON.stringify(status) })
  const groups = async () =>
    ((await (await served.get('/api/v1/rules/router-silent')).json()) as { groups: unknown[] })
      .groups
  expect(await groups()).toMatchObject([{ by: { router: 'router-9' } }])
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(204)
  expect(await groups()).toEqual([])
})

test('malformed telemetry is answered 400 with the reason, and others are not disturbed', async () => {
  for (const body of [
    randomBytes(64),
    new Uint8Array([0x0a, 0xff, 0xff]),
    attempts(1, 'ok').slice(0, -3),
  ]) {
    const answer = await send(body)
    expect(answer.status).toBe(400)
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(0)
  }
  await acknowledge(1, 'ok')
})

/** The shipped rules, with one file of their tests: all of them have their own run (`test/rules`). */
function alertsWithFewTests(): string {
  const alertsDir = join(newFolder(), 'alerts')
  const filter = (path: string) => !/tests\/.*\.yaml$/.test(path) || path.endsWith('/hardware.yaml')
  cpSync('alerts', alertsDir, { recursive: true, filter })
  return alertsDir
}

test('check takes the volumes of a running server for its table of false trips', async () => {
  await acknowledge(30, 'ok')
  const count = async () => {
    const answer = await served.get('/api/v1/rules/primary-failing')
    const { groups } = (await answer.json()) as { groups: { count: number }[] }
    return groups[0]?.count
  }
  await expect.poll(count).toBe(31)
  const check = run(['check', alertsWithFewTests(), '--url', served.addresses.http])
  expect(await check.exited).toBe(0)
  expect(check.output()).toMatch(/primary-failing .+ {2}31 in 90s, of which 10 % fail/)
  expect(check.output()).toMatch(/gpu-xid +- {2}it has no group yet/)
})

test('total failure in observe mode is told as what would be done, and nothing moves', async () => {
  await acknowledge(200, 'failed')
  const rule = (await (await served.get('/api/v1/rules/primary-failing')).json()) as {
    groups: { state: string }[]
  }
  expect(rule.groups.map(({ state }) => state)).toEqual(['firing'])
  const route = (await (await served.get('/api/v1/routes/preview')).json()) as Record<
    string,
    unknown
  >
  expect(route).toMatchObject({ epoch: 1, generation: 1, mode: 'observe', mitigation: 'none' })
  const incidents = (await (await served.get('/api/v1/incidents')).json()) as {
    items: { id: string; route: string }[]
  }
  expect(incidents.items).toMatchObject([{ route: 'preview', state: 'open', severity: 'critical' }])
  const report = await served.get(`/api/v1/incidents/${incidents.items[0]?.id}/report`)
  expect(await report.json()).toMatchObject({ schema: 'signalbox.report/v1', state: 'provisional' })
})

test('it ends within 5 s, and its ready file is gone', async () => {
  const { code, tookMs } = await served.end()
  expect(code).toBe(0)
  expect(tookMs).toBeLessThan(5_000)
  expect(existsSync(served.readyFile)).toBe(false)
})

const alertsDir = join(newFolder(), 'alerts')

test('what was acknowledged is there after a stop and a start', async () => {
  cpSync('alerts', alertsDir, { recursive: true })
  const { dataDir } = served
  served = await serve({ dataDir, alertsDir, env: { SIGNALBOX_HOST: '::1' } })
  const [spans] = await served.sql<{ n: string }>('SELECT count() AS n FROM otel_traces')
  const [rows] = await served.sql<{ n: string }>('SELECT count() AS n FROM signalbox_attempts')
  expect(acknowledgedCount).toBe(231)
  expect([Number(spans?.n), Number(rows?.n)]).toEqual([231, 231])
})

test('on an IPv6 address everything it tells of itself can be followed', async () => {
  const state = (await (await served.get('/api/v1/state')).json()) as {
    routes: Record<string, { state_url: string }>
  }
  expect(state.routes.preview?.state_url).toBe(`${served.addresses.http}/api/v1/state`)
  expect((await fetch(state.routes.preview?.state_url ?? '')).status).toBe(200)
  expect((await send(attempts(1, 'ok'))).status).toBe(200)
  expect(served.addresses.otlp_grpc).toMatch(/^\[::1\]:\d+$/)
})

test('a broken alerts file stops check and start with file, line and key, and a reload changes nothing', async () => {
  const file = join(alertsDir, 'failover.yaml')
  writeFileSync(
    file,
    'schema: signalbox.failover/v1\nroutes:\n  - route: preview\n    primry: cloud-eu\n    fallbacks: []\n',
  )
  const reload = await served.post('/api/v1/reload')
  expect([reload.status, await reload.json()]).toEqual([
    422,
    expect.objectContaining({
      errors: expect.arrayContaining([
        expect.objectContaining({ file, line: 4, key: 'routes[0].primry' }),
      ]),
    }),
  ])
  expect(await (await served.get('/api/v1/routes/preview')).json()).toMatchObject({
    policy_revision: 1,
  })
  for (const args of [['check', alertsDir], ['serve']]) {
    const refused = run(args, {
      SIGNALBOX_ALERTS_DIR: alertsDir,
      SIGNALBOX_DATA_DIR: newFolder(),
      SIGNALBOX_PORT: '0',
    })
    expect(await refused.exited).toBe(1)
    expect(refused.output()).toContain(`${file}:4: routes[0].primry:`)
  }
})

test.for([
  { args: ['nonsense'], code: 2, says: "unknown command 'nonsense'" },
  { args: ['compare'], code: 2, says: 'compare is not there yet' },
  { args: ['policy', 'diff'], code: 2, says: 'policy is not there yet' },
  { args: ['serve', 'nonsense'], code: 2 },
  { args: ['route', 'dance', 'preview', '--reason', 'x'], code: 2, says: 'Allowed choices' },
  { args: ['report', 'inc_1', '--format', 'pdf'], code: 2, says: 'Allowed choices' },
  { args: ['--version'], code: 0, says: '0.' },
  { args: ['serve', '--speed', '-1'], code: 2 },
  { args: ['--help'], code: 0 },
  { args: ['check'], code: 0, says: 'expected false trips a day, by chance alone' },
  { args: ['check', '--noise', '2'], code: 2, says: 'expected a number between 0 and 1' },
])('signalbox $args exits with $code', async ({ args, code, says = '' }) => {
  const command = run(args, { SIGNALBOX_ALERTS_DIR: alertsWithFewTests() })
  expect(await command.exited).toBe(code)
  expect(command.output()).toContain(says)
})

test('beyond loopback it refuses to start without tokens', async () => {
  const refused = run(['serve'], { SIGNALBOX_HOST: '0.0.0.0', SIGNALBOX_DATA_DIR: newFolder() })
  expect(await refused.exited).toBe(1)
  expect(refused.output()).toContain('SIGNALBOX_TOKENS_FILE')
})
