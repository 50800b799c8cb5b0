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
