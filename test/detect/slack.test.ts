import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Slack } from '../../src/detect/slack.ts'
import type { FieldValue } from '../../src/model/observation.ts'
import { instantAt, itemAt, kindOf, START_MS } from './kind-bench.ts'
import { createPlay } from './play.ts'

// A group at rest is not judged again before its slack is used up, so a kind that promises too much
// would trip late. Here it is judged all the same, after every item.

const trip = 'trip: { above: 0.4, min_count: 5 }, clear: { below: 0.2, window: 10s }'
const RULES = {
  ratio: `kind: ratio, window: 30s, bad: { outcome: failed }, ${trip}`,
  'ratio of several': `kind: ratio, window: 30s, bad: { outcome: failed }, trip: { above: 0.1, min_count: 5, min_distinct: { model: 2 } }, clear: { below: 0.05, window: 10s }`,
  count: 'kind: count, window: 30s, trip: { at_least: 9 }, clear: { below: 2, window: 10s }',
  distinct:
    'kind: distinct, of: model, window: 30s, trip: { at_least: 3 }, clear: { below: 2, window: 10s }',
  quantile:
    'kind: quantile, of: size, q: 0.8, window: 30s, trip: { above: 20, min_count: 5 }, clear: { below: 10, window: 10s }',
  'quantile with a floor':
    'kind: quantile, of: size, q: 0.5, window: 30s, floor: 18, baseline: 2m, trip: { times_baseline: 1.5, min_count: 3 }, clear: { times_baseline: 1.2, window: 10s }',
  burn_rate:
    'kind: burn_rate, objective: 0.9, bad: { outcome: failed }, windows: [{ long: 2m, short: 20s, factor: 2 }, { long: 60s, short: 10s, factor: 4 }], trip: { min_count: 8 }',
  outlier: `kind: outlier, key: model, window: 30s, bad: { outcome: failed }, rest_below: 0.9, ${trip}`,
  'growth of volume':
    'kind: growth, of: volume, window: 10s, over: 40s, trip: { times: 2, min_count: 4 }, clear: { times: 1.2 }',
  value:
    'kind: value, of: size, agg: avg, window: 30s, trip: { above: 20, min_count: 5 }, clear: { below: 10, window: 10s }',
  'value per item':
    'kind: value, of: volume, per: { outcome: ok }, agg: sum, window: 30s, trip: { above: 1.6, min_count: 5 }, clear: { below: 1.2, window: 10s }',
  psi: 'kind: change, method: psi, of: model, window: 60s, baseline: 2m, trip: { above: 0.2, min_count: 10 }',
  inflight: 'kind: inflight, window: 30s, trip: { oldest_above: 20s }, clear: { below: 5s }',
}

const fields = fc.record({
  outcome: fc.constantFrom<FieldValue>('ok', 'ok', 'ok', 'failed'),
  model: fc.constantFrom<FieldValue>('a', 'b', 'c', 'd'),
  size: fc.oneof<fc.Arbitrary<FieldValue>[]>(fc.integer({ min: 0, max: 30 }), fc.constant(19.99)),
})
const step = fc.record({
  afterS: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 2, noNaN: true })),
  lateS: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(20)),
  fields,
  weight: fc.constantFrom(1, 1, 1, 2, 7),
})

test.for(Object.entries(RULES))('a slack of %s is never too long', ([, text]) => {
  const rule = `\n  - { id: rule, on: attempts, ${text} }\n`
  let promisedCount = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const kind = kindOf(rule)
      let nowS = 100
      let slack: Slack | undefined
      let first: string | undefined
      let taken = 0
      for (const one of steps) {
        nowS += one.afterS
        const item = itemAt(nowS - one.lateS, { ...one.fields, duration: 1 }, one.weight)
        const isSpeaking = kind.add(item)
        const isOfAll = (slack?.of ?? (first === 'few' ? 'all' : 'speaking')) === 'all'
        if (isSpeaking || (isOfAll && isSpeaking !== undefined)) taken += one.weight
        const { outcome } = kind.judge(instantAt(nowS))
        const isPromised =
          slack && taken < slack.weight && START_MS + nowS * 1_000 < slack.untilUnixMs
        if (isPromised) {
          promisedCount++
          expect(outcome).not.toBe('trips')
          if (first === 'few') expect(outcome).toBe('few')
          continue
        }
        first = outcome
        taken = 0
        const isResting = outcome === 'calm' || outcome === 'few'
        slack = isResting ? kind.slack?.(START_MS + nowS * 1_000, outcome) : undefined
      }
    }),
    { numRuns: 100, endOnFailure: true },
  )
  expect(promisedCount).toBeGreaterThan(50)
})

test('who looks at a group at rest sees it as of now, and it says nothing new for that', () => {
  const play = createPlay(`
  - { id: rule, kind: ratio, on: attempts, window: 30s, bad: { outcome: failed }, ${trip} }
`)
  for (let count = 0; count < 30; count++) play.ok({})
  play.failed({})
  const told = play.verdicts.length
  for (let count = 0; count < 3; count++) play.failed({})
  expect(play.group()).toMatchObject({ state: 'ok', count: 34, value: 4 / 34 })
  expect(play.detector.rules()[0]?.groups[0]).toMatchObject({ state: 'ok', count: 34 })
  expect(play.verdicts.length).toBe(told)
})
