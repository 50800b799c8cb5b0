import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketMsOf, createRingWindow } from '../../src/lib/ring-window.ts'

test.for([
  { windowMs: 500, bucketMs: 10 },
  { windowMs: 9_000, bucketMs: 100 },
  { windowMs: 90_000, bucketMs: 1_000 },
  { windowMs: 3_600_000, bucketMs: 1_000 },
])('a window of $windowMs ms slides by $bucketMs ms', ({ windowMs, bucketMs }) => {
  expect(bucketMsOf(windowMs)).toBe(bucketMs)
})

const bucketMs = 10
const item = fc.record({
  atMs: fc.integer({ min: 0, max: 2_000 }),
  amount: fc.integer({ min: 1, max: 9 }),
})

test('every sum equals a recount of what was added', () => {
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 200 }),
      fc.nat(2_500),
      fc.nat(200),
      (items, endMs, ofMs) => {
        const ring = createRingWindow({ bucketMs, windowMs: 100, spanMs: 300, channelCount: 2 })
        const kept: typeof items = []
        for (const one of items) {
          // Both channels, to see that they do not mix.
          const isKept = ring.add(one.atMs, 0, one.amount)
          expect(ring.add(one.atMs, 1, 1)).toBe(isKept)
          if (isKept) kept.push(one)
        }
        const head = Math.max(...kept.map(({ atMs }) => Math.floor(atMs / bucketMs)), 0)
        const end = Math.floor(endMs / bucketMs)
        const inWindow = (windowMs: number) =>
          kept.filter(({ atMs }) => {
            const bucket = Math.floor(atMs / bucketMs)
            const buckets = Math.max(1, Math.ceil(windowMs / bucketMs))
            return bucket <= end && bucket > end - buckets && bucket > head - 31
          })
        const sum = (windowMs: number) =>
          inWindow(windowMs).reduce((total, { amount }) => total + amount, 0)
        expect(ring.sum(0, endMs, ofMs)).toBe(sum(ofMs))
        expect(ring.sum(0, endMs, 100)).toBe(sum(100))
        expect(ring.sum(1, endMs, 100)).toBe(inWindow(100).length)
      },
    ),
  )
})

test('what was saved is loaded, and goes on as if nothing had been', () => {
  const create = () => createRingWindow({ bucketMs, windowMs: 100, spanMs: 300, channelCount: 2 })
  fc.assert(
    fc.property(fc.array(item), fc.array(item), fc.nat(2_500), (before, after, endMs) => {
      const ring = create()
      for (const one of before) ring.add(one.atMs, 0, one.amount)
      const other = create()
      other.add(5_000, 1, 7)
      expect(other.load(structuredClone(ring.save()))).toBe(true)
      for (const one of after)
        expect(other.add(one.atMs, 1, one.amount)).toBe(ring.add(one.atMs, 1, one.amount))
      for (const channel of [0, 1])
        for (const ofMs of [10, 100, 300])
          expect(other.sum(channel, endMs, ofMs)).toBe(ring.sum(channel, endMs, ofMs))
    }),
  )
})

test('what no ring of its shape saved is refused', () => {
  const ring = createRingWindow({ bucketMs, windowMs: 100, channelCount: 2 })
  const other = createRingWindow({ bucketMs: 20, windowMs: 100, channelCount: 2 })
  const odd = { bucketMs, head: 3, amounts: new Float64Array(3) }
  for (const saved of [undefined, null, 7, {}, other.save(), odd, { ...odd, amounts: [1, 2] }])
    expect(ring.load(saved)).toBe(false)
})

test('an item older than the ring reaches is refused', () => {
  const ring = createRingWindow({ bucketMs, windowMs: 100, channelCount: 1 })
  expect(ring.add(1_000, 0, 1)).toBe(true)
  expect(ring.add(900, 0, 1)).toBe(true)
  expect(ring.add(880, 0, 1)).toBe(false)
  expect(ring.sum(0, 1_000, 100)).toBe(1)
})

test('a window widens until it holds enough, and no further than it may', () => {
  const ring = createRingWindow({ bucketMs, windowMs: 100, spanMs: 1_000, channelCount: 1 })
  for (let atMs = 0; atMs < 1_000; atMs += 50) ring.add(atMs, 0, 1)
  const widen = (atLeast: number) =>
    ring.widen({ channel: 0, endMs: 999, atLeast, windowMs: 100, windowMaxMs: 500 })
  expect(widen(2)).toBe(100)
  expect(widen(4)).toBe(200)
  expect(widen(100)).toBe(500)
})

test('sums stay exact however long the ring turns', () => {
  const ring = createRingWindow({ bucketMs, windowMs: 100, channelCount: 1 })
  for (let atMs = 0; atMs < 100_000; atMs += 10) ring.add(atMs, 0, 0.1)
  expect(ring.sum(0, 99_999, 100)).toBeCloseTo(1, 12)
})

test('an item counts as its samples and its weight would one by one, and buckets are read in a row', () => {
  const items = fc.array(
    fc.record({ atMs: fc.nat(30_000), count: fc.nat(3), weight: fc.nat(9), channel: fc.nat(1) }),
  )
  fc.assert(
    fc.property(items, fc.integer({ min: -2_000, max: 30_000 }), (all, fromMs) => {
      const shape = { bucketMs: 1_000, windowMs: 2_000, spanMs: 10_000, channelCount: 3 }
      const [whole, parts] = [createRingWindow(shape), createRingWindow(shape)]
      for (const item of all) {
        const { atMs, count, weight, channel } = item
        const isTaken = parts.add(atMs, 0, count)
        if (isTaken) parts.add(atMs, channel + 1, weight)
        expect(whole.addItem(atMs, item, channel + 1)).toBe(isTaken)
      }
      expect(whole.save()).toEqual(parts.save())
      for (const channel of [0, 1, 2]) {
        const row = new Float64Array(12).fill(1)
        whole.addTo(row, { channel, fromMs })
        const sums = Array.from(row, (_, index) =>
          parts.sum(channel, (Math.floor(fromMs / 1_000) + index) * 1_000, 1_000),
        )
        expect([...row]).toEqual(sums.map((sum) => sum + 1))
      }
    }),
  )
})
