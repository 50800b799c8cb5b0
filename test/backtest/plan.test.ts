import { expect, test } from 'vitest'
import { planOf } from '../../src/backtest/plan.ts'
import { createMeanings } from '../../src/config/meanings.ts'
import { rulesOf } from '../detect/play.ts'

const meanings = createMeanings({ telemetry: { attributes: {} } })
const attemptsOf = (rest: string) =>
  planOf(
    rulesOf(
      `  - { id: a, kind: ratio, on: attempts, where: { route: preview }, bad: { outcome: failed }, ${rest}, trip: { above: 0.4 } }`,
    ),
    meanings,
  ).attempt

test('a rule that counters can serve is replayed with all attempts, which they are compared with', () => {
  expect(attemptsOf('by: [target]')).not.toHaveProperty('anyOf')
  const asked = [[{ column: 'Route', values: ['preview'] }]]
  expect(attemptsOf('by: [target], source: spans')).toHaveProperty('anyOf', asked)
  expect(attemptsOf('by: [model]')).toHaveProperty('anyOf', asked)
})
