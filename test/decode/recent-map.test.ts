import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRecentMap } from '../../src/decode/recent-map.ts'

test('the oldest go first, by count and by age', () => {
  const map = createRecentMap<number>({ countMax: 2, ageMaxMs: 100 })
  map.set('a', 1, 0)
  map.set('b', 2, 10)
  map.set('a', 3, 20)
  map.set('c', 4, 30)
  expect(['a', 'b', 'c'].map((key) => map.get(key, 30))).toEqual([3, undefined, 4])
  expect(map.get('a', 120)).toBe(3)
  expect(map.get('a', 121)).toBeUndefined()
})

const step = fc.record({
  key: fc.constantFrom(...'abcdefg'),
  value: fc.nat(99),
  afterMs: fc.constantFrom(0, 1, 40, 101),
  isTouch: fc.boolean(),
})

test('it knows what a list of the same entries, searched from its end, would', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      (steps, countMax) => {
        const map = createRecentMap<number>({ countMax, ageMaxMs: 100 })
        let listed: { key: string; value: number; atMs: number }[] = []
        let nowMs = 0
        for (const { key, value, afterMs, isTouch } of steps) {
          nowMs += afterMs
          const young = listed.filter(({ atMs }) => nowMs - atMs <= 100)
          const known = young.find((one) => one.key === key)
          if (isTouch) expect(map.touch(key, nowMs)).toBe(known?.value)
          else map.set(key, value, nowMs)
          if (isTouch && !known) continue
          const own = { key, value: isTouch ? (known?.value ?? 0) : value, atMs: nowMs }
          listed = [...young.filter((one) => one.key !== key), own].slice(-countMax)
          for (const one of 'abcdefg')
            expect(map.get(one, nowMs)).toBe(listed.find((entry) => entry.key === one)?.value)
        }
      },
    ),
  )
})
