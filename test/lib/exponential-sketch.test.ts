import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExponentialSketch } from '../../src/lib/exponential-sketch.ts'
import { createSketchWindow } from '../../src/lib/sketch-window.ts'
import { createNormal, createRandom } from '../detect/kind-bench.ts'

const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999]
const one = { weight: 1, count: 1 }

/** The smallest value with at least the share q at or below it. */
function exact(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length - 1e-6) - 1)] as number
}

function sketchOf(values: readonly number[]): ExponentialSketch {
  const sketch = new ExponentialSketch()
  for (const value of values) sketch.add(value, 1, 1)
  return sketch
}

function samples(draw: (random: () => number) => number, count = 20_000): number[] {
  const random = createRandom(7)
  return Array.from({ length: count }, () => draw(random))
}

const normal = (random: () => number) => createNormal(random)()
test.for([
  { name: 'log-normal', values: samples((random) => Math.exp(6 + 0.8 * normal(random))) },
  { name: 'bimodal', values: samples((random) => (random() < 0.93 ? 40 : 9_000) * (1 + random())) },
  { name: 'constant', values: samples(() => 10_000) },
  { name: 'uniform from 0', values: samples((random) => random()) },
  { name: 'whole numbers', values: samples((random) => Math.floor(random() * 12)) },
])('every quantile of $name is within 1.1 % of the exact one', ({ values }) => {
  const sketch = sketchOf(values)
  for (const q of QUANTILES) {
    const true_ = exact(values, q)
    const error = Math.abs((sketch.quantile(q) ?? Number.NaN) - true_)
    expect(error, `q ${q} is ${true_}`).toBeLessThanOrEqual(0.011 * true_)
  }
})

const numbers = fc.array(fc.double({ min: 0.5, max: 16_000, noNaN: true }), { minLength: 1 })
const q = fc.double({ min: 0.001, max: 0.999, noNaN: true })

test('any numbers, any q: within 1.1 %', () => {
  fc.assert(
    fc.property(numbers, q, (values, at) => {
      const true_ = exact(values, at)
      const found = sketchOf(values).quantile(at) ?? Number.NaN
      expect(Math.abs(found / true_ - 1)).toBeLessThanOrEqual(0.011)
    }),
  )
})

test('a merge of sketches is the sketch of all', () => {
  fc.assert(
    fc.property(fc.array(numbers), q, (parts, at) => {
      const merged = new ExponentialSketch('double')
      for (const part of parts) merged.merge(sketchOf(part))
      const whole = sketchOf(parts.flat())
      expect(merged.quantile(at)).toBe(whole.quantile(at))
      expect(merged.count).toBe(whole.count)
    }),
  )
})

test('exactly the share that q leaves above does not move it', () => {
  const values = [...Array(95).fill(100), ...Array(5).fill(9_000)]
  expect(sketchOf(values).quantile(0.95)).toBeCloseTo(100, -1)
  expect(sketchOf([...values, 9_000]).quantile(0.95)).toBeCloseTo(9_000, -3)
  expect(sketchOf([...Array(90).fill(1), ...Array(10).fill(2)]).quantile(0.9)).toBeCloseTo(1, 1)
})

test('weights count as so many', () => {
  const sketch = new ExponentialSketch()
  sketch.add(1, 9, 1)
  sketch.add(100, 1, 1)
  expect(sketch.quantile(0.89)).toBeCloseTo(1, 1)
  expect(sketch.quantile(0.91)).toBeCloseTo(100, -1)
  expect(sketch).toMatchObject({ count: 2, weight: 10 })
})

test('zero and below count as zero, and nothing is no number', () => {
  expect(new ExponentialSketch().quantile(0.5)).toBeUndefined()
  expect(sketchOf([0, 0, 0, 7]).quantile(0.5)).toBe(0)
  expect(sketchOf([0, 0, 0, 7]).quantile(0.9)).toBeCloseTo(7, 0)
  expect(sketchOf([-5, -3]).quantile(0.5)).toBe(-3)
})

test('however far numbers lie apart, a sketch takes 16 pages and the top stays exact', () => {
  const values = samples((random) => 2 ** (random() * 90 - 30))
  const single = sketchOf(values)
  expect(single.bytes).toBe(16 * 32 * 4)
  const double = new ExponentialSketch('double')
  double.merge(single)
  expect(double.bytes).toBe(16 * 32 * 8)
  const inRange = values.map((value) => Math.min(value, 2 ** 43.9))
  const error = (sketchOf(inRange).quantile(0.95) ?? 0) / exact(inRange, 0.95) - 1
  expect(Math.abs(error)).toBeLessThanOrEqual(0.011)
  single.clear()
  expect(single.bytes).toBe(0)
  expect(single.quantile(0.5)).toBeUndefined()
})

test('a window of sketches equals a sketch of what fell into it, also when items come late', () => {
  const item = fc.record({
    atMs: fc.integer({ min: 1_000, max: 4_000 }),
    value: fc.double({ min: 1, max: 999, noNaN: true }),
  })
  fc.assert(
    fc.property(
      fc.array(item),
      fc.array(item),
      fc.integer({ min: 1_000, max: 4_500 }),
      (before, after, endMs) => {
        const window = createSketchWindow({ bucketMs: 100, windowMs: 500, spanMs: 1_500 })
        const kept: typeof before = []
        for (const { atMs, value } of before)
          if (window.add(atMs, value, one)) kept.push({ atMs, value })
        window.running(endMs)
        for (const { atMs, value } of after)
          if (window.add(atMs, value, one)) kept.push({ atMs, value })
        const head = Math.max(...kept.map(({ atMs }) => Math.floor(atMs / 100)))
        const end = Math.floor(endMs / 100)
        for (const buckets of [5, 15]) {
          const inside = kept.filter(({ atMs }) => {
            const bucket = Math.floor(atMs / 100)
            return bucket <= end && bucket > end - buckets && bucket > head - 16
          })
          const sketch = buckets === 5 ? window.running(endMs) : window.over(endMs, 1_500)
          // What a newer bucket pushed out while the window stood still is gone a bucket later.
          if (head - end < 10) expect(sketch.count).toBe(inside.length)
          if (head - end < 10)
            expect(sketch.quantile(0.5)).toBe(
              sketchOf(inside.map(({ value }) => value)).quantile(0.5),
            )
        }
      },
    ),
  )
})

test('memory of a window is bounded by its buckets, and mostly far below', () => {
  const random = createRandom(3)
  const fill = (draw: () => number) => {
    const window = createSketchWindow({ bucketMs: 1_000, windowMs: 18_000, spanMs: 240_000 })
    for (let atMs = 0; atMs < 500_000; atMs += 20) window.add(atMs, draw(), one)
    window.running(500_000)
    return window.bytes
  }
  expect(fill(() => 2 ** (random() * 60 - 15))).toBeLessThanOrEqual(241 * 2_048 + 4_096)
  const gauss = createNormal(random)
  expect(fill(() => Math.exp(7 + 0.5 * gauss()))).toBeLessThan(241 * 700)
})

test('a window widens to the narrowest that holds enough', () => {
  const window = createSketchWindow({ bucketMs: 100, windowMs: 500, spanMs: 1_500 })
  for (const atMs of [1_050, 1_450, 1_850, 1_950]) window.add(atMs, 1, one)
  const widen = (atLeast: number) =>
    window.widen({ endMs: 1_999, atLeast, windowMs: 200, windowMaxMs: 1_000 })
  expect([1, 2, 3, 4, 5].map(widen)).toEqual([200, 200, 600, 1_000, undefined])
})
