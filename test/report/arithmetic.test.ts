import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findMitigatedMs, toDarkTimeS, toPartition } from '../../src/report/availability.ts'
import { toWindowRequests } from '../../src/report/budget.ts'
import { createCapacity } from '../../src/report/capacity.ts'
import { buildChain } from '../../src/report/chain.ts'
import { createCounterfactual } from '../../src/report/counterfactual.ts'
import { toCounterfactual } from '../../src/report/coverage.ts'
import { disruptionOf, summarise } from '../../src/report/disruption.ts'
import type { TransitionRow } from '../../src/report/journal-rows.ts'
import { findMoves, type RouteMove } from '../../src/report/moves.ts'
import { eligibleOf, NO_REQUESTS, type RequestBin, sumBins } from '../../src/report/request-bins.ts'

const bin = (second: number, counts: Partial<RequestBin> = {}): RequestBin => ({
  ...NO_REQUESTS,
  atMs: second * 1000,
  ...counts,
})
const of = (second: number, ok: number, failed: number) =>
  bin(second, { samples: ok + failed, primary: ok, failed })

test.for([
  { pattern: [0, 0, 5, 0], dark: 2, why: 'the longest run, not the sum' },
  {
    pattern: [0, undefined, 0, 5],
    dark: 2,
    why: 'a bin without requests neither extends nor breaks',
  },
  { pattern: [5, 5], dark: 0, why: 'something was ok' },
])('dark for $dark s: $why', ({ pattern, dark }) => {
  const bins = pattern.map((ok, second) => (ok === undefined ? bin(second) : of(second, ok, 5)))
  expect(toDarkTimeS(bins, 1000)).toBe(dark)
})

test('t9 is the start of ten good bins in a row, unknown ones passed over', () => {
  const bins = Array.from({ length: 40 }, (_, second) => {
    if (second < 5 || second === 12) return of(second, 5, 95)
    return second % 5 === 0 ? of(second, 3, 0) : of(second, 100, 1)
  })
  expect(findMitigatedMs({ bins, binMs: 1000, theta: 0.95 })).toBe(13_000)
})

test('the parts of the partition sum to the duration, whatever the traffic', () => {
  const anyBin = fc.record({ primary: fc.nat(60), fallback: fc.nat(60), failed: fc.nat(60) })
  fc.assert(
    fc.property(fc.array(anyBin, { maxLength: 50 }), (counts) => {
      const bins = counts.map((one, second) =>
        bin(second, { ...one, samples: one.primary + one.fallback + one.failed }),
      )
      const parts = Object.values(toPartition({ bins, binMs: 5000, theta: 0.95 }))
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(bins.length * 5)
      const sum = sumBins(bins)
      expect(eligibleOf(sum)).toBe(sum.samples)
    }),
  )
})

const attempts = (from: number, until: number, counts: readonly [ok: number, failed: number]) =>
  Array.from({ length: until - from }, (_, index) => {
    const [ok, failed] = counts
    return { atMs: (from + index) * 1000, count: ok + failed, ok, failed }
  })

test.for([
  { isCapacity: false, value: 0.04, why: 'the trickle, when nothing says capacity' },
  { isCapacity: true, value: 0.4, why: 'the ratio before the move, when capacity is the matter' },
])('a primary at 60 % looks healthy when relieved: p is $why', ({ isCapacity, value }) => {
  const primary = [...attempts(0, 60, [60, 40]), ...attempts(61, 300, [24, 1])]
  const chanceAt = createCounterfactual({
    ...{ primary, binMs: 1000, t0Ms: 0, poolMs: 30_000, isCapacity },
    moves: [{ engagedMs: 60_500, rampPassedMs: 250_000, backMs: 290_000 }],
    capacity: { shortfall: () => undefined },
  })
  expect(chanceAt(120_000)).toEqual({ value, low: 0.04, high: 0.4, assumed: false })
  // Once the primary has carried a quarter of the load, its own attempts are believed.
  expect(chanceAt(251_000)).toMatchObject({ value: 0.04, high: 0.04 })
})

test('what the primary cannot carry it would have failed, however well its trickle fares', () => {
  const chanceAt = createCounterfactual({
    primary: [...attempts(0, 60, [60, 40]), ...attempts(61, 300, [25, 0])],
    ...{ binMs: 1000, t0Ms: 0, poolMs: 30_000, isCapacity: false },
    moves: [{ engagedMs: 60_500 }],
    capacity: { shortfall: () => 0.3 },
  })
  expect(chanceAt(120_000)).toMatchObject({ value: 0.3, low: 0.3, high: 0.4 })
})

test('without a trickle p is the ratio before the move, marked assumed, and 0 at the least', () => {
  const chanceAt = createCounterfactual({
    primary: [...attempts(-60, 0, [100, 0]), ...attempts(0, 4, [0, 100])],
    ...{ binMs: 1000, t0Ms: 0, poolMs: 30_000, isCapacity: false },
    moves: [{ engagedMs: 4_000 }],
    capacity: { shortfall: () => undefined },
  })
  // A fast rule moved after 4 s: the 26 healthy seconds before T0 do not dilute it.
  expect(chanceAt(60_000)).toEqual({ value: 1, low: 0, high: 1, assumed: true })
})

test('bounds stand in their order and hold the value', () => {
  const chance = fc
    .tuple(fc.float({ min: 0, max: 1, noNaN: true }), fc.float({ min: 0, max: 1, noNaN: true }))
    .map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b), value: b, assumed: false }))
  const counts = fc.record({ observed: fc.nat(50), straight: fc.nat(50) })
  fc.assert(
    fc.property(counts, fc.nat(50), chance, ({ observed, straight }, served, p) => {
      const straightServed = Math.min(served, straight)
      const bins = [
        bin(0, { observed, straight, straightServed, fallback: straightServed, failed: 1 }),
      ]
      const { coverage, availability } = toCounterfactual(bins, () => p)
      for (const one of [coverage, availability]) {
        if (one.value === null) continue
        expect(one.low).toBeLessThanOrEqual(one.value)
        expect(one.high).toBeGreaterThanOrEqual(one.value)
      }
    }),
  )
})

test('κ is the best full window per ready worker, and pools add up', () => {
  const capacity = createCapacity({
    readings: [
      { series: 'a', atMs: 0, value: 6 },
      { series: 'b', atMs: 0, value: 4 },
      { series: 'a', atMs: 200_000, value: 2 },
    ],
    throughput: [600, 6_000, 4_800, 9_000].map((ok, minute) => ({ atMs: minute * 60_000, ok })),
    windowMs: 60_000,
    offered: Array.from({ length: 400 }, (_, second) => ({ atMs: second * 1000, offered: 100 })),
    binMs: 1000,
  })
  // The first and the last window may be cut: 6,000 in a minute by 10 workers.
  expect(capacity.perWorker).toBe(10)
  expect(capacity.readyAt(250_000)).toBe(6)
  expect(capacity.shortfall(250_000)).toBeCloseTo(1 - 60 / 100, 9)
  expect(capacity.shortfall(100_000)).toBe(0)
})

const bounds = { t0Ms: 0, t1Ms: 100_000, cutMs: 900_000, horizonMs: 2_000_000 }

test.for([
  { failures: [[800, 12_000]], seconds: 11.2, isCensored: false, why: 'one failure' },
  {
    failures: [
      [0, 10_000],
      [5_000, 10_000],
    ],
    seconds: 10,
    isCensored: false,
    why: 'joined',
  },
  {
    failures: [
      [0, 5_000],
      [9_000, 10_000],
    ],
    seconds: 6,
    isCensored: false,
    why: 'apart',
  },
  { failures: [[50_000, 0]], seconds: 900, isCensored: true, why: 'never came back' },
  { failures: [[200_000, 0]], seconds: 800, isCensored: true, why: 'clipped at T1 + c' },
])('a session is disrupted for $seconds s: $why', ({ failures, seconds, isCensored }) => {
  const own = failures.map(([instantMs = 0, backMs = 0]) => ({
    instantMs,
    backMs: backMs > 0 ? backMs : undefined,
  }))
  expect(disruptionOf(own, bounds)).toEqual({ seconds, isCensored })
})

test('an answer before patience ends is no disruption', () => {
  expect(disruptionOf([{ instantMs: 2_000_000, backMs: undefined }], bounds)).toBeUndefined()
})

test('quantiles: nearest rank, and Kaplan–Meier when more than 5 % never came back', () => {
  const seconds = (all: readonly number[], censored: readonly number[] = []) => [
    ...all.map((one) => ({ seconds: one, isCensored: false })),
    ...censored.map((one) => ({ seconds: one, isCensored: true })),
  ]
  expect(summarise(seconds([1, 2, 3, 4])).p50).toEqual({ status: 'known', seconds: 2 })
  expect(summarise(seconds([1, 2, 3, 4])).p95).toEqual({ status: 'known', seconds: 4 })
  // Of eight, two left early at 2.5: survival 7/8, 6/8, then 6/8 · 3/4, 6/8 · 2/4.
  const { p50, p95 } = summarise(seconds([1, 2, 3, 4, 5, 6], [2.5, 2.5]))
  expect([p50, p95]).toEqual([
    { status: 'known', seconds: 4 },
    { status: 'known', seconds: 6 },
  ])
  expect(summarise(seconds([1], [900])).p95).toEqual({ status: 'beyond', seconds: 900 })
  expect(summarise([]).p50).toEqual({ status: 'none' })
})

test('less than 30 days are extended at their own rate, and labelled', () => {
  const day = 86_400_000
  const window = { eligible: 1000, oldestMs: 29 * day, untilMs: 30 * day, isComplete: false }
  expect(toWindowRequests(window)).toEqual({ value: 30_000, label: 'forecast' })
  expect(toWindowRequests({ ...window, isComplete: true })).toEqual({ value: 1000 })
  expect(toWindowRequests({ ...window, eligible: 0, oldestMs: undefined })).toEqual({ value: null })
})

test('moves are read from transitions, with the ramp step that the primary passed', () => {
  const step = (atMs: number, path: string, share?: number): TransitionRow => ({
    ...{ atMs, kind: 'state', epoch: 1, generation: atMs },
    ...{ fromState: path.split(' ')[0] ?? '', toState: path.split(' ')[1] ?? '' },
    ...{ version: atMs, text: '', incident: '', evidence: '' },
    data:
      share === undefined
        ? ''
        : JSON.stringify({ desired: { targets: [{ target: 'cloud', weight: share }] } }),
  })
  const transitions = [
    { ...step(1, 'primary engaging'), kind: 'would_act' },
    step(10, 'suspect engaging', 0.05),
    step(20, 'engaging fallback', 0.05),
    step(30, 'probing ramping', 0.25),
    step(40, 'ramping ramping', 0.5),
    step(50, 'ramping primary', 1),
    step(70, 'suspect engaging', 0),
  ]
  const found = findMoves({ transitions, incident: 'x', fromMs: 0, toMs: 100, primary: 'cloud' })
  expect(
    found.map(({ engagedMs, backMs, rampPassedMs }) => [engagedMs, backMs, rampPassedMs]),
  ).toEqual([
    [10, 50, 40],
    [70, undefined, undefined],
  ])
})

test('t7 waits for the last accountable router: one that applied it is not everybody', () => {
  const proof = (atMs: number, evidence: object): TransitionRow => ({
    ...{ atMs, kind: 'proof', fromState: 'engaging', toState: 'engaging', version: 2 },
    ...{ epoch: 1, generation: 2, text: '', incident: 'x', data: '' },
    evidence: JSON.stringify(evidence),
  })
  const one = proof(1_100, { witness: 'observed', router: 'router-1' })
  const all = proof(1_900, { witness: 'observed', all: true })
  const move = { engagedMs: 1_000, epoch: 1, generation: 2, rule: 'r', windowMs: 1 }
  const t7Of = (transitions: readonly TransitionRow[]) =>
    buildChain({
      ...{ move: move as RouteMove, firstFailed: undefined, ruleTrueMs: undefined },
      ...{ deliveries: [], under: [], transitions, t0Ms: 0, mitigatedMs: null },
    }).stamps.find(({ id }) => id === 't7')?.at
  expect(t7Of([one])).toBeNull()
  expect(t7Of([one, all])).toBe('1970-01-01T00:00:01.900Z')
})
