import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { newFolder, type Served, serve } from './served.ts'

const running: Served[] = []
afterEach(async () => {
  for (const served of running.splice(0)) if (served.child.exitCode === null) await served.end()
})

const SETTINGS = `
telemetry:
  profiles:
    - use: nginx
      where: { service: edge }
      routes: { "/v1/preview*": preview }
      targets: { "10.0.1.*": cloud-eu, "10.0.2.*": edge-local }
`

async function start(): Promise<Served> {
  const file = join(newFolder(), 'signalbox.yaml')
  writeFileSync(file, SETTINGS)
  const served = await serve({ env: { SIGNALBOX_CONFIG: file } })
  running.push(served)
  return served
}

/** As the README's log format writes it; a request that failed on the primary, `agoMs` ago. */
const failed = (number: number, agoMs: number) => ({
  time: (Date.now() - agoMs) / 1_000,
  ...{ service: 'edge', host: 'edge-1', request_id: `r-${number}` },
  ...{ request: 'POST /v1/preview HTTP/1.1', status: '503', request_time: '0.2' },
  ...{ upstream_addr: '10.0.1.7:80', upstream_status: '503', upstream_response_time: '0.2' },
})

test('failing access log lines of an NGINX fire primary-failing for their route and target', async () => {
  const served = await start()
  const lines = Array.from({ length: 60 }, (_, index) => failed(index, 3_000 - 50 * index))
  const answer = await fetch(`${served.addresses.otlp_http}/ingest/ndjson`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.map((line) => JSON.stringify(line)).join('\n'),
  })
  expect([answer.status, await answer.json()]).toMatchObject([200, { accepted: 60 }])
  const rule = (await (await served.get('/api/v1/rules/primary-failing')).json()) as {
    groups: { by: object; state: string; value: number; count: number }[]
  }
  expect(rule.groups).toMatchObject([
    { by: { route: 'preview', target: 'cloud-eu' }, state: 'firing', value: 1, count: 60 },
  ])
  const silent = (await (await served.get('/api/v1/rules/router-silent')).json()) as typeof rule
  expect(silent.groups).toMatchObject([{ by: { router: 'edge-1' }, state: 'ok' }])
  // Its router is one of the route, though it never said so.
  const route = (await (await served.get('/api/v1/routes/preview')).json()) as {
    routers: { router: string }[]
  }
  expect(route.routers.map(({ router }) => router)).toEqual(['edge-1'])
  const attempts = () =>
    served.sql(
      'SELECT Route, Target, Role, Router, Outcome, count() AS n, uniqExact(RequestId) AS ids FROM signalbox_attempts GROUP BY ALL',
    )
  await expect.poll(attempts, { timeout: 15_000 }).toEqual([
    {
      ...{ Route: 'preview', Target: 'cloud-eu', Role: 'primary', Router: 'edge-1' },
      ...{ Outcome: 'failed', n: 60, ids: 60 },
    },
  ])
  const requests = () =>
    served.sql('SELECT Outcome, count() AS n FROM signalbox_requests GROUP BY ALL')
  await expect.poll(requests, { timeout: 15_000 }).toEqual([{ Outcome: 'failed', n: 60 }])
})
