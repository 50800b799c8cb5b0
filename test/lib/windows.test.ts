import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDistinctWindow } from '../../src/lib/distinct-window.ts'
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

test('every summary of numbers equals a recount, also after save and load', () => {
  const item = fc.record({ atMs: fc.nat(2_000), value: fc.integer({ min: -50, max: 50 }) })
  fc.assert(
    fc.property(fc.array(item), fc.array(item), fc.nat(2_200), (before, after, endMs) => {
      const create = () => createValueWindow({ bucketMs: 10, spanMs: 300 })
      const window = create()
      for (const { atMs, value } of before) window.add(atMs, value)
      const other = create()
      other.add(1_900, 7)
      expect(other.load(structuredClone(window.save()))).toBe(true)
      for (const { atMs, value } of after) window.add(atMs, value)
      for (const { atMs, value } of after) other.add(atMs, value)
      const all = [...before, ...after]
      const places = new Map<number, number>()
      // A place of the ring belongs to the newest bucket that came to it; older ones are refused.
      const kept = all.filter(({ atMs }) => {
        const bucket = Math.floor(atMs / 10)
        const isKept = bucket >= (places.get(bucket % 31) ?? 0)
        if (isKept) places.set(bucket % 31, bucket)
        return isKept
      })
      const end = Math.floor(endMs / 10)
      const inside = kept.filter(({ atMs }) => {
        const bucket = Math.floor(atMs / 10)
        return bucket <= end && bucket > end - 10 && places.get(bucket % 31) === bucket
      })
      const values = inside.map(({ value }) => value)
      const newest = inside.reduce((last, one) => (one.atMs >= last.atMs ? one : last), {
        atMs: -1,
        value: 0,
      })
      const expected = {
        count: values.length,
        sum: values.reduce((total, value) => total + value, 0),
        min: Math.min(...values),
        max: Math.max(...values),
        last: newest.value,
      }
      expect(window.summary(endMs, 100)).toEqual(values.length === 0 ? undefined : expected)
      expect(other.summary(endMs, 100)).toEqual(window.summary(endMs, 100))
    }),
  )
})
