import { expect, test } from 'vitest'
import { createPlay } from './play.ts'

const RATIO = `
  - id: rule
    kind: ratio
    on: attempts
    bad: { outcome: failed }
    window: 90s
    trip: { above: 0.40, min_count: 4 }
`
test.for([
  { pattern: '....', state: 'ok', why: 'no failures' },
  { pattern: '...xx', state: 'ok', why: 'exactly at the limit' },
  { pattern: '.xxx', state: 'firing', why: 'over the limit' },
  { pattern: 'xxx', state: 'insufficient', why: 'too few to judge' },
  { pattern: 'rrrr.x', state: 'insufficient', why: 'rejected counts for nothing' },
  { pattern: 'cccc..xx.', state: 'firing', why: 'neither does cancelled' },
])('ratio: $pattern -> $state ($why)', ({ pattern, state }) => {
  const play = createPlay(RATIO)
  const outcomes: Record<string, string> = { '.': 'ok', x: 'failed', r: 'rejected', c: 'cancelled' }
  for (const letter of pattern) {
    play.send('attempt', { route: 'preview', target: 'cloud', outcome: outcomes[letter] ?? '' })
    play.clock.turn(1_000)
  }
  expect(play.state()).toBe(state)
})

test('ratio: a rule may ask for rejected itself', () => {
  const play = createPlay(RATIO.replace('failed', 'rejected'))
  for (const outcome of ['ok', 'rejected', 'rejected', 'rejected', 'cancelled'])
    play.send('attempt', { outcome })
  expect(play.group()).toMatchObject({ state: 'firing', value: 0.75, count: 4 })
})

test('ratio: min_distinct counts among bad items', () => {
  const play = createPlay(
    RATIO.replace('min_count: 4', 'min_count: 4, min_distinct: { router: 2 }'),
  )
  for (let count = 0; count < 8; count++) play.failed({ router: 'router-1' })
  play.ok({ router: 'router-2' })
  expect(play.state()).toBe('ok')
  play.failed({ router: 'router-2' })
  expect(play.state()).toBe('firing')
})

test('ratio: too little traffic keeps the effect of the last verdict', () => {
  const play = createPlay(RATIO)
  for (let count = 0; count < 5; count++) play.failed()
  expect(play.state()).toBe('firing')
  play.run(120, () => play.send('status', { started: 0 }), 1_000)
  expect(play.state()).toBe('insufficient')
  expect(play.verdicts.at(-1)).toMatchObject({ state: 'insufficient', effect: 'firing' })
  for (let count = 0; count < 5; count++) play.ok()
  expect(play.verdicts.at(-1)).toMatchObject({ state: 'ok', effect: 'ok' })
})

test('ratio: the clear window stretches to reach its least count', () => {
  const clear = '    clear: { below: 0.10, window: 10s, min_count: 4 }\n'
  const play = createPlay(RATIO + clear)
  for (let count = 0; count < 5; count++) play.failed()
  const status = () => play.send('status', { started: 1 })
  play.run(20, status, 1_000)
  // One attempt each 10 s: four of them take a window of 30 s.
  for (let step = 2; step < 5; step++) {
    play.ok()
    play.run(step * 10 + 10, status, 1_000)
    expect(play.state(), `${step}`).toBe('firing')
  }
  play.ok()
  expect(play.state()).toBe('ok')
})

test('hold: a condition must last for `for`, on both sides', () => {
  const play = createPlay(`
  - { id: rule, kind: count, on: logs, window: 10s, trip: { at_least: 3, for: 5s }, clear: { for: 4s } }
`)
  const log = () => play.send('log', { body: 'x' })
  play.run(2, log, 1_000)
  expect(play.state()).toBe('ok')
  play.run(6, log, 1_000)
  expect(play.state()).toBe('pending')
  play.run(8, log, 1_000)
  expect(play.state()).toBe('firing')
  play.run(18, () => {}, 1_000)
  expect(play.state()).toBe('firing')
  play.run(24)
  expect(play.state()).toBe('ok')
})

test('count: a router that reports every second is one router', () => {
  const play = createPlay(`
  - { id: rule, kind: count, on: routers, where: { generation: '1.1' }, window: 10s, trip: { at_least: 2 } }
`)
  const report = (router: string, generation: string) =>
    play.send('status', { router, generation, route: 'preview', target: 'cloud' })
  play.run(5, () => report('router-1', '1.1'), 1_000)
  report('router-2', '1.2')
  expect(play.group()).toMatchObject({ state: 'ok', value: 1 })
  report('router-2', '1.1')
  expect(play.state()).toBe('firing')
})

test.for([
  { agg: 'last', trip: '{ above: 8 }', values: [9, 1, 9], value: 9, state: 'firing' },
  { agg: 'avg', trip: '{ above: 8 }', values: [9, 1, 9], value: 19 / 3, state: 'ok' },
  { agg: 'min', trip: '{ below: 2 }', values: [9, 1, 9], value: 1, state: 'firing' },
  { agg: 'max', trip: '{ above: 8 }', values: [9, 1, 2], value: 9, state: 'firing' },
  { agg: 'sum', trip: '{ above: 19 }', values: [9, 1, 9], value: 19, state: 'ok' },
  { agg: 'rate', trip: '{ above: 1 }', values: [100, 160, 30], value: 1.5, state: 'firing' },
])('value: $agg of $values is $value: $state', ({ agg, trip, values, value, state }) => {
  const play = createPlay(`
  - { id: rule, kind: value, on: metrics, of: gpu.used, agg: ${agg}, window: 60s, trip: ${trip} }
`)
  expect(play.state()).toBe('insufficient')
  for (const reading of values) {
    play.send('metric', { metric: 'gpu.used', value: reading })
    play.send('metric', { metric: 'other', value: 1_000 })
    play.clock.turn(1_000)
  }
  expect(play.group()).toMatchObject({ state, value, count: 3 })
})

test('value: durations are compared with durations', () => {
  const play = createPlay(`
  - { id: rule, kind: value, on: attempts, of: duration, agg: avg, trip: { above: 1500ms }, clear: { below: 1s } }
`)
  play.ok({ duration: '1s' })
  play.ok({ duration: '3s' })
  expect(play.group()).toMatchObject({ state: 'firing', value: 2_000, threshold: 1_500 })
})

test('growth: a volume that falls to a fifth, once there was enough of it', () => {
  const play = createPlay(`
  - { id: rule, kind: growth, on: requests, window: 30s, over: 60s, trip: { times_below: 0.2 } }
`)
  const request = () => play.send('request', { route: 'preview' })
  play.run(50, request, 500)
  expect(play.state()).toBe('insufficient')
  play.run(100, request, 500)
  expect(play.state()).toBe('ok')
  play.run(140, () => play.send('status', { started: 5 }), 1_000)
  expect(play.group()).toMatchObject({ state: 'firing', value: 0 })
})

test('growth: against a baseline of the last hour', () => {
  const play = createPlay(`
  - { id: rule, kind: growth, on: metrics, of: depth, baseline: 10m, trip: { times: 3 } }
`)
  const depth = (value: number) => () => play.send('metric', { metric: 'depth', value })
  play.run(590, depth(10), 10_000)
  expect(play.state()).toBe('insufficient')
  play.run(700, depth(10), 10_000)
  expect(play.state()).toBe('ok')
  play.run(770, depth(40), 10_000)
  expect(play.group()).toMatchObject({ state: 'firing' })
})

test('gap: a share of desired, and desired at its maximum', () => {
  const play = createPlay(`
  - { id: rule, kind: gap, desired: [want, wanted], actual: have, or_at_max: most, trip: { above_ratio: 0.1 } }
`)
  const metric = (name: string, value: number) => play.send('metric', { metric: name, value })
  metric('want', 10)
  expect(play.state()).toBe('insufficient')
  metric('have', 9)
  expect(play.group()).toMatchObject({ state: 'ok', value: 1 })
  metric('have', 8)
  expect(play.state()).toBe('firing')
  metric('have', 10)
  expect(play.state()).toBe('ok')
  metric('most', 10)
  expect(play.state()).toBe('firing')
  metric('wanted', 9)
  play.clock.turn(1_000)
  expect(play.state()).toBe('ok')
})

test('inflight: without a status, the longest attempt that ended stands in', () => {
  const play = createPlay(`
  - { id: rule, kind: inflight, by: [route, target], trip: { oldest_above: 8s } }
`)
  play.ok({ router: 'router-1', duration: '9s' })
  expect(play.group()).toMatchObject({ state: 'firing', value: 9_000 })
  const oldest = (oldest_ms: number) =>
    play.send('status', { router: 'router-1', route: 'preview', target: 'cloud', oldest_ms })
  oldest(100)
  play.ok({ router: 'router-1', duration: '9s' })
  expect(play.group()).toMatchObject({ state: 'ok', value: 100 })
  oldest(8_001)
  expect(play.state()).toBe('firing')
})

test('silence: items that match are expected from the start', () => {
  const play = createPlay(`
  - { id: rule, kind: silence, expect: { service: nightly }, trip: { for: 60s } }
`)
  play.run(59)
  expect(play.state()).toBe('ok')
  play.run(61)
  expect(play.state()).toBe('firing')
  play.send('log', { service: 'other', body: 'x' })
  expect(play.state()).toBe('firing')
  play.send('log', { service: 'nightly', body: 'x' })
  expect(play.state()).toBe('ok')
})

test('silence: a router is expected once it was heard, and for an hour', () => {
  const play = createPlay(`
  - { id: rule, kind: silence, expect: routers, by: [router], trip: { for: 30s } }
`)
  play.run(60)
  expect(play.detector.rule('rule')?.groups).toEqual([])
  play.ok()
  play.run(100, () => {}, 1_000)
  expect(play.group()).toMatchObject({ state: 'firing', by: { router: 'router-1' } })
  play.run(3_700, () => {}, 10_000)
  expect(play.verdicts.at(-1)).toMatchObject({ effect: 'ok' })
})
