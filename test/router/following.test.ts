import { expect, onTestFinished, test } from 'vitest'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import type { StateData } from '../../src/model/desired.ts'
import type { RouterClientOptions } from '../../src/router/client.ts'
import type { RouterEvent } from '../../src/router/router-event.ts'
import { type FakeController, startController, until } from './controller.ts'
import { document, push, startClient } from './fakes.ts'

const newer = (more: Partial<StateData> = {}) =>
  document({ generation: 3, version: 11, targets: [{ target: 'cloud-eu', weight: 1 }], more })

async function follow(
  prepare: (controller: FakeController) => void = () => {},
  options: Partial<RouterClientOptions> = {},
) {
  const clock = createTurnedClock()
  const controller = await startController(document())
  prepare(controller)
  const events: RouterEvent[] = []
  const client = startClient({
    clock,
    controllerUrl: controller.url,
    onEvent: (event) => events.push(event),
    random: () => 0.5,
    ...options,
  })
  onTestFinished(() => client.stop())
  await client.start()
  const pair = () => client.status().observed.preview?.generation ?? 0
  const has = (kind: string) => events.some((event) => event.kind === kind)
  return { clock, controller, client, events, pair, has }
}

test('a start reads the state before anything else', async () => {
  const { pair, controller } = await follow()
  expect(pair()).toBe(2)
  expect(controller.reads[0]).toEqual({ query: '', etag: undefined })
})

test('the stream heals a push that never came', async () => {
  const { controller, pair } = await follow()
  await until(() => controller.streams.size === 1)
  controller.emit('state', newer())
  await until(() => pair() === 3)
})

test('a heartbeat with a newer pair makes it read', async () => {
  const { controller, pair } = await follow()
  await until(() => controller.streams.size === 1)
  controller.data = newer()
  controller.emit('heartbeat', { version: 11, pairs: { preview: { epoch: 1, generation: 3 } } })
  await until(() => pair() === 3)
})

test('a stream without heartbeat for 6 s is opened again, and its snapshot heals', async () => {
  const { clock, controller, pair, has, events } = await follow()
  await until(() => controller.streams.size === 1 && has('stream'))
  const down = () => events.some((event) => event.kind === 'stream' && event.state === 'down')
  while (!down()) await clock.turnAsync(100)
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(6_000)
  controller.data = newer()
  while (pair() < 3) await clock.turnAsync(100)
})

test('the poll asks every 5 s with the last ETag', async () => {
  const { clock, controller, has } = await follow()
  await until(() => has('stream'))
  while (!controller.reads.some(({ etag }) => etag === '"1.10"')) {
    await clock.turnAsync(100)
    controller.emit('heartbeat', { version: 10, pairs: {} })
  }
})

test('without a stream it long-polls', async () => {
  const { clock, controller, pair } = await follow((one) => {
    one.isStreaming = false
  })
  while (!controller.reads.some(({ query }) => query === '?wait=25s&since=10')) {
    await clock.turnAsync(100)
  }
  controller.data = newer()
  // The waiting poll ends by its deadline here; the next one sees the newer version.
  while (pair() < 3) await clock.turnAsync(500)
})

test('a status goes out every second, and its answer tells of a newer version', async () => {
  const { clock, controller, client, pair } = await follow((one) => {
    one.isStreaming = false
  })
  const end = client.attemptStarted({ route: 'preview', target: 'edge-local' })
  client.attemptStarted({ route: 'preview', target: 'edge-local' })('failed')
  await until(() => controller.statuses.length === 1)
  expect(controller.statuses[0]).toMatchObject({ observed: { preview: { generation: 2 } } })
  // A tick is skipped while the last status is still on its way.
  const told = () => controller.statuses.find(({ routes }) => routes.preview)
  while (!told()) await clock.turnAsync(1_000)
  end('ok')
  end('failed')
  expect(told()).toMatchObject({
    clock: expect.stringMatching(/^2026-01-11T14:00:0[1-9].000Z$/),
    observed: { preview: { epoch: 1, generation: 2 } },
    routes: {
      preview: {
        targets: {
          'edge-local': {
            started: 2,
            ok: 0,
            failed: 1,
            rejected: 0,
            cancelled: 0,
            inflight: 1,
            oldest_ms: expect.any(Number),
          },
        },
      },
    },
  })
  expect(client.status().routes.preview?.targets['edge-local']).toMatchObject({
    ok: 1,
    failed: 1,
    inflight: 0,
    oldest_ms: 0,
  })
  controller.data = newer()
  while (pair() < 3) await clock.turnAsync(1_000)
})

test('an old document from any channel changes nothing', async () => {
  const { client, controller, clock, pair } = await follow()
  client.handleWebhook(push(clock, newer()))
  await until(() => controller.streams.size === 1)
  controller.emit('state', document())
  controller.emit('state', newer({ version: 12 }))
  await until(() => client.state().version === 12)
  expect(pair()).toBe(3)
})

test('a late push is not applied but makes it read the state', async () => {
  const { client, controller, clock, pair, has } = await follow()
  controller.data = newer()
  const not_after = new Date(clock.nowMs() - 1).toISOString()
  client.handleWebhook(push(clock, newer({ generation: 9, not_after })))
  expect(has('expired')).toBe(true)
  await until(() => pair() === 3)
})

test('a heartbeat webhook that speaks of a newer pair makes it read', async () => {
  const { client, controller, clock, pair } = await follow()
  controller.data = newer()
  const pairs = { preview: { epoch: 1, generation: 3 } }
  const beat = push(clock, { version: 11, pairs }, { type: 'failover.heartbeat.v1' })
  expect(client.handleWebhook(beat).status).toBe(200)
  await until(() => pair() === 3)
})

test('when the controller is lost the last state is held, and it is heard again', async () => {
  const { client, controller, clock, events, has } = await follow()
  await until(() => has('stream'))
  controller.isAlive = false
  for (const stream of controller.streams) stream.destroy()
  while (!has('controller_lost')) await clock.turnAsync(1_000)
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(30_000)
  expect(client.pick({ route: 'preview', retryable: true })).toMatchObject({
    target: 'edge-local',
    generation: '1.2',
  })
  controller.isAlive = true
  while (!has('controller_back')) await clock.turnAsync(500)
  expect(events.filter((event) => event.kind === 'controller_lost').length).toBe(1)
})

test('it reverts only onto a primary that it finds healthy itself', async () => {
  const revert = { on_controller_loss: { after_s: 10, then: 'revert' as const } }
  const { client, controller, clock, has } = await follow((one) => {
    one.data = document({ more: revert })
  })
  await until(() => has('stream'))
  controller.isAlive = false
  for (const stream of controller.streams) stream.destroy()
  while (!has('controller_lost')) await clock.turnAsync(1_000)
  const target = () => client.pick({ route: 'preview', retryable: true })
  const attempts = (count: number, outcome: 'ok' | 'failed') => {
    for (let i = 0; i < count; i++) {
      client.attemptStarted({ route: 'preview', target: 'cloud-eu' })(outcome)
    }
  }
  await clock.turnAsync(1_000)
  expect(target().target).toBe('edge-local')
  attempts(3, 'ok')
  await clock.turnAsync(1_000)
  expect(target()).toMatchObject({ target: 'cloud-eu', generation: '0.0' })
  attempts(10, 'failed')
  await clock.turnAsync(1_000)
  expect(target()).toMatchObject({ target: 'edge-local', generation: '1.2' })
})
