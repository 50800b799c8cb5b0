import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { RouteView } from '../../src/model/route.ts'
import { createRouterClient } from '../../src/router/client.ts'
import { startReceivingServer } from '../page/receiving-server.ts'
import { newFolder, type Served, type ServeOptions, serve } from '../scenario/served.ts'
import { childPid, expectStoredOnce, startLoad } from './acknowledged-load.ts'
import { alertsWith, exportSpans, restart, startTraffic, waitFor } from './crash-fleet.ts'

// The compiled server as a whole, killed without a chance to say goodbye, while real routers go on.

function ended(served: Served): Served {
  onTestFinished(async () => {
    if (served.child.exitCode === null && served.child.signalCode === null) await served.end()
  })
  return served
}
const start = async (options: ServeOptions) => ended(await serve(options))

async function read<T>(served: Served, path: string): Promise<T> {
  const answer = await served.get(path)
  expect([path, answer.status]).toEqual([path, 200])
  return (await answer.json()) as T
}
const route = (served: Served) => read<RouteView>(served, '/api/v1/routes/preview')
const inState = (served: Served, state: string) =>
  waitFor(`state ${state}`, async () => {
    const view = await route(served)
    return view.state === state && view
  })

interface Incident {
  readonly id: string
  readonly route?: string
  readonly state: string
  readonly acknowledged_at?: string
}
const incidents = async (served: Served) =>
  (await read<{ items: Incident[] }>(served, '/api/v1/incidents')).items

async function startHook() {
  const hook = await startReceivingServer()
  onTestFinished(() => hook.close())
  /** Levels that were paged for the first time or again, in order. */
  const paged = () =>
    hook.seen.flatMap(({ text }) => {
      const { type, data } = JSON.parse(text) as { type: string; data: Record<string, string> }
      return type === 'incident.opened' ? [`${data.level} ${data.id}`] : []
    })
  return { ...hook, paged }
}

async function subscribedRouter(served: Served) {
  const client = createRouterClient({
    router: 'router-1',
    routes: { preview: { primary: 'cloud-eu', fallbacks: ['edge-local'] } },
    stateFile: join(newFolder(), 'state.json'),
    controllerUrl: served.addresses.http,
    webhook: { port: 0, secrets: [] },
  })
  await client.start()
  onTestFinished(() => client.stop())
  const url = `http://127.0.0.1:${client.webhookPort}/hook`
  const answer = await served.post('/api/v1/subscriptions', { url, router: 'router-1' })
  const { id, secret } = (await answer.json()) as { id: string; secret: string }
  client.setSecrets([secret])
  return { client, id }
}

test('killed on fallback, it goes on where it was: same state, subscription, incident, no second page', async () => {
  const hook = await startHook()
  const alertsDir = alertsWith({ hook: hook.url })
  const first = await start({ alertsDir })
  const { client, id } = await subscribedRouter(first)
  let isOutage = false
  const traffic = startTraffic({
    client,
    otlp: first.addresses.otlp_http,
    isDown: (target) => isOutage && target === 'cloud-eu',
  })
  onTestFinished(() => traffic.stop())
  await waitFor('first spans', async () => traffic.targets.length > 50)
  isOutage = true
  const before = await inState(first, 'fallback')
  expect(before.routers).toMatchObject([{ router: 'router-1', observed: { epoch: 1 } }])
  const verified = await waitFor('the third witness', async () => {
    const { proof } = await route(first)
    return proof.verified_at !== null && proof
  })
  expect(verified.observed_at).not.toBeNull()
  const [incident] = await incidents(first)
  await waitFor('the page', async () => hook.paged().length === 1)

  await first.end('SIGKILL')
  const doneCount = traffic.targets.length
  await waitFor('traffic while it is down', async () => traffic.targets.length > doneCount + 50)
  const whileDown = traffic.targets.slice(doneCount)
  const onFallback = whileDown.filter((target) => target === 'edge-local').length
  expect(onFallback / whileDown.length).toBeGreaterThan(0.9)

  const second = ended(await restart(first, alertsDir))
  const after = await route(second)
  expect(after).toMatchObject({
    state: 'fallback',
    epoch: before.epoch,
    generation: before.generation,
    incident: incident?.id,
  })
  const subscriptions = await read<{ items: { id: string }[] }>(second, '/api/v1/subscriptions')
  expect(subscriptions.items.map((one) => one.id)).toEqual([id])
  await waitFor('the router to be heard again', async () => {
    const [router] = (await route(second)).routers
    return router?.observed?.generation === before.generation && router.last_seen !== null
  })
  // A change after the restart reaches it by the old subscription, under its old secret.
  const held = await second.post(
    '/api/v1/routes/preview/actions',
    {
      action: 'force',
      target: 'cloud-eu',
      reason: 'test',
      ttl_s: 600,
      override: ['S1', 'S8', 'S12'],
    },
    { 'if-match': `"${after.epoch}.${after.generation}"` },
  )
  expect([held.status, await held.text()]).toEqual([200, expect.anything()])
  const { generation } = await route(second)
  expect(generation).toBeGreaterThan(before.generation)
  await waitFor('the delivery', async () => {
    const { items } = await read<{ items: { generation: number; state: string }[] }>(
      second,
      '/api/v1/deliveries',
    )
    return items.some((one) => one.generation === generation && one.state === 'observed')
  })
  expect((await incidents(second)).map((one) => one.id)).toEqual([incident?.id])
  expect(hook.paged()).toEqual([`L1 ${incident?.id}`])
  const report = await read<{ headline: Record<string, { value: number }> }>(
    second,
    `/api/v1/incidents/${incident?.id}/report`,
  )
  expect(report.headline.requests_failed?.value).toBeGreaterThan(10)
})

test('a page timer survives the kill: L2 after ack_within, and nobody after the acknowledgement', async () => {
  const hook = await startHook()
  const alertsDir = alertsWith({ hook: hook.url, ackWithin: '3s' })
  const first = await start({ alertsDir })
  await fail(first.addresses.otlp_http)
  await waitFor('L1', async () => hook.paged().length === 1)
  await first.end('SIGKILL')

  const second = ended(await restart(first, alertsDir))
  await waitFor('L2', async () => hook.paged().length === 2)
  const [incident] = await incidents(second)
  expect(hook.paged()).toEqual([`L1 ${incident?.id}`, `L2 ${incident?.id}`])
  const answer = await second.post(`/api/v1/incidents/${incident?.id}/ack`)
  expect(answer.status).toBe(200)
  // L2 would be repeated after ack_within: nothing can be awaited that must not come.
  await sleep(4_000)
  expect(hook.paged()).toHaveLength(2)
})

test('its database killed under load: routes are still moved, and nothing is lost or doubled', async () => {
  const hook = await startHook()
  const served = await start({ alertsDir: alertsWith({ hook: hook.url }) })
  const acknowledged = new Set<string>()
  const load = startLoad(served.addresses.otlp_http, acknowledged)
  await waitFor('load', async () => acknowledged.size > 500)
  const database = childPid(served.child.pid)
  process.kill(database, 'SIGKILL')
  await fail(served.addresses.otlp_http)
  await waitFor(
    'a move without a database',
    async () => (await route(served)).generation > 1,
    5_000,
  )
  await waitFor('load after the kill', async () => acknowledged.size > 1_500)
  await load.stop()
  expect(load.refusedCount).toBe(0)
  expect(childPid(served.child.pid)).not.toBe(database)
  await expectStoredOnce(served, acknowledged)
})

const ROUTER = `
import { createRouterClient } from ${JSON.stringify(resolve('dist/router/client.js'))}
const [, , stateFile, controllerUrl] = process.argv
const client = createRouterClient({
  router: 'router-2', stateFile, controllerUrl,
  routes: { preview: { primary: 'cloud-eu', fallbacks: ['edge-local'] } },
})
const tell = () => process.send(client.pick({ route: 'preview', retryable: false }))
tell()
await client.start()
setInterval(tell, 50)
`

test('a router killed during fallback serves the fallback from its file at once, nobody else being there', async () => {
  const served = await start({ alertsDir: alertsWith({ hook: 'http://127.0.0.1:9/' }) })
  const folder = newFolder()
  writeFileSync(join(folder, 'router.mjs'), ROUTER)
  const startRouter = () => {
    const args = [join(folder, 'state.json'), served.addresses.http]
    const child = fork(join(folder, 'router.mjs'), args, { stdio: 'inherit' })
    onTestFinished(() => void child.kill('SIGKILL'))
    const picks: { target: string; generation: string }[] = []
    child.on('message', (pick) => picks.push(pick as never))
    return { child, picks }
  }
  const router = startRouter()
  await waitFor('the first pick', async () => router.picks.length > 0)
  expect(router.picks[0]).toMatchObject({ target: 'cloud-eu', generation: '0.0' })
  await fail(served.addresses.otlp_http)
  const fallback = await waitFor('the router to follow', async () => {
    const pick = router.picks.at(-1)
    return pick?.target === 'edge-local' && pick
  })
  await served.end('SIGKILL')
  router.child.kill('SIGKILL')
  await once(router.child, 'exit')
  const again = startRouter()
  await waitFor('the first pick', async () => again.picks.length > 0)
  expect(again.picks[0]).toMatchObject({ target: 'edge-local', generation: fallback.generation })
})

/** A total failure of the primary, as one export says it. */
async function fail(otlp: string): Promise<void> {
  const attributes = { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' }
  const spans = Array.from({ length: 60 }, (_, index) => ({
    name: 'POST /render',
    kind: 'client' as const,
    startMs: Date.now() - 300 - index,
    attributes,
    error: 'inference_failed_internal_server_error',
  }))
  const isMoved = async () => {
    expect(await exportSpans(otlp, spans)).toBe(true)
    return true
  }
  await waitFor('the failure to be heard', isMoved)
}
