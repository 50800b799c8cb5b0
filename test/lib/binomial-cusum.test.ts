import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CusumBin, findExcursion } from '../../src/lib/binomial-cusum.ts'

const bin = (atMs: number, ok: number, failed: number): CusumBin => ({
  atMs,
  count: ok + failed,
  ok,
  failed,
})
const find = (bins: readonly CusumBin[], lastMs: number, baselineRatio = 0.001) =>
  findExcursion({ bins, lastMs, baselineRatio })

test.for([
  { name: 'nothing', bins: [], start: undefined },
  { name: 'all well', bins: [bin(0, 100, 0), bin(1, 100, 0)], start: undefined },
  { name: 'it begins', bins: [bin(0, 100, 0), bin(1, 0, 100)], start: 1 },
  // One failure among 60 weighs ln 50 − 59·ln(0.999/0.95) = 3.912 − 2.967 > 0, among 100 less than 0.
  { name: 'one failure in few', bins: [bin(0, 59, 1), bin(1, 0, 9)], start: 0 },
  { name: 'one failure in many', bins: [bin(0, 99, 1), bin(1, 0, 9)], start: 1 },
  { name: 'over, and again', bins: [bin(0, 0, 9), bin(1, 900, 0), bin(2, 0, 9)], start: 2 },
  { name: 'empty bins say nothing', bins: [bin(0, 0, 9), bin(1, 0, 0), bin(2, 0, 9)], start: 0 },
  { name: 'any order', bins: [bin(2, 0, 9), bin(0, 50, 0), bin(1, 0, 9)], start: 1 },
  { name: 'what comes after', bins: [bin(0, 50, 0), bin(3, 0, 9)], start: undefined },
])('$name: starts at $start', ({ bins, start }) => {
  expect(find(bins, 2)?.startMs).toBe(start)
})

test('the likelihood is the one of the excursion alone', () => {
  const { logLikelihood } = find([bin(0, 100, 0), bin(1, 95, 5), bin(2, 50, 50)], 2)!
  expect(logLikelihood).toBeCloseTo(55 * Math.log(50) + 145 * Math.log(0.95 / 0.999), 9)
})

test('a weighted share moves it by samples, and p1 follows a worse baseline', () => {
  // 10 samples of weight 4, half of them failed; p0 = 0.2 gives p1 = (1 + 0.2)/2.
  const found = find([{ atMs: 0, count: 10, ok: 20, failed: 20 }], 0, 0.2)
  expect(found?.logLikelihood).toBeCloseTo(5 * Math.log(3) + 5 * Math.log(0.5), 9)
})

/** Literally: the last bin at which the running sum of weights of evidence is at its least. */
function leastSum(bins: readonly CusumBin[], p0: number): number | undefined {
  const p1 = Math.min(Math.max(5 * p0, 0.05), (1 + p0) / 2)
  let sum = 0
  let least = 0
  let start = 0
  for (const [index, { ok, failed }] of bins.entries()) {
    sum += failed * Math.log(p1 / p0) + ok * Math.log((1 - p1) / (1 - p0))
    if (sum <= least) {
      least = sum
      start = index + 1
    }
  }
  return start < bins.length ? start : undefined
}

test('it is the most likely start: where the sum of evidence was least', () => {
  const share = fc.tuple(fc.nat(60), fc.nat(8)).filter(([ok, failed]) => ok + failed > 0)
  fc.assert(
    fc.property(
      fc.array(share, { maxLength: 40 }),
      fc.constantFrom(0.001, 0.02, 0.3),
      (all, p0) => {
        const bins = all.map(([ok, failed], index) => bin(index, ok, failed))
        expect(find(bins, 99, p0)?.startMs).toBe(leastSum(bins, p0))
      },
    ),
  )
})
