import { expect, test } from 'vitest'
import type { Generation } from '../../src/model/generation.ts'
import type { Observation } from '../../src/model/observation.ts'
import { createPlay, rulesOf } from './play.ts'

const RULE = `
  - id: rule
    title: '{{route}}: {{percent value}} on {{target}} in {{window}}'
    kind: ratio
    on: attempts
    bad: { outcome: failed }
    by: [route, target]
    window: 90s
    trip: { above: 0.40, min_count: 10 }
    clear: { below: 0.10, window: 20s }
    severity: critical
    labels: { class: errors }
    runbook: look
`

test('a verdict carries everything that later stages read', () => {
  const play = createPlay(RULE)
  play.run(2, () => play.failed())
  const startUnixMs = play.clock.nowMs() - 2_000
  expect(play.verdicts.find(({ state }) => state === 'firing')).toEqual({
    rule: 'rule',
    kind: 'ratio',
    by: { route: 'preview', target: 'cloud' },
    severity: 'critical',
    labels: { class: 'errors' },
    title: 'preview: 100 % on cloud in 90s',
    runbook: 'look',
    state: 'firing',
    value: 1,
    threshold: 0.4,
    count: 10,
    windowMs: 90_000,
    effect: 'firing',
    witnesses: ['router-1'],
    sinceUnixMs: startUnixMs + 900,
    atUnixMs: startUnixMs + 900,
    judgedUnixMs: startUnixMs + 900,
    watermarkUnixMs: startUnixMs + 900,
    // Too little traffic for bins of less than a minute.
    onset: {
      atUnixMs: startUnixMs,
      uncertaintyMs: 60_000,
      baselineRatio: 0.001,
      detectUnixMs: startUnixMs + 900,
      from: 'cusum',
    },
  })
})

test('the batch that makes a rule conclusive fires it, without waiting for a tick', () => {
  const play = createPlay(RULE)
  play.detector.observe(
    Array.from({ length: 10 }, () =>
      play.items('attempt', { route: 'preview', target: 'cloud', outcome: 'failed' }),
    ).flat(),
  )
  expect(play.verdicts.map(({ state }) => state)).toEqual(['firing'])
})

test('the tick judges while nothing arrives', async () => {
  const play = createPlay(RULE)
  await play.detector.start()
  play.run(20, play.ok)
  expect(play.group()?.count).toBe(200)
  play.clock.turn(10_500)
  expect(play.verdicts.at(-1)?.state).toBe('unknown')
  await play.detector.stop()
  await play.detector.stop()
})

test('a value that changes is told at most once a second, and only while it fires', () => {
  const play = createPlay(RULE)
  play.run(30, play.ok)
  expect(play.verdicts).toHaveLength(2)
  play.run(60, play.failed)
  const shown = play.verdicts.filter(({ state }) => state === 'firing')
  const gapsMs = shown
    .slice(1)
    .map((one, index) => one.judgedUnixMs - (shown[index]?.judgedUnixMs ?? 0))
  expect(shown.length).toBeGreaterThan(5)
  expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(1_000)
})

test('a witness is a router whose own attempts breach, with enough of its own', () => {
  const play = createPlay(RULE.replace('min_count: 10', 'min_count: 50'))
  play.run(20, () => {
    play.failed({ router: 'router-1' })
    play.ok({ router: 'router-2' })
  })
  for (let count = 0; count < 4; count++) play.failed({ router: 'router-3' })
  expect(play.verdicts.at(-1)?.witnesses).toEqual(['router-1'])
  play.failed({ router: 'router-3' })
  expect(play.verdicts.at(-1)?.witnesses).toEqual(['router-1', 'router-3'])
})

test('a span counts once, however often it is delivered', () => {
  const play = createPlay(RULE)
  const batch = play.items('attempt', { route: 'preview', target: 'cloud', outcome: 'failed' })
  for (let count = 0; count < 20; count++) play.detector.observe(batch)
  expect(play.group()).toMatchObject({ state: 'insufficient', count: 1 })
})

test('a backlog that arrives in pieces trips nothing on a stale window', () => {
  const play = createPlay(RULE, { latenessMs: 10_000 })
  play.run(200, play.ok)
  // The collector stalls for 80 s; in the first 20 s of them the primary failed, and recovered.
  const backlog: Observation[] = []
  for (let tenth = 0; tenth < 800; tenth++) {
    const outcome = tenth < 200 ? 'failed' : 'ok'
    const fields = { route: 'preview', target: 'cloud', outcome }
    backlog.push(...play.items('attempt', fields, 200 + tenth / 10))
  }
  play.run(280)
  for (let index = 0; index < backlog.length; index += 50)
    play.detector.observe(backlog.slice(index, index + 50))
  expect(play.verdicts.some(({ state }) => state === 'firing')).toBe(false)
  expect(play.state()).toBe('ok')
})

test('a backlog whose outage still fills the window does trip', () => {
  const play = createPlay(RULE, { latenessMs: 10_000 })
  play.run(200, play.ok)
  const fields = { route: 'preview', target: 'cloud', outcome: 'failed' }
  const backlog = Array.from({ length: 800 }, (_, tenth) =>
    play.items('attempt', fields, 200 + tenth / 10),
  ).flat()
  play.run(280)
  play.detector.observe(backlog)
  expect(play.state()).toBe('firing')
})

test('items from before the window, and from over 5 min ago, re-decide nothing', () => {
  const play = createPlay(RULE)
  play.run(400, play.ok, 1_000)
  for (let count = 0; count < 500; count++) play.failed({}, 300 - count / 10)
  for (let count = 0; count < 500; count++) play.failed({}, 50)
  expect(play.group()).toMatchObject({ state: 'ok', value: 0 })
})

test('a clock that is always off counts by arrival; one that is fast is never ahead', () => {
  const play = createPlay(RULE)
  play.run(400, () => play.failed({ router: 'router-1' }, play.nowS() - 400), 1_000)
  expect(play.state()).toBe('firing')
  // Also of a router whose statuses come on time: they tell nothing of its clock.
  const reporting = createPlay(RULE)
  reporting.run(
    400,
    () => {
      reporting.send('status', { router: 'router-1', started: 1 })
      reporting.failed({ router: 'router-1' }, reporting.nowS() - 400)
    },
    1_000,
  )
  expect(reporting.state()).toBe('firing')
  const fast = createPlay(RULE)
  fast.run(20, () => fast.failed({ router: 'router-1' }, fast.nowS() + 120), 1_000)
  expect(fast.group()).toMatchObject({ state: 'firing', count: 20 })
})

test('a restart counts only attempts of the new pair, and the effect stays until judged anew', () => {
  const pair: Generation = { epoch: 1, generation: 2 }
  const play = createPlay(RULE, {
    pairOf: ({ router }) => (router === 'router-2' ? pair : undefined),
  })
  play.run(20, () => play.failed({ generation: '1.1' }))
  expect(play.state()).toBe('firing')
  play.send('attempt', { route: 'export', target: 'big' })
  play.detector.restart({ route: 'preview', pair })
  expect(play.verdicts.at(-1)).toMatchObject({ state: 'insufficient', effect: 'firing', count: 0 })
  expect(play.detector.rule('rule')?.groups[1]).toMatchObject({ by: { route: 'export' }, count: 1 })
  // Old ones still end; those without a pair of their own are asked for, else judged by their start.
  play.failed({ generation: '1.1' })
  play.failed({ duration: '1s' })
  expect(play.group()).toMatchObject({ count: 0 })
  play.ok({ generation: '1.2' })
  play.ok({ router: 'router-2', duration: '1s' })
  play.ok({ generation: '2.1' })
  play.clock.turn(1_000)
  play.ok({ duration: '500ms' })
  expect(play.group()).toMatchObject({ count: 4, state: 'insufficient' })
  for (let count = 0; count < 6; count++) play.ok({ generation: '1.2' })
  play.ok({ router: 'router-2' })
  expect(play.verdicts.at(-1)).toMatchObject({ state: 'ok', effect: 'ok' })
})

test('a move of traffic takes neither an error budget nor a baseline away', () => {
  const pair: Generation = { epoch: 1, generation: 2 }
  const budget = `
  - { id: rule, kind: burn_rate, on: requests, bad: { outcome: failed }, by: [route], objective: 0.9,
      windows: [{ long: 100s, short: 10s, factor: 2 }] }`
  const growth = `
  - { id: volume, kind: growth, on: attempts, of: volume, by: [route], window: 10s, over: 60s,
      trip: { times: 2 } }`
  const play = createPlay(budget + growth)
  const both = (outcome: string) => {
    play.send('request', { route: 'preview', outcome })
    play.ok()
  }
  play.run(100, () => both('ok'))
  play.run(115, () => both('failed'))
  play.detector.restart({ route: 'preview', pair })
  // The 15 s before the move still burn: five more are a fifth of the window.
  expect(play.group('rule')?.state).toBe('ok')
  expect(play.group('rule')?.count).toBeGreaterThan(990)
  expect(play.group('volume')?.state).toBe('ok')
  play.run(122, () =>
    play.send('request', { route: 'preview', outcome: 'failed', generation: '1.1' }),
  )
  expect(play.group('rule')?.state).toBe('firing')
})

test('more groups than are kept share one, which says so', () => {
  const play = createPlay(RULE.replace('[route, target]', '[shard]'))
  for (let count = 0; count < 300; count++) play.ok({ shard: `s-${count}` })
  play.detector.judge()
  const groups = play.detector.rule('rule')?.groups ?? []
  expect(groups).toHaveLength(257)
  expect(groups.at(-1)).toMatchObject({ by: { shard: '__other__' }, count: 44 })
})

test('a group says nothing of a key that its items do not carry', () => {
  const play = createPlay(RULE)
  play.send('attempt', { target: 'cloud' })
  expect(play.group()?.by).toEqual({ target: 'cloud' })
})

test('a reload keeps unchanged rules as they are, and what fires of changed ones', () => {
  const other = RULE.replace('id: rule', 'id: other')
  const gone = RULE.replace('id: rule', 'id: gone')
  const play = createPlay(RULE + other + gone)
  play.run(20, play.failed)
  play.detector.reload(rulesOf(RULE + other.replace('0.40', '0.50')))
  expect(play.detector.rule('rule')?.groups[0]).toMatchObject({ state: 'firing', count: 200 })
  expect(play.detector.rule('other')?.groups[0]).toMatchObject({ state: 'insufficient', count: 0 })
  expect(play.detector.rule('gone')).toBeUndefined()
  const last = (rule: string) => play.verdicts.findLast((one) => one.rule === rule)
  expect(last('other')).toMatchObject({ state: 'insufficient', effect: 'firing' })
  expect(last('gone')).toMatchObject({ state: 'ok', effect: 'ok', reason: 'the rule was removed' })
  expect(() => rulesOf(RULE.replace('ratio', 'ration'))).toThrow('unknown kind')
  expect(play.detector.rule('rule')?.groups[0]).toMatchObject({ state: 'firing', count: 200 })
})

test('a router status becomes one item per route and target', () => {
  const play = createPlay(`
  - { id: rule, kind: inflight, where: { role: primary }, by: [route, target], trip: { oldest_above: 5s } }
`)
  const counters = {
    started: 9,
    ok: 1,
    failed: 0,
    rejected: 0,
    cancelled: 0,
    inflight: 8,
    oldest_ms: 6_000,
  }
  const targets = { cloud: counters, edge: { ...counters, oldest_ms: 90_000 } }
  play.detector.status({
    router: 'router-7',
    receivedUnixMs: play.clock.nowMs(),
    status: { boot_id: 'b', clock: '', observed: {}, routes: { preview: { targets } } },
  })
  expect(play.detector.rules()[0]?.groups).toMatchObject([
    { by: { route: 'preview', target: 'cloud' }, state: 'firing', value: 6_000, lag_ms: 0 },
  ])
})

test('what happens is counted', async () => {
  const play = createPlay(RULE)
  const batch = play.items('attempt', { route: 'preview', target: 'cloud' })
  play.detector.observe(batch)
  play.detector.observe(batch)
  const text = await play.telemetry.registry.metrics()
  expect(text).toContain('signalbox_detect_observations_total 4')
  expect(text).toContain('signalbox_detect_duplicates_total 1')
  expect(text).toContain('signalbox_detect_state_changes_total{rule="rule",state="insufficient"} 1')
})

test('what follows from a verdict is told after the verdict itself', () => {
  const states: string[] = []
  const play = createPlay(RULE, {
    // As the controller does: the first firing verdict moves weights, so windows start anew.
    publish({ state }) {
      if (state === 'firing')
        play.detector.restart({ route: 'preview', pair: { epoch: 1, generation: 2 } })
      states.push(state)
    },
  })
  play.detector.observe(
    Array.from({ length: 10 }, () =>
      play.items('attempt', { route: 'preview', target: 'cloud', outcome: 'failed' }),
    ).flat(),
  )
  expect(states).toEqual(['firing', 'insufficient'])
})

test('a router that says goodbye is not silent, and a silence that was told ends', async () => {
  const play = createPlay(`
  - { id: rule, kind: silence, expect: routers, by: [router], trip: { for: 30s } }
`)
  play.run(20, () => play.ok({ router: 'router-1' }))
  play.run(30, () => play.ok({ router: 'router-2' }))
  play.detector.forgetRouter('router-1')
  play.run(65)
  const firing = play.verdicts.filter(({ state }) => state === 'firing')
  expect([...new Set(firing.map(({ by }) => by.router))]).toEqual(['router-2'])
  play.detector.forgetRouter('router-2')
  expect(play.verdicts.at(-1)).toMatchObject({ state: 'ok', reason: 'router-2 said goodbye' })
  expect(play.detector.rule('rule')?.groups).toEqual([])
})

test('a router that comes back after its goodbye is waited for anew, also by what was found of it', () => {
  const play = createPlay(`
  - { id: rule, kind: silence, expect: routers, by: [router], trip: { for: 30s } }
`)
  const traits = { note: undefined }
  const send = () => {
    const items = play.items('attempt', { route: 'preview', target: 'cloud', router: 'router-1' })
    play.detector.observe(
      items.filter(({ unit }) => unit === 'attempt').map((one) => ({ ...one, traits })),
    )
  }
  play.run(20, send)
  play.detector.forgetRouter('router-1')
  expect(play.detector.rule('rule')?.groups).toEqual([])
  play.run(40, send)
  play.run(85)
  const [group] = play.detector.rule('rule')?.groups ?? []
  expect(group).toMatchObject({ by: { router: 'router-1' }, state: 'firing' })
})

test('what a router would have sent is not missing after its goodbye', () => {
  const play = createPlay(RULE)
  play.run(20, () => {
    play.ok({ router: 'router-1' })
    play.ok({ router: 'router-2' })
  })
  play.detector.forgetRouter('router-2')
  play.run(60, () => play.ok({ router: 'router-1' }))
  expect(play.verdicts.some(({ state }) => state === 'unknown')).toBe(false)
})
