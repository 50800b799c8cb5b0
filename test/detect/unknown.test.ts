import { expect, test } from 'vitest'
import { createPlay } from './play.ts'

const RULE = `
  - id: rule
    kind: ratio
    on: attempts
    bad: { outcome: failed }
    window: 90s
    trip: { above: 0.40, min_count: 50 }
    clear: { below: 0.10, window: 20s, min_count: 20 }
`
type Play = ReturnType<typeof createPlay>
const twoRouters = (play: Play) => () => {
  play.ok({ router: 'router-1' })
  play.ok({ router: 'router-2' })
}

test('what a silent router could have sent makes a ratio unknown, with the reason', () => {
  const play = createPlay(RULE)
  play.run(100, twoRouters(play))
  play.run(109.5, () => play.ok())
  expect(play.state()).toBe('ok')
  // 10/s of 20/s are missing: m/(n+m) passes the clear level of 10 % after 18 s.
  play.run(116, () => play.ok())
  expect(play.state()).toBe('ok')
  play.run(120, () => play.ok())
  expect(play.group()).toMatchObject({
    state: 'unknown',
    value: null,
    reason: 'router-2 silent for 20 s',
  })
  expect(play.verdicts.at(-1)).toMatchObject({ state: 'unknown', value: null, effect: 'ok' })
  play.ok({ router: 'router-2' })
  expect(play.state()).toBe('ok')
})

test('what is missing cannot hide a failure that it could not outweigh', () => {
  const play = createPlay(RULE)
  play.run(100, twoRouters(play))
  // At 160 s: 600 failed, n = 1,200 ... and m = 600: bad/(n+m) is 0.33, at 200 s 0.5.
  play.run(150, () => play.failed())
  expect(play.state()).toBe('unknown')
  play.run(190, () => play.failed())
  expect(play.state()).toBe('firing')
  expect(play.enteredS('firing')).toBeGreaterThan(165)
  expect(play.enteredS('firing')).toBeLessThan(175)
})

test('nothing is missing once the others carry 95 % of the former total', () => {
  const play = createPlay(RULE)
  play.run(100, twoRouters(play))
  play.run(200, () => {
    play.ok()
    play.ok()
  })
  expect(play.verdicts.map(({ state }) => state)).not.toContain('unknown')
})

test('a status with nothing started is not silence', () => {
  const play = createPlay(RULE)
  play.run(100, twoRouters(play))
  play.run(200, () => {
    play.ok()
    play.detector.status({
      router: 'router-2',
      receivedUnixMs: play.clock.nowMs(),
      status: { boot_id: 'b', clock: '', observed: {}, routes: {} },
    })
  })
  expect(play.verdicts.map(({ state }) => state)).not.toContain('unknown')
})

test('unknown never clears: a firing rule keeps its effect while everyone is silent', () => {
  const play = createPlay(RULE)
  play.run(100, () => play.failed())
  play.run(200)
  expect(play.state()).toBe('unknown')
  expect(play.verdicts.at(-1)).toMatchObject({ effect: 'firing' })
})

test('ordinary lateness of a source that is sending is not missing', () => {
  const play = createPlay(RULE, { latenessMs: 10_000 })
  play.run(5, () => {})
  // Everything arrives 5 s after it happened.
  play.run(120, () => play.ok({}, play.nowS() - 5))
  expect(play.verdicts.map(({ state }) => state)).toEqual(['insufficient', 'ok'])
})

test('a worker that logged once and is quiet since is not missing', () => {
  const play = createPlay(`
  - { id: rule, kind: distinct, on: logs, of: worker, window: 120s, trip: { at_least: 3 } }
`)
  play.send('log', { worker: 'w-1', body: 'x' })
  play.run(60)
  expect(play.state()).toBe('ok')
})

test('other kinds are unknown while something is missing, unless they have tripped', () => {
  const play = createPlay(`
  - { id: rule, kind: count, on: logs, window: 60s, trip: { at_least: 100 } }
`)
  const log = (worker: string) => play.send('log', { worker, body: 'x' })
  play.run(30, () => ['w-1', 'w-2'].forEach(log), 1_000)
  play.run(45, () => log('w-2'), 1_000)
  expect(play.group()).toMatchObject({ state: 'unknown', reason: 'w-1 silent for 16 s' })
  for (let count = 0; count < 60; count++) log('w-2')
  expect(play.state()).toBe('firing')
})

test('clearing waits for the watermark of the slowest source', () => {
  const play = createPlay(RULE.replace('10, window: 20s, min_count: 20', '40'), {
    latenessMs: 10_000,
  })
  play.run(100, () => play.failed())
  play.run(300, () => play.ok())
  // 54 s after the end of the outage the window is under 40 %, and 10 s later that is certain.
  const clearedS = play.verdicts.find(
    ({ effect, judgedUnixMs }) => effect === 'ok' && judgedUnixMs > play.clock.nowMs() - 200_000,
  )
  const judgedS = ((clearedS?.judgedUnixMs ?? 0) - (play.clock.nowMs() - 300_000)) / 1_000
  expect(judgedS).toBeGreaterThan(163)
  expect(judgedS).toBeLessThan(166)
})

test('a sender whose pipeline always takes longer than lateness is judged all the same', () => {
  const play = createPlay(
    `${RULE.replace('window: 90s', 'window: 30s')}
  - { id: depth, kind: value, on: metrics, of: depth, agg: last, trip: { above: 5 } }
`,
    { latenessMs: 5_000 },
  )
  play.run(20)
  play.run(80, () => {
    play.send('status', { router: 'router-1', started: 1 })
    play.failed({}, play.nowS() - 15)
    play.send('metric', { worker: 'w-1', metric: 'depth', value: 9 }, play.nowS() - 15)
  })
  expect(play.state('depth')).toBe('firing')
  expect(play.state('rule')).toBe('firing')
})
