import { expect, test } from 'vitest'
import type { Observation } from '../../src/model/observation.ts'
import { createPlay } from './play.ts'

// Observations that stand for several samples: steps of counters, retries that are only counted.

const RATIO = `
  - id: rule
    kind: ratio
    on: attempts
    bad: { outcome: failed }
    window: 60s
    trip: { above: 0.40, min_count: 10 }
`

const several = (items: readonly Observation[], count: number) =>
  items.map((one) => ({ ...one, count, weight: count }))

test.for([
  { failed: 9, ok: 0, state: 'insufficient', why: 'samples are counted, not observations' },
  { failed: 10, ok: 0, state: 'firing', why: 'one observation is enough of them' },
  { failed: 4, ok: 6, state: 'ok', why: 'shares are of samples' },
  { failed: 5, ok: 6, state: 'firing', why: 'shares are of samples' },
])('$failed failed and $ok ok in one observation each: $state ($why)', (given) => {
  const play = createPlay(RATIO)
  for (const outcome of ['ok', 'failed'] as const)
    if (given[outcome] > 0)
      play.detector.observe(several(play.items('attempt', { outcome }), given[outcome]))
  expect(play.state()).toBe(given.state)
  expect(play.group()?.count).toBe(given.failed + given.ok)
})

test('many samples of one router are one router', () => {
  const play = createPlay(RATIO.replace('10 }', '10, min_distinct: { router: 2 } }'))
  play.detector.observe(several(play.items('attempt', { outcome: 'failed' }), 50))
  expect(play.state()).toBe('ok')
})

test('a router witnesses by its samples', () => {
  const play = createPlay(RATIO)
  play.detector.observe(several(play.items('attempt', { outcome: 'failed' }), 10))
  expect(play.verdicts.at(-1)).toMatchObject({ state: 'firing', witnesses: ['router-1'] })
})

test('a count is of samples', () => {
  const play = createPlay(`
  - id: rule
    kind: count
    on: attempts
    where: { outcome: failed }
    window: 60s
    trip: { at_least: 12 }
`)
  play.detector.observe(several(play.items('attempt', { outcome: 'failed' }), 11))
  expect(play.group()).toMatchObject({ state: 'ok', value: 11, count: 11 })
  play.detector.observe(several(play.items('attempt', { outcome: 'failed' }), 1))
  expect(play.group()).toMatchObject({ state: 'firing', value: 12, count: 12 })
})
