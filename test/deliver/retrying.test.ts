import { expect, test } from 'vitest'
import { type Endpoint, says } from './endpoint.ts'
import { startDelivery, startServer, stateData, subscriber, until } from './start-delivery.ts'

/** When each push was sent, by its own timestamp, in ms since the test began. */
const sendTimes = ({ received }: Endpoint) =>
  received.map(
    ({ rawBody }) => Date.parse(JSON.parse(rawBody).timestamp) - Date.UTC(2026, 0, 11, 14),
  )

/** Turns in steps of 50 ms, and gives real sockets a moment at each. */
async function turn({ clock }: Pick<ReturnType<typeof startDelivery>, 'clock'>, byMs: number) {
  for (let ms = 0; ms < byMs; ms += 50) {
    await clock.turnAsync(50)
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  }
}

test('attempts are made at the urgent times, then every 30 s', async () => {
  const endpoint = await startServer(says(503))
  const started = startDelivery({ fileSubscribers: [subscriber(endpoint.url)] })
  started.delivery.push(stateData())
  await turn(started, 12_000)
  expect(sendTimes(endpoint)).toEqual([0, 250, 600, 1_200, 2_500, 5_000, 10_000])
  await turn(started, 60_000)
  expect(sendTimes(endpoint).slice(7)).toEqual([40_000, 70_000])
})

test('an answer with the current pair makes the rest patient, a second witness ends it', async () => {
  const endpoint = await startServer()
  const started = startDelivery({ fileSubscribers: [subscriber(endpoint.url)] })
  const { delivery, answers, clock } = started
  delivery.push(stateData())
  await clock.turnAsync(0)
  await until(() => answers.length === 1)
  expect(answers[0]).toMatchObject({
    router: 'router-1',
    route: 'preview',
    observed: { epoch: 1, generation: 2 },
    clockOffsetMs: 2_000,
  })
  expect(delivery.deliveries()[0]?.state).toBe('answered')
  await clock.turnAsync(29_000)
  expect(endpoint.received.length).toBe(1)
  await clock.turnAsync(1_000)
  await until(() => answers.length === 2)
  delivery.observed({ router: 'router-1', route: 'preview', pair: { epoch: 1, generation: 2 } })
  expect(delivery.deliveries()[0]?.state).toBe('observed')
  await clock.turnAsync(120_000)
  expect(endpoint.received.length).toBe(2)
})

test('an answer with an older pair does not end the urgent phase', async () => {
  const endpoint = await startServer(says(200, '{"observed":{"epoch":1,"generation":1}}'))
  const started = startDelivery({ fileSubscribers: [subscriber(endpoint.url)] })
  started.delivery.push(stateData())
  await turn(started, 700)
  expect(endpoint.received.length).toBe(3)
  expect(started.delivery.deliveries()[0]).toMatchObject({
    state: 'pending',
    attempts: [{ status: 200, error: 'OLDER_PAIR 1.1' }, {}, {}],
  })
  expect(started.answers[0]).toMatchObject({ observed: { epoch: 1, generation: 1 } })
})

test('only the latest state is brought; the superseded one is closed', async () => {
  const endpoint = await startServer(says(503))
  const started = startDelivery({ fileSubscribers: [subscriber(endpoint.url)] })
  const { delivery } = started
  delivery.push(stateData())
  await turn(started, 300)
  delivery.push(stateData({ generation: 3, version: 11 }))
  const before = endpoint.received.length
  await turn(started, 3_000)
  const after = endpoint.received.slice(before).map(({ data }) => data.version)
  expect(new Set(after)).toEqual(new Set([11]))
  expect(delivery.deliveries().map(({ version, state }) => [version, state])).toEqual([
    [11, 'pending'],
    [10, 'superseded'],
  ])
  delivery.push(stateData())
  expect(delivery.deliveries().length).toBe(2)
})

test('at most three attempts are open at once, and each ends by its deadline', async () => {
  const endpoint = await startServer(() => {})
  const started = startDelivery({ fileSubscribers: [subscriber(endpoint.url)] })
  started.delivery.push(stateData())
  await turn(started, 950)
  expect(endpoint.received.length).toBe(3)
  await turn(started, 200)
  expect(started.delivery.deliveries()[0]?.attempts).toMatchObject([
    { error: 'TIMEOUT', duration_ms: 1_000 },
  ])
})

test('a dead endpoint does not delay the others', async () => {
  const [dead, live] = [await startServer(() => {}), await startServer()]
  const { delivery, clock, answers } = startDelivery({
    fileSubscribers: [
      subscriber(dead.url, { router: 'dead' }),
      subscriber(live.url, { router: 'live' }),
    ],
  })
  delivery.push(stateData())
  await clock.turnAsync(0)
  await until(() => answers.length === 1)
  expect(answers[0]).toMatchObject({ router: 'live', sentUnixMs: clock.nowMs() })
})

test('of a hundred routers the five dead ones keep nobody waiting', async () => {
  const endpoint = await startServer()
  const dead = await startServer(() => {})
  const fileSubscribers = Array.from({ length: 100 }, (_, i) => {
    const url = i % 20 === 0 ? dead.url : endpoint.url
    return subscriber(`${url}?router=${i}`, { router: `router-${i}` })
  })
  const { delivery, clock, answers } = startDelivery({ fileSubscribers })
  delivery.push(stateData())
  // Time stands still from here on: whoever had to wait for anything would never be told.
  await clock.turnAsync(0)
  await until(() => answers.length === 95)
  expect(new Set(answers.map(({ router }) => router)).size).toBe(95)
})

test('a router that reports an older pair again is told again', async () => {
  const endpoint = await startServer()
  const { delivery, clock, answers } = startDelivery({
    fileSubscribers: [subscriber(endpoint.url)],
  })
  const report = (generation: number) =>
    delivery.observed({ router: 'router-1', route: 'preview', pair: { epoch: 1, generation } })
  delivery.push(stateData())
  await clock.turnAsync(0)
  await until(() => answers.length === 1)
  report(2)
  // Late news of the time before is no reason.
  report(1)
  await clock.turnAsync(29_000)
  expect(endpoint.received.length).toBe(1)
  await clock.turnAsync(1_000)
  report(1)
  await clock.turnAsync(0)
  await until(() => answers.length === 2)
  expect(delivery.deliveries()[0]?.state).toBe('answered')
})

test('a Retry-After does not delay the urgent phase, and later at most a minute', async () => {
  const endpoint = await startServer(says(429, '', { 'retry-after': '86400' }))
  const started = startDelivery({ fileSubscribers: [subscriber(endpoint.url)] })
  started.delivery.push(stateData())
  await turn(started, 71_000)
  expect(sendTimes(endpoint)).toEqual([0, 250, 600, 1_200, 2_500, 5_000, 10_000, 70_000])
})

test('a router with traffic that does not observe is a problem after 10 s, once', async () => {
  const endpoint = await startServer()
  const active = new Set<string>()
  const started = startDelivery({
    fileSubscribers: [subscriber(endpoint.url)],
    routerActive: (_, router) => active.has(router),
  })
  started.delivery.push(stateData())
  await turn(started, 11_000)
  expect(started.problems).toEqual([])
  active.add('router-1')
  await turn(started, 60_000)
  expect(started.problems).toEqual(['router-1 has not observed preview 1.2 for 30 s'])
})

test('a change of shares is over when it is answered', async () => {
  const endpoint = await startServer()
  const { delivery, clock, answers } = startDelivery({
    fileSubscribers: [subscriber(endpoint.url)],
  })
  const pair = { epoch: 1, generation: 2 }
  delivery.push(stateData())
  await clock.turnAsync(0)
  await until(() => answers.length === 1)
  delivery.observed({ router: 'router-1', route: 'preview', pair })
  delivery.push(stateData({ version: 11 }))
  // The pair was in force before: a status says nothing about the new shares.
  delivery.observed({ router: 'router-1', route: 'preview', pair })
  expect(delivery.deliveries()[0]).toMatchObject({ version: 11, state: 'pending' })
  await clock.turnAsync(0)
  await until(() => answers.length === 2)
  await until(() => delivery.deliveries()[0]?.state === 'observed')
})
