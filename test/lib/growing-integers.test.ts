import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createGrowingIntegers } from '../../src/lib/growing-integers.ts'

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })

test('what is appended stays, in its order, however much it is', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(uint32, fc.nat(300))), (steps) => {
      const integers = createGrowingIntegers()
      const expected: number[] = []
      for (const [value, times] of steps) {
        integers.push(value)
        integers.fill(value, times)
        expected.push(...Array.from({ length: times + 1 }, () => value))
      }
      expect([...integers.values.subarray(0, integers.length)]).toEqual(expected)
    }),
  )
})

test('after a reserve there is room, and nothing else has changed', () => {
  const integers = createGrowingIntegers()
  integers.push(2 ** 32 - 1)
  integers.reserve(10_000)
  expect(integers.values.length).toBeGreaterThanOrEqual(10_001)
  expect([integers.length, integers.values[0]]).toEqual([1, 2 ** 32 - 1])
})
