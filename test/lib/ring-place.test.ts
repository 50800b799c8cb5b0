import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ringPlace } from '../../src/lib/ring-place.ts'

test('the place in a ring is the remainder, for all numbers of buckets', () => {
  const bucket = fc.oneof(fc.maxSafeNat(), fc.nat(1_000))
  const ringCount = fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 9 }))
  fc.assert(
    fc.property(bucket, ringCount, fc.integer({ min: -1, max: 1 }), (number, count, beside) => {
      // At the edges of a round, where a rounded quotient would be another.
      const edge = Math.max(0, Math.floor(number / count) * count + beside)
      for (const one of [number, edge].filter(Number.isSafeInteger))
        expect(ringPlace(one, count)).toBe(one % count)
    }),
    { numRuns: 5_000 },
  )
})
