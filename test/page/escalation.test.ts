import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStateStore } from '../../src/store/state-store.ts'
import { type ReceivingServer, startReceivingServer } from './receiving-server.ts'
import { createWorld, idle, startPager } from './start-pager.ts'

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
  - { name: watched, escalates: true, webhook: { url: "${first.url}" } }
levels:
  - { name: L1, notify: [one], ack_within: 5m }
  - { name: L2, notify: [two], ack_within: 10m, repeat: 3 }
  - { name: PD, notify: [watched], ack_within: 5m }
chains: { serving: [L1, L2], watched: [PD, L2] }
routes:
  - { match: { team: watched }, chain: watched }
  - { match: { severity: critical, mitigation: [partial, blocked, latched, unverified, none] }, chain: serving, start: [L1, L2] }
  - { match: { severity: critical }, chain: serving, start: [L1], wait_for_mitigation: 15s }
${extra}`

test('L1 is told at once, L2 after ack_within, then again three times', async () => {
  const page = await startPager(file())
  page.open()
  await page.viewed(1)
  expect(first.bodies()[0]).toMatchObject({
    type: 'incident.opened',
    data: { id: 'inc_1', headline: expect.stringMatching(/^Traffic moved to edge-local/) },
  })
  page.clock.turn(5 * MINUTE - 1_000)
  await idle()
  expect(page.views).toHaveLength(1)
  page.clock.turn(1_000)
  await page.viewed(2)
  for (let count = 3; count <= 5; count++) {
    page.clock.turn(10 * MINUTE)
    await page.viewed(count)
  }
  page.clock.turn(120 * MINUTE)
  await idle()
  expect(page.said()).toEqual([
    'L1 one opened delivered',
    ...Array(4).fill('L2 two opened delivered'),
  ])
})

test('acknowledging stops escalation and tells those who were paged; twice is harmless', async () => {
  const page = await startPager(file())
  page.open()
  await page.viewed(1)
  page.acknowledge()
  page.acknowledge()
  await page.viewed(2)
  page.clock.turn(120 * MINUTE)
  await idle()
  page.resolve()
  page.resolve()
  await page.viewed(3)
  page.clock.turn(MINUTE)
  await idle()
  expect(page.said()).toEqual([
    'L1 one opened delivered',
    'L1 one acknowledged delivered',
    'L1 one resolved delivered',
  ])
  expect(page.store.list('page/')).toEqual([])
})

test('acknowledged while the page is on its way: the receiver hears of both', async () => {
  first.answer('hang')
  const page = await startPager(file())
  page.open()
  await first.received(1)
  page.acknowledge()
  first.answer({ status: 200 })
  while (page.views.length < 2) await page.clock.turnAsync(100)
  page.clock.turn(30 * MINUTE)
  await idle()
  expect(page.said()).toEqual(['L1 one opened delivered', 'L1 one acknowledged delivered'])
})

test('resolved before anybody was told is never told', async () => {
  const page = await startPager(file())
  page.open({ mitigation: 'pending' })
  page.clock.turn(5_000)
  page.resolve()
  page.clock.turn(MINUTE)
  await idle()
  expect(first.seen).toHaveLength(0)
})

test('a killed process goes on with the timer of the one before it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-page-'))
  const open = () => createStateStore({ file: join(folder, 'state.sqlite') })
  const disk = open()
  const world = createWorld()
  const before = await startPager(file(), { ...world, store: { ...world.store, ...disk } })
  before.open()
  await before.viewed(1)
  // Killed: its sweep ends, nothing is said, nothing is saved.
  await before.pager.stop()
  disk.close()
  world.clock.turn(4 * MINUTE)
  const diskAgain = open()
  const after = await startPager(file(), { ...world, store: { ...world.store, ...diskAgain } })
  world.clock.turn(MINUTE - 2_000)
  await idle()
  expect(second.seen).toHaveLength(0)
  world.clock.turn(3_000)
  await after.viewed(2)
  expect(after.said()).toEqual(['L1 one opened delivered', 'L2 two opened delivered'])
  await after.pager.stop()
  diskAgain.close()
  rmSync(folder, { recursive: true })
})

test('an incident that ended while nobody was running is told as ended', async () => {
  const world = createWorld()
  const before = await startPager(file(), world)
  before.open()
  await before.viewed(1)
  await before.pager.stop()
  const incident = world.incidents.get('inc_1')
  if (incident) world.incidents.set('inc_1', { ...incident, state: 'resolved' })
  const after = await startPager(file(), world)
  world.clock.turn(1_000)
  await after.viewed(2)
  expect(after.said().at(-1)).toBe('L1 one resolved delivered')
})

test.for([
  { mitigation: 'confirmed', afterMs: 0, told: ['L1'] },
  { mitigation: 'blocked', afterMs: 0, told: ['L1', 'L2'] },
  { mitigation: 'none', afterMs: 0, told: ['L1', 'L2'] },
  { mitigation: 'pending', afterMs: 14_000, told: [] },
  { mitigation: 'pending', afterMs: 16_000, told: ['L1'] },
] as const)('$mitigation after $afterMs ms tells $told', async ({ mitigation, afterMs, told }) => {
  const page = await startPager(file())
  page.open({ mitigation })
  page.clock.turn(afterMs)
  await page.viewed(told.length)
  expect(page.views.map((one) => one.level)).toEqual(told)
})

test('a mitigation that turns out partial wakes L2 at once and updates L1', async () => {
  const page = await startPager(file())
  page.open({ mitigation: 'pending' })
  page.clock.turn(3_000)
  page.change({ mitigation: 'confirmed' })
  await page.viewed(1)
  page.change({ mitigation: 'partial' })
  await page.viewed(3)
  expect(page.said().sort()).toEqual([
    'L1 one opened delivered',
    'L1 one updated delivered',
    'L2 two opened delivered',
  ])
})

test('a flapping mitigation is one update page in 30 s', async () => {
  const page = await startPager(file())
  page.open()
  await page.viewed(1)
  page.acknowledge()
  await page.viewed(2)
  for (let i = 0; i < 60; i++) {
    page.change({ mitigation: i % 2 ? 'confirmed' : 'partial' })
    page.clock.turn(1_000)
    await idle()
  }
  const updates = first.bodies().filter((body) => body.type === 'incident.updated')
  expect(updates.length).toBeGreaterThanOrEqual(1)
  expect(updates.length).toBeLessThanOrEqual(3)
})

test('a receiver that escalates by itself stops our timer', async () => {
  const page = await startPager(file())
  page.open({ labels: { team: 'watched' } })
  await page.viewed(1)
  page.clock.turn(60 * MINUTE)
  await idle()
  expect(page.said()).toEqual(['PD watched opened delivered'])
})

test('10,000 changes are one page per level', async () => {
  const page = await startPager(file())
  page.open({ mitigation: 'blocked' })
  for (let i = 0; i < 10_000; i++) page.change({ title: `oom ${i}`, user_impact: i / 10_000 })
  await page.viewed(2)
  page.clock.turn(4 * MINUTE)
  await idle()
  expect(first.seen).toHaveLength(1)
  expect(second.seen).toHaveLength(1)
})

test('an incident that no route matches is told to nobody; a reload may change that', async () => {
  const page = await startPager(file())
  page.open({ severity: 'warning' })
  page.clock.turn(MINUTE)
  await idle()
  expect(page.views).toHaveLength(0)
  page.reload(`${file()}  - { chain: serving }\n`)
  page.clock.turn(1_000)
  await page.viewed(1)
  expect(page.said()).toEqual(['L1 one opened delivered'])
})
