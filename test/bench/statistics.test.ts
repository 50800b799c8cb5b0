import { expect, test } from 'vitest'
import { medianOf, quantileOf, slopeOf } from '../../src/bench/statistics.ts'

test.for([
  { values: [], q: 0.5, is: 0 },
  { values: [3], q: 0.99, is: 3 },
  { values: [9, 1, 5], q: 0.5, is: 5 },
  { values: [10, 9, 100, 1], q: 1, is: 100 },
])('the $q-quantile of $values is $is', ({ values, q, is }) => {
  expect(quantileOf(values, q)).toBe(is)
})

test.for([
  { values: [], is: 0 },
  { values: [4], is: 4 },
  { values: [10, 9, 100], is: 10 },
  { values: [1, 2, 3, 100], is: 2.5 },
])('the median of $values is $is', ({ values, is }) => {
  expect(medianOf(values)).toBe(is)
})

test.for([
  { ys: [], slope: 0, why: 'nothing to fit' },
  { ys: [7], slope: 0, why: 'one point has no slope' },
  { ys: [5, 5, 5], slope: 0, why: 'level' },
  { ys: [1, 3, 5, 7], slope: 2, why: 'a line' },
  { ys: [0, 3, 3, 6], slope: 1.8, why: 'least squares' },
])('growth of $ys is $slope ($why)', ({ ys, slope }) => {
  expect(slopeOf(ys.map((y, x) => ({ x, y })))).toBeCloseTo(slope, 9)
})
