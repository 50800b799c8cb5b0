import { expect, test } from 'vitest'
import { transitionOf, verdictOf } from './fakes.ts'
import { startCorrelator } from './start-correlator.ts'

const texts = (incident: { timeline: readonly { text: string }[] } | undefined) =>
  incident?.timeline.map((row) => row.text) ?? []

test('a firing critical rule opens one incident for its route, under the id of decide', async () => {
  const { correlator, clock, changes } = await startCorrelator({
    routeIncident: () => 'inc_decide',
  })
  correlator.verdict(verdictOf(clock.nowMs() - 3_000))
  correlator.verdict(verdictOf(clock.nowMs(), { rule: 'primary-failing-fast' }))
  expect(correlator.list()).toHaveLength(1)
  expect(changes.map((one) => one.phase)).toEqual(['opened', 'updated'])
  expect(correlator.get('inc_decide')).toMatchObject({
    id: 'inc_decide',
    route: 'preview',
    state: 'open',
    severity: 'critical',
    mitigation: 'pending',
    user_impact: null,
    title: 'preview: 47 % of attempts on cloud-eu failed in 90s',
    t0: '2026-01-11T13:59:57.000Z',
    opened_at: '2026-01-11T14:00:00.000Z',
    labels: { route: 'preview', rule: 'primary-failing', team: 'serving', class: 'errors' },
  })
})

test.for([
  { severity: 'warning', state: 'firing', opened: 0 },
  { severity: 'error', state: 'firing', opened: 0 },
  { severity: 'critical', state: 'pending', opened: 0 },
  { severity: 'critical', state: 'unknown', opened: 0 },
  { severity: 'critical', state: 'insufficient', opened: 0 },
  { severity: 'critical', state: 'firing', opened: 1 },
] as const)(
  'a $severity rule that is $state opens $opened',
  async ({ severity, state, opened }) => {
    const { correlator, clock } = await startCorrelator()
    correlator.verdict(verdictOf(clock.nowMs(), { severity, state }))
    expect(correlator.list('open')).toHaveLength(opened)
  },
)

test('a problem is over at once, and its row still says what it was', async () => {
  const { correlator } = await startCorrelator()
  correlator.problem({ name: 'delivery', text: 'router-1 does not answer', evidence: {} })
  expect(texts(correlator.list('open')[0])).toContain('router-1 does not answer')
})

test('engaging opens at once, with the decision and what came before as rows', async () => {
  const { correlator, clock } = await startCorrelator()
  correlator.changeEvent({
    at: new Date(clock.nowMs() - 60_000).toISOString(),
    kind: 'deploy',
    text: 'sd-eu 2.4.1',
  })
  correlator.verdict(
    verdictOf(clock.nowMs(), {
      rule: 'oom-storm',
      by: { target: 'cloud-eu' },
      severity: 'warning',
      title: '12 workers out of memory',
    }),
  )
  correlator.transition(transitionOf(clock.nowMs(), { from: 'primary', to: 'suspect' }))
  clock.turn(1_000)
  correlator.transition(transitionOf(clock.nowMs(), { to: 'engaging' }))
  const [incident] = correlator.list('open')
  expect(incident).toMatchObject({ route: 'preview', severity: 'critical' })
  expect(texts(incident)).toEqual([
    'deploy: sd-eu 2.4.1',
    '12 workers out of memory',
    'primary → suspect',
    'suspect → engaging',
    'Incident opened',
  ])
  expect(incident?.timeline[3]).toMatchObject({
    clock: 'signalbox',
    kind: 'state',
    evidence: { from: 'suspect', to: 'engaging', epoch: 3, generation: 57 },
  })
})

test('30 s of suspect open an incident, 29 s do not', async () => {
  const { correlator, clock } = await startCorrelator()
  correlator.transition(transitionOf(clock.nowMs(), { from: 'primary', to: 'suspect' }))
  clock.turn(29_000)
  expect(correlator.list()).toHaveLength(0)
  clock.turn(2_000)
  expect(correlator.list()).toHaveLength(1)
})

test('causes without a route become rows of the route they concern, else incidents of their own', async () => {
  const { correlator, clock } = await startCorrelator({
    relatedRoutes: (rule) => (rule === 'autoscaler-stuck' ? ['preview'] : []),
  })
  correlator.transition(transitionOf(clock.nowMs(), { to: 'engaging' }))
  const fleet = (rule: string, by: Record<string, string>) =>
    correlator.verdict(verdictOf(clock.nowMs(), { rule, by, title: rule }))
  fleet('oom-storm', { target: 'cloud-eu', worker: 'w1' })
  fleet('autoscaler-stuck', {})
  expect(correlator.list()).toHaveLength(1)
  expect(correlator.list()[0]?.rules?.map((one) => one.rule)).toEqual([
    'oom-storm',
    'autoscaler-stuck',
  ])
  fleet('disk-full', { worker: 'w1' })
  fleet('disk-full', { worker: 'w2' })
  const own = correlator.list().filter((one) => one.route === undefined)
  expect(own).toHaveLength(1)
  expect(own[0]).toMatchObject({ mitigation: 'none', labels: { rule: 'disk-full' } })
})

test('an id that decide allocates later finds the same incident', async () => {
  const { correlator, clock } = await startCorrelator()
  correlator.verdict(verdictOf(clock.nowMs()))
  correlator.transition(
    transitionOf(clock.nowMs(), { to: 'engaging', view: { incident: 'inc_late' } }),
  )
  expect(correlator.list()).toHaveLength(1)
  expect(correlator.get('inc_late')?.id).toBe(correlator.list()[0]?.id)
})

test('mitigated at t9: 10 consecutive bins of success after the move; relapse opens it again', async () => {
  const { correlator, clock, serveSeconds } = await startCorrelator()
  correlator.verdict(verdictOf(clock.nowMs()))
  serveSeconds(5, { outcome: 'failed' })
  correlator.transition(transitionOf(clock.nowMs(), { to: 'engaging' }))
  expect(correlator.list()[0]?.user_impact).toBe(1)
  serveSeconds(9, { outcome: 'ok', role: 'fallback' })
  expect(correlator.list()[0]?.state).toBe('open')
  serveSeconds(2, { outcome: 'ok', role: 'fallback' })
  expect(correlator.list()[0]).toMatchObject({
    state: 'mitigated',
    mitigated_at: '2026-01-11T14:00:15.000Z',
    user_impact: 0,
  })
  expect(correlator.outcomes('preview')[0]).toMatchObject({ failed: 20, primary: 0 })
  expect(correlator.outcomes('preview').at(-1)).toMatchObject({ fallback: 20, failed: 0 })
  serveSeconds(10, { outcome: 'failed' })
  expect(correlator.list()[0]?.state).toBe('open')
})

test('what automation did is said in one sentence', async () => {
  const { correlator, clock } = await startCorrelator()
  const say = (fields: Parameters<typeof transitionOf>[1]) => {
    correlator.transition(transitionOf(clock.nowMs(), fields))
    return correlator.list()[0]?.mitigation_text
  }
  expect(say({ to: 'engaging' })).toBe('Traffic is being moved to edge-local; not confirmed yet.')
  const movedMs = clock.nowMs()
  clock.turn(1_300)
  const proof = { observed_at: new Date(movedMs + 1_300).toISOString() }
  expect(say({ to: 'fallback', mitigation: 'confirmed', view: { proof } })).toBe(
    'Traffic moved to edge-local (confirmed, 1.3 s).',
  )
  expect(say({ to: 'fallback', mitigation: 'unverified' })).toMatch(/nothing proves/)
  expect(say({ to: 'blocked', mitigation: 'blocked', text: 'S2: edge-local is full' })).toBe(
    'NOT mitigated: blocked: S2: edge-local is full.',
  )
  expect(say({ to: 'primary', mitigation: 'none' })).toMatch(/^The route is back on its primary/)
  expect(correlator.list()[0]?.mitigation).toBe('blocked')
  const once = correlator.list()[0]?.mitigation_text
  expect(say({ to: 'primary', kind: 'inhibitor', text: 'Automation is free' })).toBe(once)
})

test('a rule that nobody acts on is not pending for ever', async () => {
  const { correlator, clock } = await startCorrelator()
  correlator.verdict(verdictOf(clock.nowMs(), { by: { route: 'export' } }))
  clock.turn(9_000)
  expect(correlator.list()[0]?.mitigation).toBe('pending')
  clock.turn(2_000)
  expect(correlator.list()[0]?.mitigation).toBe('none')
})

test('a move that comes before its verdict is told still takes title and labels from it', async () => {
  const { correlator, clock } = await startCorrelator()
  correlator.transition(transitionOf(clock.nowMs(), { to: 'engaging' }))
  correlator.verdict(verdictOf(clock.nowMs()))
  expect(correlator.list('open')).toMatchObject([
    {
      title: 'preview: 47 % of attempts on cloud-eu failed in 90s',
      labels: { route: 'preview', rule: 'primary-failing', team: 'serving', class: 'errors' },
    },
  ])
})

test('windows that start anew after a move do not unsay why it was made', async () => {
  const { correlator, clock } = await startCorrelator()
  correlator.verdict(verdictOf(clock.nowMs()))
  clock.turn(1_000)
  correlator.verdict(verdictOf(clock.nowMs(), { state: 'insufficient', title: '–' }))
  expect(texts(correlator.list('open')[0])).toContain(
    'preview: 47 % of attempts on cloud-eu failed in 90s',
  )
})

test('a route that is back is not on its way, and a step back is not the move', async () => {
  const { correlator, clock } = await startCorrelator()
  const say = (fields: Parameters<typeof transitionOf>[1]) => {
    correlator.transition(transitionOf(clock.nowMs(), fields))
    return correlator.list()[0]?.mitigation_text
  }
  say({ to: 'engaging' })
  clock.turn(60_000)
  const proof = { observed_at: new Date(clock.nowMs()).toISOString() }
  expect(say({ to: 'ramping', mitigation: 'confirmed', view: { proof } })).toBe(
    'Traffic moved to edge-local (confirmed), and is on its way back in steps.',
  )
  expect(say({ from: 'ramping', to: 'primary' })).toBe(
    'The route is back on its primary. Traffic moved to edge-local (confirmed).',
  )
})
