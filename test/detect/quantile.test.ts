import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  createRandom,
  expectRefuses,
  expectResumes,
  instantAt,
  itemAt,
  kindOf,
  stepsOf,
} from './kind-bench.ts'
import { createPlay } from './play.ts'

const LEVEL = `
  - { id: rule, kind: quantile, on: attempts, of: duration, q: 0.95, window: 90s, trip: { above: 5s } }
`
const TIMES = `
  - id: rule
    kind: quantile
    on: attempts
    of: duration
    q: 0.95
    window: 60s
    baseline: 10m
    trip: { times_baseline: 2, min_count: 10 }
    floor: 500ms
    clear: { times_baseline: 1.5, window: 20s, min_count: 10 }
`
type Play = ReturnType<typeof createPlay>
const attempt = (play: Play, duration: string) => () => play.ok({ duration })

test('a p95 over a level trips when over a twentieth of the window is slow', () => {
  const play = createPlay(LEVEL)
  play.run(200, attempt(play, '1s'))
  expect(play.group()).toMatchObject({ state: 'ok', threshold: 5_000 })
  play.run(230, attempt(play, '10s'))
  expect(play.state()).toBe('firing')
  // 5 % of 90 s are 4.5 s, and the window is up to a bucket of 5 s shorter.
  expect(play.enteredS('firing')).toBeGreaterThanOrEqual(204.2)
  expect(play.enteredS('firing')).toBeLessThanOrEqual(204.7)
  expect(play.group()).toMatchObject({ value: 10_000 })
  play.run(320, attempt(play, '1s'))
  // The last slow one leaves the window with its bucket, all but 4.5 s of them before it.
  expect(play.enteredS('ok', 231)).toBeGreaterThan(310)
  expect(play.enteredS('ok', 231)).toBeLessThan(321)
})

test('exactly the level does not trip: a constant is exact', () => {
  const play = createPlay(LEVEL.replace('5s', '10s'))
  play.run(100, attempt(play, '10s'))
  expect(play.group()).toMatchObject({ state: 'ok', value: 10_000 })
})

test('too few values, or none with the number, are insufficient', () => {
  const play = createPlay(LEVEL)
  for (let count = 0; count < 29; count++) play.ok({ duration: '9s' })
  expect(play.group()).toMatchObject({ state: 'insufficient', value: null, count: 29 })
  play.ok({ duration: '9s' })
  expect(play.state()).toBe('firing')
})

test('a number is read from an attribute, or from the metric of that name', () => {
  const metric = createPlay(`
  - { id: rule, kind: quantile, on: metrics, of: queue.age, q: 0.5, trip: { above: 30, min_count: 3 } }
`)
  for (const value of [10, 40, 50]) metric.send('metric', { metric: 'queue.age', value })
  metric.send('metric', { metric: 'other', value: 1 })
  expect(metric.group()).toMatchObject({ state: 'firing', count: 3 })
  const own = createPlay(`
  - { id: rule, kind: quantile, on: attempts, of: steps, q: 0.5, trip: { above: 30, min_count: 2 } }
`)
  own.ok({ steps: 50 })
  own.ok({ steps: 'many' })
  own.ok({ steps: '60' })
  expect(own.group()).toMatchObject({ state: 'firing', count: 2 })
})

test('against its own baseline: insufficient until half of it has passed, then by times', () => {
  const play = createPlay(TIMES)
  play.run(299, attempt(play, '1s'))
  expect(play.state()).toBe('insufficient')
  play.run(302, attempt(play, '1s'))
  expect(play.group()).toMatchObject({ state: 'ok', threshold: 2_000 })
  play.run(400, attempt(play, '1900ms'))
  expect(play.state()).toBe('ok')
})

test('the baseline never learns the incident, however long it lasts, and fires again after it', () => {
  const play = createPlay(TIMES)
  play.run(600, attempt(play, '1s'))
  // An hour of it: six times the baseline.
  play.run(4_200, attempt(play, '3s'), 500)
  expect(play.group()).toMatchObject({ state: 'firing', threshold: 2_000 })
  play.run(4_230, attempt(play, '1s'))
  expect(play.group()).toMatchObject({ state: 'ok', threshold: 2_000 })
  // Ended by a clear window of 20 s, in buckets of 3.3 s, with a twentieth still slow.
  expect(play.enteredS('ok', 4_200)).toBeGreaterThan(4_213)
  expect(play.enteredS('ok', 4_200)).toBeLessThan(4_221)
  // The trip window still holds slow ones: they are not learned on leaving it.
  play.run(4_330, attempt(play, '1s'))
  expect(play.group()).toMatchObject({ state: 'ok', threshold: 2_000 })
  play.run(4_350, attempt(play, '3s'))
  expect(play.state()).toBe('firing')
})

test('a hold does not teach it either', () => {
  const play = createPlay(
    TIMES.replace('min_count: 10 }\n    floor', 'min_count: 10, for: 300s }\n    floor'),
  )
  play.run(600, attempt(play, '1s'))
  play.run(800, attempt(play, '3s'))
  expect(play.group()).toMatchObject({ state: 'pending', threshold: 2_000 })
  play.run(910, attempt(play, '3s'))
  expect(play.group()).toMatchObject({ state: 'firing', threshold: 2_000 })
})

test('the floor keeps what is slower than usual and still fast quiet', () => {
  const play = createPlay(TIMES)
  play.run(600, attempt(play, '100ms'))
  play.run(655, attempt(play, '499ms'))
  expect(play.group()).toMatchObject({ state: 'ok', threshold: 500 })
  play.run(660, attempt(play, '600ms'))
  expect(play.state()).toBe('firing')
})

test('when both stand, both must be exceeded', () => {
  const play = createPlay(TIMES.replace('times_baseline: 2,', 'times_baseline: 2, above: 4s,'))
  play.run(600, attempt(play, '1s'))
  play.run(655, attempt(play, '3s'))
  expect(play.group()).toMatchObject({ state: 'ok', threshold: 4_000 })
  play.run(660, attempt(play, '5s'))
  expect(play.state()).toBe('firing')
})

test('what is normal is learned as it drifts', () => {
  const play = createPlay(TIMES)
  for (let step = 0; step < 30; step++)
    play.run(100 * (step + 1), attempt(play, `${Math.round(1_000 * 1.04 ** step)}ms`), 250)
  expect(play.group()).toMatchObject({ state: 'ok' })
  expect(play.group()?.threshold).toBeGreaterThan(4_000)
})

test('late items land in their own time: in the window, or in the baseline', () => {
  const kind = kindOf(TIMES)
  for (let atS = 100; atS < 800; atS++) {
    kind.add(itemAt(atS, { duration: 1_000 }))
    kind.judge(instantAt(atS))
  }
  // Slow ones of five minutes ago: nothing of the window, a part of the baseline.
  for (let count = 0; count < 200; count++) kind.add(itemAt(500, { duration: 8_000 }))
  expect(kind.judge(instantAt(800))).toMatchObject({ outcome: 'calm', value: 1_000 })
  expect(kind.judge(instantAt(800)).threshold).toBeGreaterThan(15_000)
  for (let count = 0; count < 20; count++) kind.add(itemAt(790, { duration: 40_000 }))
  expect(kind.judge(instantAt(800))).toMatchObject({ outcome: 'trips' })
  expect(kind.add(itemAt(-5_000, { duration: 1 }))).toBeUndefined()
})

test('it is unknown while something is missing, unless it fires already', () => {
  const kind = kindOf(LEVEL)
  for (let count = 0; count < 50; count++) kind.add(itemAt(100, { duration: 9_000 }))
  const missing = () => 5
  expect(kind.judge(instantAt(100, { missing }))).toMatchObject({ outcome: 'open' })
  expect(kind.judge(instantAt(100, { missing, isTripped: true }))).toMatchObject({
    outcome: 'trips',
  })
  for (let count = 0; count < 5_000; count++) kind.add(itemAt(101, { duration: 10 }))
  expect(kind.clears(instantAt(101))).toBe(true)
  expect(kind.clears(instantAt(101, { missing }))).toBe(false)
})

test('a restart forgets the evidence and keeps what was normal', () => {
  const kind = kindOf(TIMES)
  for (let atS = 100; atS < 800; atS++) {
    kind.add(itemAt(atS, { duration: 1_000 }))
    kind.judge(instantAt(atS))
  }
  kind.restart()
  expect(kind.judge(instantAt(801))).toMatchObject({ outcome: 'few', count: 0 })
  for (let count = 0; count < 10; count++) kind.add(itemAt(802, { duration: 3_000 }))
  expect(kind.judge(instantAt(802))).toMatchObject({ outcome: 'trips', threshold: 2_000 })
})

test('the clear window stretches to reach its least count', () => {
  const play = createPlay(LEVEL.replace('5s }', '5s }, clear: { window: 10s, min_count: 5 }'))
  for (let count = 0; count < 40; count++) play.ok({ duration: '9s' })
  expect(play.state()).toBe('firing')
  const status = () => play.send('status', { started: 1 })
  for (let step = 1; step < 5; step++) {
    play.run(step * 15, status, 1_000)
    play.ok({ duration: '1s' })
    expect(play.group()).toMatchObject({ threshold: 5_000 })
    expect(play.verdicts.at(-1)?.effect, `${step}`).toBe('firing')
  }
  play.run(75, status, 1_000)
  play.ok({ duration: '1s' })
  expect(play.state()).not.toBe('firing')
})

const steps = stepsOf(fc.record({ duration: fc.integer({ min: 0, max: 20_000 }) }))
test.for([LEVEL, TIMES.replace('10m', '90s')])(
  'it goes on after save and load as if nothing had been',
  (text) => expectResumes(text, steps),
)

test('what it did not save is refused', () => {
  expectRefuses(LEVEL, steps)
  expectRefuses(TIMES, steps)
})

test('memory of a group is bounded by its buckets: 242 of 16 octaves, however wild the numbers', () => {
  const wild = TIMES.replace('clear: { times_baseline: 1.5, window: 20s, min_count: 10 }', '')
  const kind = kindOf(wild)
  const random = createRandom(9)
  for (let atS = 0; atS < 1_800; atS++) {
    for (let count = 0; count < 20; count++)
      kind.add(itemAt(atS, { duration: 2 ** (random() * 60 - 10) }))
    kind.judge(instantAt(atS))
  }
  const [window, [, baseline]] = kind.save(0) as [Saved, [unknown, Saved]]
  const bytes = window.bins.byteLength + baseline.bins.byteLength
  expect(bytes).toBeLessThanOrEqual(242 * 2_048)
  expect(bytes).toBeGreaterThan(150 * 2_048)
})

interface Saved {
  readonly bins: Float32Array
}

test('a span that is delivered again counts once', () => {
  const play = createPlay(LEVEL)
  for (let count = 0; count < 60; count++)
    play.ok({ duration: '9s', span_id: `span-${count % 20}`, trace_id: 'trace' })
  expect(play.group()).toMatchObject({ state: 'insufficient', count: 20 })
})
