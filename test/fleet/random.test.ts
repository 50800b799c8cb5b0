import { expect, test } from 'vitest'
import { createCrowd } from '../../src/fleet/people.ts'
import { createRandom } from '../../src/fleet/random.ts'
import { REQUEST_CLASSES } from '../../src/fleet/request-classes.ts'

const mean = (draw: () => number, count = 20_000) =>
  Array.from({ length: count }, draw).reduce((sum, value) => sum + value, 0) / count

test('the same seed draws the same, another seed does not', () => {
  const draws = (seed: number) => {
    const random = createRandom(seed).fork('users')
    return [random.unit(), random.exponential(5), random.logNormal(100, 0.25)]
  }
  expect(draws(1)).toEqual(draws(1))
  expect(draws(1)).not.toEqual(draws(2))
})

test('draws have the means that capacity is reckoned with', () => {
  const random = createRandom(3)
  expect(mean(() => random.exponential(5))).toBeCloseTo(5, 0)
  expect(mean(() => random.logNormal(100, 0.25))).toBeGreaterThan(99)
  expect(mean(() => random.logNormal(100, 0.25))).toBeLessThan(101)
  const work = REQUEST_CLASSES.reduce((sum, one) => sum + one.weight * one.work, 0)
  expect(work).toBeCloseTo(1, 6)
})

test('nobody asks again before everybody else who is idle', () => {
  const crowd = createCrowd({ random: createRandom(1), routerCount: 2, countMin: 3 })
  const people = [crowd.take(), crowd.take(), crowd.take(), crowd.take()]
  for (const person of people) crowd.giveBack(person)
  expect(crowd.take().session).toBe(people[0]?.session)
})
