import { expect, test } from 'vitest'
import type { RouteAction } from '../../src/model/action.ts'
import { createStage, type Stage } from './stage.ts'

const YAML = `schema: signalbox.failover/v1
routes:
  - route: preview
    primary: cloud
    fallbacks: [{ target: edge }]
    mode: auto
    on: [failing]
`

const act = (stage: Stage, action: Partial<RouteAction>) =>
  stage.controller.act('preview', {
    action: 'hold',
    reason: 'test',
    actor: 'ann',
    ifMatch: stage.pair(),
    ttl_s: 60,
    ...action,
  })

test.for([
  { action: { ifMatch: undefined }, status: 'precondition_required' },
  { action: { ifMatch: { epoch: 1, generation: 9 } }, status: 'precondition_failed' },
  { action: { action: 'hold', ttl_s: undefined }, status: 'invalid' },
  { action: { action: 'force', target: 'edge', ttl_s: undefined }, status: 'invalid' },
  { action: { action: 'force' }, status: 'invalid' },
  { action: { action: 'force', target: 'moon' }, status: 'invalid' },
  { action: { action: 'maintenance', target: 'moon' }, status: 'invalid' },
  { action: { action: 'failback' }, status: 'invalid' },
  { action: { action: 'force', target: 'edge', override: ['all'] }, status: 'invalid' },
  { action: { action: 'force', target: 'edge' }, status: 'ok' },
  { action: { action: 'release', ttl_s: undefined }, status: 'ok' },
] as const)('$action is answered $status', async ({ action, status }) => {
  const stage = await createStage({ yaml: YAML })
  expect(act(stage, action as Partial<RouteAction>)).toMatchObject({ status })
})

test('an unknown route is not found', async () => {
  const stage = await createStage({ yaml: YAML })
  const action = { action: 'ack', reason: 'x', actor: 'ann' } as const
  expect(stage.controller.act('export', action)).toEqual({ status: 'not_found' })
})

test('an operator who races automation loses by If-Match, and is told the present pair', async () => {
  const stage = await createStage({ yaml: YAML })
  const seen = stage.pair()
  stage.judge('failing', 'firing')
  expect(act(stage, { action: 'force', target: 'cloud', ifMatch: seen })).toEqual({
    status: 'precondition_failed',
    current: { epoch: 1, generation: 2 },
  })
})

test('a hold raises the version, keeps the generation, and lets go in the middle of an outage', async () => {
  const stage = await createStage({ yaml: YAML })
  const before = stage.controller.state().version
  expect(act(stage, { action: 'hold', ttl_s: 30 })).toMatchObject({
    status: 'ok',
    view: { generation: 1, inhibitors: [{ kind: 'hold', actor: 'ann', reason: 'test' }] },
  })
  expect(stage.controller.state().version).toBe(before + 1)
  stage.judge('failing', 'firing')
  stage.run(29)
  expect(stage.view()).toMatchObject({ state: 'suspect', generation: 1, mitigation: 'none' })
  stage.run(3)
  expect(stage.view()).toMatchObject({ state: 'fallback', generation: 2, inhibitors: [] })
})

test('a forced move needs the safety rules, or an override that names them', async () => {
  const stage = await createStage({ yaml: YAML })
  stage.attempts(10, { target: 'edge', outcome: 'failed' })
  const order = { action: 'force', target: 'edge' } as const
  expect(act(stage, order)).toMatchObject({ status: 'refused', rules: ['S1'] })
  expect(act(stage, { ...order, override: ['S2'] })).toMatchObject({ status: 'refused' })
  expect(act(stage, { ...order, override: ['S1'] })).toMatchObject({
    status: 'ok',
    view: { state: 'engaging', generation: 2, inhibitors: [{ kind: 'forced' }] },
  })
})

test('a forced route stays where it was put until the order lapses', async () => {
  const stage = await createStage({ yaml: YAML })
  act(stage, { action: 'force', target: 'edge', ttl_s: 600 })
  stage.run(590, () => stage.attempts(5, { target: 'edge' }))
  expect(stage.view().state).toBe('fallback')
  stage.run(20, () => stage.attempts(5, { target: 'edge' }))
  expect(stage.view().state).toBe('ramping')
  expect(act(stage, { action: 'force', target: 'cloud' })).toMatchObject({
    view: { state: 'primary', desired: { targets: [{ target: 'cloud', weight: 1 }] } },
  })
  stage.judge('failing', 'firing')
  stage.run(5)
  expect(stage.view().state).toBe('suspect')
  act(stage, { action: 'release' })
  expect(stage.view().state).toBe('engaging')
})

test('failback starts the way back at once, and maintenance of the primary stops automation', async () => {
  const stage = await createStage({ yaml: YAML })
  act(stage, { action: 'maintenance', target: 'cloud' })
  stage.judge('failing', 'firing')
  stage.run(5)
  expect(stage.view()).toMatchObject({ state: 'suspect', inhibitors: [{ kind: 'maintenance' }] })
  act(stage, { action: 'release' })
  expect(stage.view().state).toBe('engaging')
  expect(act(stage, { action: 'failback' })).toMatchObject({ status: 'refused', rules: ['S8'] })
  stage.run(2)
  expect(act(stage, { action: 'failback' })).toMatchObject({ view: { state: 'ramping' } })
})

test('pause stops every automatic move, resume lets it go on, and both are told', async () => {
  const stage = await createStage({ yaml: YAML })
  stage.controller.pause('ann', 'game day')
  stage.judge('failing', 'firing')
  stage.run(5)
  expect(stage.view()).toMatchObject({ state: 'suspect', inhibitors: [{ kind: 'paused' }] })
  stage.controller.resume('ann')
  expect(stage.view().state).toBe('engaging')
  const told = stage.transitions.filter((one) => one.kind === 'inhibitor')
  expect(told.map((one) => one.text)).toEqual([
    'Automation is inhibited: paused (ann: game day)',
    'Automation is free',
  ])
})

test('too many failovers within the hour latch the fail-back until a person acknowledges', async () => {
  const timing = `    timing: { min_hold: 10s, max_hold: 20s, max_failovers_per_hour: 3 }
    failback: { stable_for: 5s, steps: [1.0], step_for: 5s, step_min_count: 1 }
`
  const stage = await createStage({ yaml: YAML + timing })
  const flap = () => {
    stage.judge('failing', 'firing')
    stage.run(2)
    stage.judge('failing', 'ok')
    stage.run(40, () => {
      const target = stage.view().desired.targets[0]?.target ?? ''
      stage.attempts(5, { target })
    })
  }
  for (let count = 0; count < 2; count++) {
    flap()
    expect(stage.view().state).toBe('primary')
  }
  flap()
  expect(stage.view()).toMatchObject({ state: 'latched', mitigation: 'latched' })
  stage.run(7_200)
  expect(stage.view().state).toBe('latched')
  expect(act(stage, { action: 'ack' })).toMatchObject({ status: 'ok' })
  stage.run(40, () => stage.attempts(5, { target: stage.view().desired.targets[0]?.target ?? '' }))
  expect(stage.view().state).toBe('primary')
})

test('the hold shrinks again with every max_hold spent on the primary', async () => {
  const timing = `    timing: { min_hold: 10s, max_hold: 60s }
    failback: { stable_for: 5s, steps: [1.0], step_for: 5s, step_min_count: 1 }
`
  const stage = await createStage({ yaml: YAML + timing })
  const k = () => (stage.controller.explain('preview') as { k: number }).k
  const serve = () => stage.attempts(5, { target: stage.view().desired.targets[0]?.target ?? '' })
  for (let count = 0; count < 2; count++) {
    stage.judge('failing', 'firing')
    stage.run(2, serve)
    stage.judge('failing', 'ok')
    while (stage.view().state !== 'primary') stage.run(1, serve)
  }
  expect(k()).toBe(1)
  stage.run(59, serve)
  expect(k()).toBe(1)
  stage.run(2, serve)
  expect(k()).toBe(0)
})

test('explain says since when, why, who may change it, and speaks the spelling of the API', async () => {
  const stage = await createStage({ yaml: YAML })
  const explain = () => stage.controller.explain('preview')
  expect(explain()).toMatchObject({
    since: stage.controller.view('preview')?.since,
    reason: { actor: 'signalbox' },
    may_change: { automation: true, people: { scope: 'operate', if_match: true } },
  })
  act(stage, { action: 'hold', ttl_s: 30 })
  expect(explain()).toMatchObject({ may_change: { automation: false } })
  expect(JSON.stringify(explain())).not.toMatch(/"[a-z]+[A-Z]\w*":/)
})
