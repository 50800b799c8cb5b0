import { expect, test } from 'vitest'
import { transitionOf, verdictOf } from './fakes.ts'
import { startCorrelator } from './start-correlator.ts'

const MINUTE = 60_000

test('resolved after the quiet time on the primary, with exactly one closing change', async () => {
  const { correlator, clock, phases, closedRoutes, rows } = await startCorrelator()
  correlator.verdict(verdictOf(clock.nowMs()))
  correlator.transition(transitionOf(clock.nowMs(), { to: 'engaging' }))
  correlator.verdict(verdictOf(clock.nowMs(), { state: 'ok' }))
  clock.turn(10 * MINUTE)
  expect(correlator.list()[0]?.state).toBe('open')
  correlator.transition(transitionOf(clock.nowMs(), { from: 'ramping', to: 'primary' }))
  clock.turn(119_000)
  expect(correlator.list()[0]?.state).toBe('open')
  clock.turn(10 * MINUTE)
  expect(correlator.list()[0]?.state).toBe('resolved')
  expect(phases()).toEqual(['opened', 'resolved'])
  expect(closedRoutes).toEqual(['preview'])
  expect(rows.at(-1)).toMatchObject({ Phase: 'resolved', Route: 'preview', State: 'resolved' })
})

test.for([
  { last: { state: 'firing' }, resolved: false },
  { last: { state: 'unknown', effect: 'firing' }, resolved: false },
  { last: { state: 'insufficient', effect: 'firing' }, resolved: false },
  { last: { state: 'unknown', effect: 'ok' }, resolved: false },
  { last: { state: 'insufficient', effect: 'ok' }, resolved: false },
  { last: { state: 'ok' }, resolved: true },
] as const)(
  'firing, then $last.state ($last.effect): resolved $resolved',
  async ({ last, resolved }) => {
    const { correlator, clock } = await startCorrelator()
    correlator.verdict(verdictOf(clock.nowMs()))
    clock.turn(MINUTE)
    correlator.verdict(verdictOf(clock.nowMs(), last))
    clock.turn(10 * MINUTE)
    expect(correlator.list('resolved')).toHaveLength(resolved ? 1 : 0)
  },
)

test('telemetry that stops during the quiet time holds the incident open', async () => {
  const { correlator, clock } = await startCorrelator()
  correlator.verdict(verdictOf(clock.nowMs()))
  correlator.verdict(verdictOf(clock.nowMs(), { state: 'ok' }))
  clock.turn(MINUTE)
  correlator.verdict(verdictOf(clock.nowMs(), { state: 'unknown', effect: 'ok' }))
  clock.turn(60 * MINUTE)
  expect(correlator.list('open')).toHaveLength(1)
  correlator.verdict(verdictOf(clock.nowMs(), { state: 'ok' }))
  clock.turn(3 * MINUTE)
  expect(correlator.list('open')).toHaveLength(0)
})

test('a person closes it; the same breach does not open it again, a new one does', async () => {
  const { correlator, clock, phases } = await startCorrelator()
  const sinceUnixMs = clock.nowMs()
  correlator.verdict(verdictOf(sinceUnixMs))
  const id = correlator.list()[0]?.id ?? ''
  expect(correlator.resolve(id, 'ana')).toMatchObject({ state: 'resolved' })
  correlator.resolve(id, 'ben')
  clock.turn(MINUTE)
  correlator.verdict(verdictOf(clock.nowMs(), { sinceUnixMs }))
  expect(phases()).toEqual(['opened', 'resolved'])
  correlator.verdict(verdictOf(clock.nowMs(), { state: 'ok' }))
  correlator.verdict(verdictOf(clock.nowMs()))
  expect(phases()).toEqual(['opened', 'resolved', 'opened'])
  expect(correlator.list().map((one) => one.state)).toEqual(['open', 'resolved'])
})

test('acknowledging twice keeps the first; unknown ids are undefined', async () => {
  const { correlator, clock, phases } = await startCorrelator()
  correlator.verdict(verdictOf(clock.nowMs()))
  const id = correlator.list()[0]?.id ?? ''
  correlator.ack(id, 'ana')
  expect(correlator.ack(id, 'ben')).toMatchObject({ acknowledged_by: 'ana' })
  expect(phases()).toEqual(['opened', 'acknowledged'])
  expect(correlator.ack('inc_nothing', 'ana')).toBeUndefined()
  correlator.note(id, 'looking', 'ana')
  expect(correlator.addAction(id, 'restarted sd-eu-3', 'ana')?.timeline.slice(-3)).toMatchObject([
    { kind: 'ack', text: 'Acknowledged by ana' },
    { kind: 'note', text: 'looking', evidence: { by: 'ana' } },
    { kind: 'action', text: 'restarted sd-eu-3' },
  ])
})

test('after a restart the incident goes on, and quiet time is counted anew', async () => {
  const first = await startCorrelator()
  first.correlator.verdict(verdictOf(first.clock.nowMs()))
  first.correlator.page(first.correlator.list()[0]?.id ?? '', {
    at: '2026-01-11T14:00:00.000Z',
    level: 'L1',
    receiver: 'chat',
    phase: 'opened',
    outcome: 'delivered',
    attempts: 1,
  })
  first.correlator.verdict(verdictOf(first.clock.nowMs(), { state: 'ok' }))
  first.clock.turn(115_000)
  // No stop: the process is killed.
  const second = await startCorrelator({ store: first.store, clock: first.clock })
  expect(second.changes.map((one) => one.phase)).toEqual(['updated'])
  expect(second.correlator.list('open')[0]?.pages).toHaveLength(1)
  second.clock.turn(20_000)
  expect(second.correlator.list('open')).toHaveLength(1)
  second.clock.turn(120_000)
  expect(second.phases()).toEqual(['resolved'])
})

test('a full disk does not keep people from hearing of it', async () => {
  const { correlator, clock, store, phases } = await startCorrelator()
  store.breakDown(true)
  correlator.verdict(verdictOf(clock.nowMs()))
  expect(phases()).toEqual(['opened'])
  store.breakDown(false)
  clock.turn(2_000)
  expect(store.list('incident/')).toHaveLength(1)
})

test('10,000 verdicts of 5,000 groups stay one bounded incident with few writes', async () => {
  const { correlator, clock, store, changes } = await startCorrelator()
  for (let i = 0; i < 10_000; i++) {
    const by = { target: 'cloud-eu', worker: `w${i % 5_000}` }
    correlator.verdict(
      verdictOf(clock.nowMs(), { rule: 'oom', by, state: i % 3 ? 'firing' : 'ok' }),
    )
    if (i % 10 === 0) clock.turn(1)
  }
  expect(correlator.list()).toHaveLength(1)
  expect(correlator.list()[0]?.timeline.length).toBeLessThan(260)
  expect(changes.length).toBeLessThan(150)
  expect(store.commitCount()).toBeLessThan(200)
  expect(JSON.stringify(store.get(`incident/${correlator.list()[0]?.id}`)).length).toBeLessThan(
    200_000,
  )
})
