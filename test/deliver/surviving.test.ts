import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { says } from './endpoint.ts'
import {
  SECRET,
  startDelivery,
  startServer,
  stateData,
  subscriber,
  until,
} from './start-delivery.ts'

test('after a restart only what is not observed is pushed anew, with the same id', async () => {
  const endpoint = await startServer()
  const routes = {
    preview: stateData(),
    export: stateData({ route: 'export', generation: 7, version: 9 }),
  }
  const fileSubscribers = [subscriber(endpoint.url)]
  const first = startDelivery({ fileSubscribers, routes })
  await first.delivery.start()
  await first.clock.turnAsync(0)
  await until(() => first.answers.length === 2)
  const idOf = (route: string) =>
    endpoint.received.find(({ data }) => data.route === route)?.headers['webhook-id']
  const exportId = idOf('export')
  first.delivery.observed({
    router: 'router-1',
    route: 'preview',
    pair: { epoch: 1, generation: 2 },
  })
  await first.clock.turnAsync(1_000)
  await first.close()

  endpoint.received.length = 0
  const second = startDelivery({ fileSubscribers, routes, file: first.file })
  await second.delivery.start()
  await second.clock.turnAsync(0)
  await until(() => second.answers.length === 1)
  expect(endpoint.received.map(({ data }) => data.route)).toEqual(['export'])
  expect(idOf('export')).toBe(exportId)
})

test('a subscription by API survives, is told at once, and its secret is shown once', async () => {
  const endpoint = await startServer()
  const routes = { preview: stateData() }
  const request = {
    url: endpoint.url,
    routes: ['preview'],
    events: ['failover.state.v1'] as const,
    router: 'router-9',
    resolve: 'one' as const,
  }
  const first = startDelivery({ routes })
  await first.delivery.start()
  const view = await first.delivery.create(request)
  expect(view.secret).toMatch(/^whsec_/)
  await first.clock.turnAsync(0)
  await until(() => first.answers.length === 1)
  expect(first.delivery.subscribedRouters('preview')).toEqual(['router-9'])
  expect(first.delivery.subscribedRouters('export')).toEqual([])
  await first.close()

  const second = startDelivery({ routes, file: first.file })
  expect(second.delivery.list()).toEqual([{ ...view, secret: undefined }].map(withoutSecret))
  const rotated = second.delivery.rotateSecret(view.id)
  expect(rotated?.secret).not.toBe(view.secret)
  second.delivery.push(stateData({ version: 11, generation: 3 }))
  await second.clock.turnAsync(0)
  await until(() => second.answers.length === 1)
  const { headers } = endpoint.received.at(-1)!
  expect(String(headers['webhook-signature']).split(' ').length).toBe(2)
  expect(second.delivery.remove(view.id)).toBe(true)
  expect(second.delivery.list()).toEqual([])
})

function withoutSecret<T extends { secret?: unknown }>({ secret: _, ...rest }: T) {
  return rest
}

test('410 ends the subscription, tells a person, and stays ended until the URL changes', async () => {
  const endpoint = await startServer(says(410))
  const { delivery, clock, problems, file, close } = startDelivery()
  const { id } = await delivery.create({
    url: endpoint.url,
    routes: ['*'],
    events: ['failover.state.v1'],
    router: 'router-1',
    resolve: 'one',
  })
  delivery.push(stateData())
  await clock.turnAsync(0)
  await until(() => problems.length === 1)
  expect(problems[0]).toContain('410')
  expect(delivery.deliveries()[0]?.state).toBe('dead')
  expect(delivery.get(id)?.disabled_at).toBeDefined()
  await clock.turnAsync(60_000)
  delivery.push(stateData({ version: 11, generation: 3 }))
  await clock.turnAsync(1_000)
  expect(endpoint.received.length).toBe(1)
  await close()

  const routes = { preview: stateData({ version: 11, generation: 3 }) }
  const second = startDelivery({ file, routes })
  await second.delivery.start()
  expect(second.delivery.subscribedRouters('preview')).toEqual([])
  const other = await startServer()
  await second.delivery.patch(id, { url: other.url })
  await second.clock.turnAsync(0)
  await until(() => second.answers.length === 1)
  expect(second.delivery.get(id)?.disabled_at).toBeUndefined()
})

test('heartbeats carry the signed pairs every 2 s to whoever asks', async () => {
  const endpoint = await startServer(says(200, '{}'))
  const { delivery, clock } = startDelivery({
    routes: { preview: stateData() },
    fileSubscribers: [subscriber(endpoint.url, { events: ['failover.heartbeat.v1'] })],
  })
  await delivery.start()
  await clock.turnAsync(2_000)
  await until(() => endpoint.received.length === 1)
  const { headers, rawBody } = endpoint.received[0]!
  expect(JSON.parse(rawBody)).toEqual({
    type: 'failover.heartbeat.v1',
    timestamp: '2026-01-11T14:00:02.000Z',
    data: { version: 10, pairs: { preview: { epoch: 1, generation: 2 } } },
  })
  const signed = new Webhook(SECRET).sign(
    String(headers['webhook-id']),
    new Date(clock.nowMs()),
    rawBody,
  )
  expect(headers['webhook-signature']).toBe(signed)
})

test('a test push is a dry run, and says what came back', async () => {
  const endpoint = await startServer()
  const { delivery } = startDelivery({
    routes: { preview: stateData() },
    fileSubscribers: [subscriber(endpoint.url)],
  })
  const { id } = delivery.list()[0]!
  expect(await delivery.test(id)).toMatchObject({
    ok: true,
    status: 200,
    observed: { epoch: 1, generation: 2 },
  })
  expect(endpoint.received[0]?.data.dry_run).toBe(true)
  expect(delivery.deliveries()).toEqual([])
})

test('a reload tells who is new and forgets who is gone', async () => {
  const [one, two] = [await startServer(), await startServer()]
  const { delivery, clock, answers } = startDelivery({
    routes: { preview: stateData() },
    fileSubscribers: [subscriber(one.url)],
  })
  await delivery.start()
  await clock.turnAsync(0)
  await until(() => answers.length === 1)
  delivery.reload([subscriber(two.url, { router: 'router-2' })])
  await clock.turnAsync(0)
  await until(() => answers.length === 2)
  delivery.push(stateData({ version: 11, generation: 3 }))
  await clock.turnAsync(0)
  await until(() => answers.length === 3)
  expect([one.received.length, two.received.length]).toEqual([1, 2])
  expect(delivery.subscribedRouters('preview')).toEqual(['router-2'])
})

test('a redelivery sends what is current, not what was', async () => {
  const endpoint = await startServer()
  const { delivery, clock, answers } = startDelivery({
    fileSubscribers: [subscriber(endpoint.url)],
  })
  delivery.push(stateData())
  await clock.turnAsync(0)
  await until(() => answers.length === 1)
  const { id } = delivery.deliveries()[0]!
  delivery.push(stateData({ version: 11, generation: 3 }))
  await clock.turnAsync(0)
  await until(() => answers.length === 2)
  expect(delivery.redeliver(id)).toBe(true)
  await until(() => answers.length === 3)
  expect(endpoint.received.at(-1)?.data.version).toBe(11)
  expect(delivery.redeliver('msg_unknown')).toBe(false)
})
