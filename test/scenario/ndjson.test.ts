import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Served, serve } from './served.ts'

const start = (dataDir?: string) =>
  serve({
    ...(dataDir !== undefined && { dataDir }),
    env: { SIGNALBOX_SERVICES: '{ sd-worker: worker }' },
  })

let served: Served
beforeAll(async () => {
  served = await start()
})
afterAll(async () => {
  if (served.child.exitCode === null) await served.end()
})

async function post(lines: readonly (object | string)[]) {
  const answer = await fetch(`${served.addresses.otlp_http}/ingest/ndjson`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  })
  return [answer.status, await answer.json()]
}

/** As Fluent Bit sends it, with one record_modifier that names the target. */
const oom = (pod: string) => ({
  date: Date.now() / 1_000,
  stream: 'stderr',
  log: 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.35 GiB',
  kubernetes: { pod_name: pod, namespace_name: 'render', labels: { app: 'sd-worker' }, host: 'n1' },
  'signalbox.target': 'cloud-eu',
})

test('out-of-memory lines of three pods are a storm on their target', async () => {
  const accepted = { accepted: 2, refused: [], refused_count: 0 }
  expect(await post([oom('sd-1'), oom('sd-2')])).toEqual([200, accepted])
  const stateOf = async () => {
    const rule = (await (await served.get('/api/v1/rules/oom-storm')).json()) as {
      groups: { by: object; state: string }[]
    }
    return rule.groups.map(({ by, state }) => [by, state])
  }
  expect(await stateOf()).toEqual([[{ target: 'cloud-eu' }, 'ok']])
  expect(await post(['{"log":', oom('sd-3')])).toEqual([
    200,
    {
      accepted: 1,
      refused: [{ line: 1, reason: expect.stringMatching(/^not JSON/) }],
      refused_count: 1,
    },
  ])
  expect(await stateOf()).toEqual([[{ target: 'cloud-eu' }, 'firing']])
})

test('after a crash the acknowledged lines are there, once', async () => {
  const lines = Array.from({ length: 50 }, (_, index) => ({ msg: `line ${index}`, app: 'gateway' }))
  expect((await post([...lines, 'bad']))[0]).toBe(200)
  await served.end('SIGKILL')
  // It reads the log back, and loads it.
  served = await start(served.dataDir)
  const rows = () =>
    served.sql(
      "SELECT count() AS n, uniqExact(Body) AS bodies, any(ServiceName) AS service FROM otel_logs WHERE ServiceName = 'gateway'",
    )
  const all = { n: 50, bodies: 50, service: 'gateway' }
  await expect.poll(rows, { timeout: 15_000 }).toEqual([all])
})
