import { expect, test } from 'vitest'
import { chooseBinMs } from '../../src/lib/bin-width.ts'
import { findInterval, type PrimaryBin } from '../../src/report/interval.ts'

const T = Date.UTC(2026, 0, 11, 14, 26, 0)

interface Phase {
  /** Seconds since the outage began. */
  readonly from: number
  readonly until: number
  readonly perSecond: number
  readonly failedRatio: number
}

/** One-second bins of attempts on the primary. */
function attempts(phases: readonly Phase[]): PrimaryBin[] {
  return phases.flatMap(({ from, until, perSecond, failedRatio }) =>
    Array.from({ length: until - from }, (_, index) => ({
      atMs: T + (from + index) * 1000,
      count: perSecond,
      ok: perSecond * (1 - failedRatio),
      failed: perSecond * failedRatio,
    })),
  )
}

function find(phases: readonly Phase[], more: Partial<Parameters<typeof findInterval>[0]> = {}) {
  const interval = findInterval({
    bins: attempts(phases),
    binMs: 1000,
    baselineRatio: 0,
    detectMs: T + 36_000,
    incidentT0Ms: T + 5_000,
    horizonMs: T + 2_000_000,
    quietForMs: 120_000,
    poolMs: 30_000,
    ...more,
  })
  return { ...interval, t0: (interval.t0Ms - T) / 1000, t1: (interval.t1Ms - T) / 1000 }
}

const healthy = { from: -600, until: 0, perSecond: 100, failedRatio: 0.0 }
const total = { from: 0, until: 37, perSecond: 100, failedRatio: 1 }

test('a trickle that fails to the end bears witness of T1', () => {
  const trickle = { from: 37, until: 1560, perSecond: 5, failedRatio: 1 }
  const after = { from: 1560, until: 1900, perSecond: 100, failedRatio: 0 }
  const found = find([healthy, total, trickle, after])
  expect(found).toMatchObject({ t0: 0, t1: 1560, state: 'final', t0From: 'cusum', badAbove: 0.05 })
})

test('without a trickle the outage ends where the step begins that proved the primary', () => {
  const after = { from: 1560, until: 1900, perSecond: 100, failedRatio: 0 }
  expect(find([healthy, total, after])).toMatchObject({ t0: 0, t1: 1560, state: 'final' })
})

test('a trickle that recovers at once ends it there, not where its pool clears', () => {
  const trickle = { from: 37, until: 100, perSecond: 5, failedRatio: 1 }
  const well = { from: 100, until: 1900, perSecond: 5, failedRatio: 0 }
  expect(find([healthy, total, trickle, well])).toMatchObject({ t1: 100, badBinCount: 100 })
})

test('while the primary cannot carry the load, its healthy trickle proves nothing (S12)', () => {
  const well = { from: 40, until: 1900, perSecond: 5, failedRatio: 0 }
  const capacityShort = (atMs: number) => atMs >= T + 40_000 && atMs < T + 900_000
  expect(find([healthy, total, well], { capacityShort })).toMatchObject({ t1: 900 })
})

test('quiet has to last: failures that return within it belong to the same outage', () => {
  const phases = [
    healthy,
    total,
    { from: 37, until: 100, perSecond: 100, failedRatio: 0 },
    { from: 100, until: 110, perSecond: 100, failedRatio: 0.5 },
    { from: 110, until: 1900, perSecond: 100, failedRatio: 0 },
  ]
  expect(find(phases)).toMatchObject({ t1: 110 })
  expect(find(phases, { quietForMs: 60_000 })).toMatchObject({ t1: 37 })
})

test('while it lasts, T1 is the watermark and the state provisional', () => {
  const found = find([healthy, { ...total, until: 300 }], { horizonMs: T + 250_400 })
  expect(found).toMatchObject({ t1: 250, state: 'provisional' })
})

test('an incident that a person resolved is final, bad or not', () => {
  const found = find([healthy, { ...total, until: 300 }], {
    horizonMs: T + 250_400,
    resolvedMs: T + 200_000,
  })
  expect(found).toMatchObject({ t1: 200, state: 'final' })
})

test('failures of the baseline neither move T0 nor make bins bad', () => {
  const noisy = { ...healthy, failedRatio: 0.02 }
  const found = find([noisy, total, { ...noisy, from: 37, until: 300 }], { baselineRatio: 0.02 })
  expect(found).toMatchObject({ t0: 0, t1: 37, badAbove: 0.06 })
})

test('without any sign in the attempts, T0 is the incident’s own', () => {
  const found = find([{ ...healthy, until: 300 }], { horizonMs: T + 300_000 })
  expect(found).toMatchObject({ t0: 5, t0From: 'incident', state: 'provisional' })
})

test.for([
  { perSecond: 200, binMs: 1000 },
  { perSecond: 50, binMs: 1000 },
  { perSecond: 49, binMs: 5000 },
  { perSecond: 5, binMs: 10_000 },
  { perSecond: 2, binMs: 30_000 },
  { perSecond: 0.1, binMs: 60_000 },
])('at $perSecond requests/s a bin is $binMs ms wide', ({ perSecond, binMs }) => {
  const seconds = Array.from({ length: 600 }, (_, index) => ({
    atMs: T + index * 1000,
    count: Math.floor((index + 1) * perSecond) - Math.floor(index * perSecond),
  }))
  expect(chooseBinMs({ seconds, fromMs: T, toMs: T + 600_000 })).toBe(binMs)
})
