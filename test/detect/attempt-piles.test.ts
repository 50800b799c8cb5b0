import { expect, test } from 'vitest'
import { AttemptPiles } from '../../src/detect/attempt-piles.ts'
import type { Observation } from '../../src/model/observation.ts'
import { attemptOf } from './onset-world.ts'
import { createPlay } from './play.ts'

const TRIED = { startUnixMs: 0, endUnixMs: 1, outcome: 'ok' } as const

test.for<[string, Observation]>([
  ['another route', attemptOf({ ...TRIED, route: 'export' })],
  ['another target', attemptOf({ ...TRIED, target: 'edge' })],
  ['another role', attemptOf({ ...TRIED, role: 'fallback' })],
  ['another outcome', attemptOf({ ...TRIED, outcome: 'failed' })],
  ['another router', { ...attemptOf(TRIED), source: { id: 'router-2', component: 'router' } }],
  ['counters instead of spans', { ...attemptOf(TRIED), feed: 'instead' }],
])('attempts of one look lie together, and apart from those of %s', ([, other]) => {
  const piles = new AttemptPiles()
  const pile = piles.of(attemptOf(TRIED))
  expect(piles.of(other)).not.toBe(pile)
  expect(piles.of(attemptOf({ ...TRIED, endUnixMs: 7 }))).toBe(pile)
})

test('what is no attempt lies nowhere', () => {
  const { attempt, ...rest } = attemptOf(TRIED)
  expect(attempt).toBeDefined()
  expect(new AttemptPiles().of(rest)).toBeUndefined()
})

test('a sender that makes up routes fills no memory, and each attempt counts', () => {
  const piles = new AttemptPiles()
  const first = piles.of(attemptOf({ ...TRIED, route: 'route-0' }))
  for (let index = 1; index <= 10_000; index++)
    piles.of(attemptOf({ ...TRIED, route: `route-${index}` }))
  // It was forgotten, and is begun anew.
  expect(piles.of(attemptOf({ ...TRIED, route: 'route-0' }))).not.toBe(first)

  const play = createPlay(
    '  - { id: all, kind: count, on: attempts, window: 10m, trip: { at_least: 1000000 } }\n',
  )
  const items = Array.from({ length: 12_000 }, (_, index) =>
    play
      .items('attempt', {
        route: `route-${index}`,
        target: 'cloud',
        span_id: `${index}`,
        trace_id: 't',
      })
      .filter(({ unit }) => unit === 'attempt'),
  ).flat()
  play.detector.observe(items)
  play.detector.judge()
  expect(play.detector.rule('all')?.groups[0]).toMatchObject({ count: 12_000 })
})
