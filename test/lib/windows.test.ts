import { expect, test } from 'vitest'
import { createDistinctWindow } from '../../src/lib/distinct-window.ts'
import { createRecentKeys } from '../../src/lib/recent-keys.ts'
import { createValueWindow } from '../../src/lib/value-window.ts'

test('a value counts once, and as long as it was seen last within the window', () => {
  const window = createDistinctWindow({ countMax: 10 })
  window.add(100, 'a')
  window.add(200, 'b')
  window.add(300, 'a')
  window.add(150, 'a')
  expect(window.count(300, 300)).toBe(2)
  expect(window.count(350, 100)).toBe(1)
  expect(window.count(401, 100)).toBe(0)
})

test('distinct values saturate and forget what was seen longest ago', () => {
  const window = createDistinctWindow({ countMax: 3 })
  for (let value = 0; value < 100; value++) window.add(value, `${value}`)
  expect(window.count(100, 1_000)).toBe(3)
})

test('a key is new once per flag, for at least as many keys as are kept', () => {
  const keys = createRecentKeys({ countMax: 2 })
  expect(keys.isNew('a', 1)).toBe(true)
  expect(keys.isNew('a', 1)).toBe(false)
  expect(keys.isNew('a', 2)).toBe(true)
  keys.isNew('b', 1)
  keys.isNew('c', 1)
  expect(keys.isNew('a', 3)).toBe(false)
  for (const key of ['d', 'e', 'f', 'g', 'h', 'i']) keys.isNew(key, 1)
  expect(keys.isNew('a', 1)).toBe(true)
})

test('numbers of a window: least, greatest, newest, whatever order they came in', () => {
  const window = createValueWindow({ bucketMs: 10, spanMs: 200 })
  expect(window.summary(100, 100)).toBeUndefined()
  window.add(100, 5)
  window.add(130, 1)
  window.add(125, 9)
  expect(window.summary(130, 100)).toMatchObject({ count: 3, sum: 15, min: 1, max: 9, last: 1 })
  expect(window.summary(130, 20)).toMatchObject({ count: 2, max: 9 })
  expect(window.sinceMs).toBe(100)
  window.add(500, 2)
  window.add(100, 7)
  expect(window.summary(500, 200)).toMatchObject({ count: 1, last: 2 })
})
