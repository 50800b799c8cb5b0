import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ReceivingServer, startReceivingServer } from './receiving-server.ts'
import { createWorld, idle, startPager, until } from './start-pager.ts'

const MINUTE = 60_000
let first: ReceivingServer
let second: ReceivingServer
beforeEach(async () => {
  first = await startReceivingServer()
  second = await startReceivingServer()
})
afterEach(async () => {
  await first.close()
  await second.close()
})

const file = (extra = '') => `
schema: signalbox.oncall/v1
receivers:
  - { name: one, webhook: { url: "${first.url}" } }
  - { name: two, webhook: { url: "${second.url}" } }
  - { name: off, slack: { url: { env: NOT_SET } } }
  - { name: am, alertmanager: { url: "${first.url}" } }
levels:
  - { name: L1, notify: [one, two], ack_within: 5m }
  - { name: ONE, notify: [one], ack_within: 5m }
  - { name: OFF, notify: [off], ack_within: 5m }
  - { name: L2, notify: [two] }
  - { name: AM, notify: [am] }
chains: { both: [L1, L2], one: [ONE, L2], off: [OFF, L2], am: [AM] }
routes:
  - { match: { team: one }, chain: one }
  - { match: { team: off }, chain: off }
  - { match: { team: am }, chain: am }
  - { chain: both }
${extra}`

test.for([
  { answer: { status: 400 }, waitMs: 0, why: 'refused for good' },
  {
    answer: { status: 429, headers: { 'retry-after': '3600' } },
    waitMs: 0,
    why: 'asked to wait an hour',
  },
  { answer: 'hang', waitMs: 10_500, why: 'not accepted within 10 s' },
] as const)('the second receiver is used: the first was $why', async ({ answer, waitMs }) => {
  first.answer(answer)
  const page = await startPager(file())
  page.open()
  await first.received(1)
  for (let ms = 0; ms < waitMs; ms += 500) await page.clock.turnAsync(500)
  await page.viewed(2)
  expect(page.said()).toEqual(['L1 one opened failed', 'L1 two opened delivered'])
})

test('a disabled receiver is passed over, and a level with none of its own tells the next', async () => {
  const page = await startPager(file())
  page.open({ labels: { team: 'off' } })
  await page.viewed(1)
  await page.clock.turnAsync(2_000)
  await page.viewed(2)
  expect(page.said()).toEqual(['OFF off opened disabled', 'L2 two opened delivered'])
})

test('a pager that is down for a while gets the page late, under the same id', async () => {
  first.answer({ status: 503 })
  const page = await startPager(file())
  page.open({ labels: { team: 'one' } })
  await page.viewed(0)
  for (let s = 0; s < 60; s++) await page.clock.turnAsync(1_000)
  first.answer({ status: 200 })
  for (let s = 0; s < 90; s++) await page.clock.turnAsync(1_000)
  expect(page.said().filter((one) => one.startsWith('ONE'))).toEqual([
    'ONE one opened failed',
    'ONE one opened delivered',
  ])
  expect(page.said()).toContain('L2 two opened delivered')
  expect(new Set(first.seen.map((one) => one.headers['webhook-id'])).size).toBe(1)
})

test('pages undelivered for 15 minutes become one digest: 40 min of 429, then no flood', async () => {
  first.answer({ status: 429 })
  const page = await startPager(file())
  for (let i = 1; i <= 8; i++) page.open({ id: `inc_${i}`, labels: { team: 'one' } })
  for (let m = 0; m < 40 * 6; m++) await page.clock.turnAsync(10_000)
  const beforeCount = first.seen.length
  first.answer({ status: 200 })
  for (let m = 0; m < 12; m++) await page.clock.turnAsync(10_000)
  await idle()
  const after = first.bodies().slice(beforeCount)
  expect(after).toHaveLength(1)
  expect(after[0]).toMatchObject({
    type: 'incident.opened',
    data: { headline: '8 pages could not be delivered until now.' },
  })
  expect(page.said().filter((one) => one === 'ONE one opened delivered')).toHaveLength(8)
})

test('a silence holds pages back and writes it down; when it ends, what is open is told', async () => {
  const page = await startPager(file())
  page.pager.silences.create({
    matchers: { route: 'preview', severity: ['critical', 'error'] },
    owner: 'ana',
    reason: 'load test',
    ends_at: new Date(page.clock.nowMs() + 10 * MINUTE).toISOString(),
  })
  page.open()
  await page.viewed(1)
  page.clock.turn(9 * MINUTE)
  await idle()
  expect(page.said()).toEqual(['L1 one opened muted'])
  expect(page.views[0]?.error).toMatch(/^silenced by ana until .*: load test$/)
  page.clock.turn(2 * MINUTE)
  await page.viewed(2)
  expect(page.said().at(-1)).toBe('L1 one opened delivered')
})

test('silences survive a restart, end by themselves, and can be taken back', async () => {
  const world = createWorld()
  const before = await startPager(file(), world)
  const silence = (minutes: number) =>
    before.pager.silences.create({
      matchers: { route: 'preview' },
      owner: 'ana',
      reason: '',
      ends_at: new Date(world.clock.nowMs() + minutes * MINUTE).toISOString(),
    })
  const short = silence(1)
  const long = silence(60)
  const { silences } = (await startPager(file(), world)).pager
  expect(silences.list().map((one) => one.id)).toEqual([short.id, long.id])
  world.clock.turn(2 * MINUTE)
  expect(silences.list().map((one) => one.id)).toEqual([long.id])
  expect(silences.remove(long.id)).toBe(true)
  expect(silences.remove(long.id)).toBe(false)
  expect(world.store.list('silence/')).toEqual([])
})

test('the end is told to those who know of it, silence or not', async () => {
  const page = await startPager(file())
  page.open()
  await page.viewed(1)
  page.pager.silences.create({
    matchers: { route: 'preview' },
    owner: 'ana',
    reason: '',
    ends_at: new Date(page.clock.nowMs() + MINUTE).toISOString(),
  })
  page.resolve()
  await page.viewed(2)
  expect(page.said().at(-1)).toBe('L1 one resolved delivered')
})

test('a mute window of the file holds pages back until it ends', async () => {
  // 11 January 2026 is a Sunday; the page opens at 14:00 UTC.
  const mute =
    '{ match: { severity: critical }, days: [sun], from: "13:00", until: "15:00", reason: weekend }'
  const page = await startPager(file(`mute: [${mute}]`))
  page.open()
  await page.viewed(1)
  page.clock.turn(59 * MINUTE)
  await idle()
  expect(page.said()).toEqual(['L1 one opened muted'])
  page.clock.turn(2 * MINUTE)
  await page.viewed(2)
  expect(page.said().at(-1)).toBe('L1 one opened delivered')
})

test('Alertmanager is told again each minute until it is resolved', async () => {
  const page = await startPager(file())
  page.open({ labels: { team: 'am' } })
  await page.viewed(1)
  for (let count = 2; count <= 4; count++) {
    page.clock.turn(MINUTE)
    await first.received(count)
    await idle()
  }
  page.resolve()
  await page.viewed(2)
  page.clock.turn(10 * MINUTE)
  await idle()
  expect(first.seen).toHaveLength(5)
  expect(page.said()).toEqual(['AM am opened delivered', 'AM am resolved delivered'])
})

test('the dead-man ping goes out while paging lives, and has a deadline', async () => {
  const page = await startPager(file(`dead_man: { url: "${second.url}/ping", every: 30s }`))
  page.clock.turn(1_000)
  await second.received(1)
  expect(second.seen[0]).toMatchObject({ path: '/ping', body: { type: 'signalbox.alive' } })
  await until(() => page.pager.deadMan()?.last_ok_at !== null)
  expect(page.pager.deadMan()).toMatchObject({ last_error: null, every_ms: 30_000 })
  second.answer('hang')
  page.clock.turn(30_000)
  await second.received(2)
  page.clock.turn(5_000)
  await until(() => page.pager.deadMan()?.last_error !== null)
  expect(page.pager.deadMan()?.last_error).toBe('no answer within 5 s')
  second.answer({ status: 200 })
  page.clock.turn(26_000)
  await second.received(3)
})

test('a full disk does not keep pages from going out', async () => {
  const page = await startPager(file())
  page.store.breakDown(true)
  page.open()
  await page.viewed(1)
  page.store.breakDown(false)
  page.clock.turn(2_000)
  expect(page.store.list('page/')).toHaveLength(1)
  expect(page.said()).toEqual(['L1 one opened delivered'])
})
