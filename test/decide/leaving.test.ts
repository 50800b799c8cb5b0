import { expect, test } from 'vitest'
import { createStage, type Stage } from './stage.ts'

const route = (text = '', name = 'preview') => `
  - route: ${name}
    primary: cloud
    fallbacks: [{ target: edge }]
    mode: auto
    on: [failing]
    with: [oom]
${text}`
const yaml = (...routes: string[]) =>
  `schema: signalbox.failover/v1\nroutes:${(routes.length > 0 ? routes : [route()]).join('')}`

/** Three routers with traffic on the primary. */
const withRouters = (stage: Stage, count: number) => {
  for (let index = 1; index <= count; index++) {
    stage.attempts(10, { target: 'cloud', router: `router-${index}` })
  }
}

test.for([
  { state: 'pending', rules: ['failing'], to: 'suspect', why: 'it has not held for long enough' },
  { state: 'insufficient', rules: ['failing'], to: 'primary', why: 'too few to judge' },
  { state: 'ok', rules: ['failing'], to: 'primary', why: 'exactly 40.0 % does not trip' },
  { state: 'firing', rules: ['oom'], to: 'suspect', why: 'a cause alone moves nothing' },
  { state: 'firing', rules: ['failing'], to: 'engaging', why: 'users feel it' },
] as const)('a verdict that is $state leads to $to: $why', async ({ state, rules, to }) => {
  const stage = await createStage({ yaml: yaml() })
  for (const rule of rules) stage.judge(rule, state)
  stage.run(3)
  expect(stage.view().state).toBe(to === 'engaging' ? 'fallback' : to)
})

test('a pending rule moves traffic when causes alone meet the need', async () => {
  const stage = await createStage({ yaml: yaml(route('    evidence: { need: 1 }')) })
  stage.judge('failing', 'pending')
  expect(stage.view().state).toBe('suspect')
  stage.judge('oom', 'firing')
  expect(stage.view().state).toBe('engaging')
})

test('one router of three that fails alone does not move the fleet', async () => {
  const stage = await createStage({ yaml: yaml() })
  withRouters(stage, 3)
  stage.judge('failing', 'firing', { witnesses: ['router-3'] })
  stage.run(5, () => withRouters(stage, 3))
  expect(stage.view()).toMatchObject({ state: 'suspect', generation: 1 })
  stage.judge('failing', 'firing', { witnesses: ['router-2', 'router-3'] })
  expect(stage.view().state).toBe('engaging')
})

test('a group of another target or route does not concern the route', async () => {
  const stage = await createStage({ yaml: yaml() })
  stage.judge('failing', 'firing', { by: { target: 'edge' } })
  stage.judge('failing', 'firing', { by: { route: 'export' } })
  expect(stage.view().state).toBe('primary')
  stage.judge('failing', 'firing', { by: { route: 'preview', target: 'cloud' } })
  expect(stage.view().state).toBe('engaging')
})

test.for(['observe', 'recommend'] as const)(
  'mode %s writes down once what it would do',
  async (mode) => {
    const stage = await createStage({ yaml: yaml(route()).replace('mode: auto', `mode: ${mode}`) })
    expect(stage.view().mitigation).toBe('none')
    stage.judge('failing', 'firing')
    stage.run(10, () => stage.judge('failing', 'firing'))
    expect(stage.view()).toMatchObject({ state: 'suspect', generation: 1 })
    const would = stage.transitions.filter((one) => one.kind === 'would_act')
    expect(would).toHaveLength(1)
    expect(would[0]).toMatchObject({ text: `Mode ${mode}: would move preview to edge` })
    expect(would[0]?.data).toBeUndefined()
    stage.judge('failing', 'ok')
    stage.run(1)
    stage.judge('failing', 'firing')
    stage.run(1)
    expect(stage.transitions.filter((one) => one.kind === 'would_act')).toHaveLength(2)
  },
)

test('mode off judges nothing', async () => {
  const stage = await createStage({ yaml: yaml(route()).replace('mode: auto', 'mode: off') })
  stage.judge('failing', 'firing')
  stage.run(5)
  expect(stage.view()).toMatchObject({ state: 'primary', mitigation: 'none' })
})

test('missing telemetry freezes the route, and a certain verdict unfreezes it', async () => {
  const stage = await createStage({ yaml: yaml() })
  stage.judge('failing', 'unknown', { effect: 'firing' })
  stage.run(2)
  expect(stage.view().inhibitors).toMatchObject([{ kind: 'frozen' }])
  expect(stage.view().generation).toBe(1)
  stage.judge('failing', 'firing')
  expect(stage.view()).toMatchObject({ state: 'engaging', inhibitors: [] })
})

test('a fallback that fails its live attempts blocks by S1, and frees the move when it heals', async () => {
  const stage = await createStage({ yaml: yaml() })
  stage.attempts(5, { target: 'edge', outcome: 'failed' })
  stage.judge('failing', 'firing')
  expect(stage.view()).toMatchObject({ state: 'blocked', mitigation: 'blocked', generation: 1 })
  const blocked = stage.transitions.find((one) => one.to === 'blocked')
  expect(blocked?.text).toContain('S1')
  expect(stage.controller.explain('preview')).toMatchObject({ blockers: [{ rule: 'S1' }] })
  stage.attempts(6, { target: 'edge' })
  stage.run(1)
  expect(stage.view().state).toBe('engaging')
})

test('an unproven fallback never blocks, and explain says that it is unproven', async () => {
  const stage = await createStage({ yaml: yaml() })
  const told = stage.controller.explain('preview')
  expect(told).toMatchObject({ fallbacks: [{ target: 'edge', ready: null }] })
  expect(JSON.stringify(told)).toContain('unproven')
  stage.judge('failing', 'firing')
  expect(stage.view().state).toBe('engaging')
})

test('where capacity is short the part that fits moves', async () => {
  const text = route().replace('target: edge', 'target: edge, capacity_rps: 50')
  const stage = await createStage({ yaml: yaml(text) })
  stage.run(60, () => stage.requests(85))
  stage.judge('failing', 'firing')
  expect(stage.view().desired.targets).toMatchObject([{ target: 'edge' }, { target: 'cloud' }])
  expect(stage.view().desired.targets[0]?.weight).toBeCloseTo(0.5, 2)
  expect(stage.view().desired.targets[1]).not.toHaveProperty('retryable_only')
})

test('two routes share a fallback: the second gets what the first has left', async () => {
  const capped = (name: string) =>
    route('', name).replace('target: edge', 'target: edge, capacity_rps: 100')
  const other = capped('export').replace('primary: cloud', 'primary: metal')
  const stage = await createStage({ yaml: yaml(capped('preview'), other) })
  const ask = () => {
    stage.requests(50)
    stage.requests(70, { route: 'export' })
  }
  stage.run(60, ask)
  stage.judge('failing', 'firing', { by: { route: 'preview' } })
  expect(stage.view().desired.targets[0]).toMatchObject({ target: 'edge', weight: 1 })
  stage.run(2, ask)
  stage.judge('failing', 'firing', { by: { route: 'export' } })
  expect(stage.view('export').desired.targets[0]?.weight).toBeCloseTo(0.5, 2)
})

test('three routes on one dead primary move together; a third primary needs two kinds of evidence', async () => {
  const own = (name: string, primary: string) =>
    route('', name).replace('primary: cloud', `primary: ${primary}`)
  const routes = ['a', 'b', 'c'].map((name) => own(name, 'cloud'))
  const others = ['d', 'e'].map((name) => own(name, `metal-${name}`))
  const stage = await createStage({ yaml: yaml(...routes, ...others) })
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    stage.judge('failing', 'firing', { by: { route: name } })
  }
  const states = ['a', 'b', 'c', 'd', 'e'].map((name) => stage.view(name).state)
  expect(states).toEqual(['engaging', 'engaging', 'engaging', 'engaging', 'blocked'])
  stage.judge('oom', 'firing', { by: { route: 'e' } })
  expect(stage.view('e').state).toBe('engaging')
})

test('30 primaries that trip in the same second: two move, the rest are braked and say so', async () => {
  const names = Array.from({ length: 30 }, (_, index) => `r${index}`)
  const text = names.map((name) => route('', name).replace('cloud', `cloud-${name}`))
  const stage = await createStage({ yaml: yaml(...text) })
  for (const name of names) stage.judge('failing', 'firing', { by: { route: name } })
  const blocked = names.filter((name) => stage.view(name).mitigation === 'blocked')
  expect(blocked).toHaveLength(28)
})
