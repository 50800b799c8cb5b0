import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KindState } from '../../src/detect/kind.ts'
import { BAD, createShareWindows, SAMPLES, TOTAL } from '../../src/lib/share-windows.ts'
import { expectRefuses, expectResumes, instantAt, itemAt, kindOf, stepsOf } from './kind-bench.ts'
import { createPlay } from './play.ts'

const DEFAULT = `
  - { id: rule, kind: burn_rate, on: requests, bad: { outcome: failed }, objective: 0.999 }
`
const FAST = DEFAULT.replace('0.999 }', '0.999, windows: [{ long: 1h, short: 5m, factor: 14.4 }] }')

/** Ten items a second, of which the first `badOfTen` fail; the first second in which `until` holds. */
function feed(
  kind: KindState,
  span: { fromS: number; toS: number; badOfTen?: number },
  until: (endS: number) => boolean = () => false,
): number | undefined {
  for (let atS = span.fromS; atS < span.toS; atS++)
    for (let part = 0; part < 10; part++) {
      const outcome = part < (span.badOfTen ?? 0) ? 'failed' : 'ok'
      kind.add(itemAt(atS + part / 10, { outcome }))
      if (part % 5 === 0 && until(atS + part / 10)) return atS + part / 10
    }
  return undefined
}

const trips = (kind: KindState) => (endS: number) => kind.judge(instantAt(endS)).outcome === 'trips'
const clears = (kind: KindState) => (endS: number) => {
  kind.judge(instantAt(endS, { isTripped: true }))
  return kind.clears(instantAt(endS))
}

test('a total outage trips 1h/5m at 14.4 after 0.0144 × 3,600 s = 52 s', () => {
  const kind = kindOf(DEFAULT)
  feed(kind, { fromS: 0, toS: 21_600 })
  expect(kind.judge(instantAt(21_600))).toMatchObject({ outcome: 'calm', value: 0 })
  const atS = feed(kind, { fromS: 21_600, toS: 22_000, badOfTen: 10 }, trips(kind)) ?? 0
  expect(atS - 21_600).toBeGreaterThanOrEqual(51.8)
  expect(atS - 21_600).toBeLessThanOrEqual(53)
  const reading = kind.judge(instantAt(atS))
  expect(reading).toMatchObject({ threshold: 14.4, outcome: 'trips' })
  expect(reading.value).toBeCloseTo(14.4, 0)
  expect(reading.count).toBe(36_000 - 9)
})

test('half of everything failing takes twice as long', () => {
  const kind = kindOf(DEFAULT)
  feed(kind, { fromS: 0, toS: 21_600 })
  const atS = feed(kind, { fromS: 21_600, toS: 22_000, badOfTen: 5 }, trips(kind)) ?? 0
  // The 519th bad one of 36,000: they come in the first half of each second.
  expect(atS - 21_600).toBeGreaterThanOrEqual(103.3)
  expect(atS - 21_600).toBeLessThanOrEqual(104.8)
})

test('it clears when the short windows have forgotten: 5m after 296 s', () => {
  const kind = kindOf(FAST)
  feed(kind, { fromS: 0, toS: 3_600 })
  feed(kind, { fromS: 3_600, toS: 4_200, badOfTen: 10 })
  expect(trips(kind)(4_200)).toBe(true)
  const atS = feed(kind, { fromS: 4_200, toS: 5_000 }, clears(kind)) ?? 0
  // (300 − t)/300 ≤ 0.0144.
  expect(atS - 4_200).toBeGreaterThanOrEqual(294.6)
  expect(atS - 4_200).toBeLessThanOrEqual(296.5)
})

test('with the default pairs, 30m must forget as well: after 1,789 s', () => {
  const kind = kindOf(DEFAULT)
  feed(kind, { fromS: 0, toS: 21_600 })
  feed(kind, { fromS: 21_600, toS: 22_200, badOfTen: 10 })
  const atS = feed(kind, { fromS: 22_200, toS: 24_400 }, clears(kind)) ?? 0
  expect(atS - 22_200).toBeGreaterThanOrEqual(1_788)
  expect(atS - 22_200).toBeLessThanOrEqual(1_790)
})

test('one percent, ten times the budget, trips 6h/30m at 6 after 3.6 h and never 1h/5m', () => {
  const fast = kindOf(FAST)
  const both = kindOf(DEFAULT)
  let trippedS: number | undefined
  for (let atS = 0; atS < 21_600 + 16_000; atS++) {
    const isBad = atS > 21_600 && atS % 100 === 0
    const item = itemAt(atS, { outcome: isBad ? 'failed' : 'ok' })
    for (const kind of [fast, both]) kind.add(item)
    if (atS % 10 !== 0) continue
    expect(fast.judge(instantAt(atS)).outcome).not.toBe('trips')
    if (trips(both)(atS)) trippedS ??= atS - 21_600
  }
  // 0.006 × 21,600 are 129.6 bad ones: the 130th, in buckets of a minute.
  expect(trippedS).toBeGreaterThanOrEqual(12_960)
  expect(trippedS).toBeLessThanOrEqual(13_200)
})

test('exactly the factor is not over it, wherever buckets begin', () => {
  const rule = FAST.replace('14.4', '10')
  const kind = kindOf(rule)
  for (let atS = 0; atS < 8_000; atS++) {
    const outcome = atS % 100 === 37 ? 'failed' : 'ok'
    kind.add(itemAt(atS + 0.3, { outcome }))
    if (atS > 4_000) expect(kind.judge(instantAt(atS + 0.3)).outcome).not.toBe('trips')
  }
})

test('the short window keeps what is over from firing', () => {
  const kind = kindOf(FAST)
  feed(kind, { fromS: 0, toS: 100, badOfTen: 10 })
  feed(kind, { fromS: 100, toS: 500 })
  expect(kind.judge(instantAt(500))).toMatchObject({ outcome: 'calm', count: 5_000 })
  // 100 s of an hour failed, whatever of it was lived.
  expect(kind.judge(instantAt(500)).value).toBeCloseTo(100 / 3.6)
})

test('few samples in the long window are insufficient', () => {
  const kind = kindOf(FAST)
  for (let count = 0; count < 29; count++) kind.add(itemAt(100, { outcome: 'failed' }))
  expect(kind.judge(instantAt(160))).toMatchObject({ outcome: 'few', count: 29 })
  kind.add(itemAt(100, { outcome: 'failed' }))
  expect(kind.judge(instantAt(160))).toMatchObject({ outcome: 'trips', count: 30 })
})

test('a window that is not full yet has the budget of a full one: an outage trips after the same time', () => {
  for (const ageS of [0, 10, 600, 3_000]) {
    const kind = kindOf(DEFAULT)
    feed(kind, { fromS: 0, toS: ageS })
    const atS = feed(kind, { fromS: ageS, toS: ageS + 100, badOfTen: 10 }, trips(kind)) ?? 0
    expect(atS - ageS).toBeGreaterThanOrEqual(51.8)
    expect(atS - ageS).toBeLessThanOrEqual(53)
  }
})

test('in the tenth minute 38 s of failures are 38 s of an hour, and no reason to page', () => {
  const kind = kindOf(FAST)
  feed(kind, { fromS: 0, toS: 600 })
  const atS = feed(kind, { fromS: 600, toS: 638, badOfTen: 10 }, trips(kind))
  feed(kind, { fromS: 638, toS: 700 })
  expect(atS).toBeUndefined()
  expect(kind.judge(instantAt(700)).value).toBeCloseTo(38 / 3.6, 0)
})

test('how much was lived survives a restart', () => {
  const kind = kindOf(FAST)
  feed(kind, { fromS: 0, toS: 600 })
  const next = kindOf(FAST)
  expect(next.load(structuredClone(kind.save(600_000)), 600_000)).toBe(true)
  expect(feed(next, { fromS: 600, toS: 640, badOfTen: 10 }, trips(next))).toBeUndefined()
  expect(next.judge(instantAt(640)).value).toBeCloseTo(40 / 3.6, 0)
})

test('it fires and clears by itself, and rejected ones count for nothing', () => {
  const play = createPlay(FAST.replace('1h, short: 5m', '60s, short: 10s'))
  play.run(60, () => play.send('request', { route: 'preview' }))
  for (let count = 0; count < 100; count++) play.send('request', { outcome: 'rejected' })
  play.run(62, () => play.send('request', { outcome: 'failed' }))
  expect(play.state()).toBe('firing')
  // 0.0144 × 600: the ninth.
  expect(play.enteredS('firing')).toBeGreaterThanOrEqual(60.8)
  expect(play.enteredS('firing')).toBeLessThan(61.7)
  play.run(75, () => play.send('request', {}))
  expect(play.state()).toBe('ok')
})

test('a window is what it says in a title, without one of its own', () => {
  const play = createPlay(FAST)
  play.send('request', {})
  expect(play.verdicts[0]).toMatchObject({ windowMs: 300_000, kind: 'burn_rate' })
})

test('what is missing bounds both shares, as in a ratio', () => {
  const kind = kindOf(FAST)
  feed(kind, { fromS: 0, toS: 3_600 })
  feed(kind, { fromS: 3_600, toS: 3_660, badOfTen: 10 })
  const judge = (missing: number, isTripped = false) =>
    kind.judge(instantAt(3_660, { missing: () => missing, isTripped }))
  // 600 bad of 36,000 are 1.67 %: over 1.44 % among up to 41,667.
  expect(judge(5_600)).toMatchObject({ outcome: 'trips' })
  expect(judge(5_700)).toMatchObject({ outcome: 'open' })
  expect(judge(5_700, true)).toMatchObject({ outcome: 'trips' })
  feed(kind, { fromS: 3_660, toS: 7_300 })
  const later = (missing: number) => kind.judge(instantAt(7_300, { missing: () => missing }))
  expect(later(43)).toMatchObject({ outcome: 'calm' })
  expect(later(600)).toMatchObject({ outcome: 'open' })
  expect(kind.clears(instantAt(7_300, { missing: () => 43 }))).toBe(true)
  expect(kind.clears(instantAt(7_300, { missing: () => 44 }))).toBe(false)
})

test('late items land in their own time, until the longest window has passed them', () => {
  const kind = kindOf(DEFAULT)
  feed(kind, { fromS: 30_000, toS: 30_600 })
  for (let count = 0; count < 600; count++) kind.add(itemAt(29_000, { outcome: 'failed' }))
  // Of an hour ago: burnt, but no longer burning.
  const reading = kind.judge(instantAt(30_600))
  expect(reading.outcome).toBe('trips')
  expect(kind.judge(instantAt(31_000)).outcome).toBe('calm')
  expect(kind.add(itemAt(100, { outcome: 'failed' }))).toBeUndefined()
})

const bench = fc.record({
  atMs: fc.integer({ min: 1_000, max: 3_000 }),
  weight: fc.integer({ min: 1, max: 5 }),
  isBad: fc.boolean(),
})
test('every sum of several windows equals a recount of what was added', () => {
  fc.assert(
    fc.property(fc.array(bench), fc.array(fc.nat(3_200)), (items, ends) => {
      const windows = createShareWindows({ bucketMs: 100, windowsMs: [300, 1_000] })
      const kept: typeof items = []
      let newestMs = 0
      items.forEach((one, index) => {
        if (windows.add(one.atMs, { count: 1, weight: one.weight }, one.isBad)) kept.push(one)
        windows.moveTo(ends[index] ?? 0)
        newestMs = Math.max(newestMs, one.atMs, ends[index] ?? 0)
      })
      for (const endMs of [newestMs, newestMs - 100])
        for (const windowMs of [300, 1_000, 700]) {
          const end = Math.floor(endMs / 100)
          const inside = kept.filter(({ atMs }) => {
            const bucket = Math.floor(atMs / 100)
            return bucket <= end && bucket > end - windowMs / 100
          })
          const weight = (list: typeof kept) => list.reduce((total, one) => total + one.weight, 0)
          expect(windows.sum(SAMPLES, endMs, windowMs)).toBe(inside.length)
          expect(windows.sum(TOTAL, endMs, windowMs)).toBe(weight(inside))
          expect(windows.sum(BAD, endMs, windowMs)).toBe(
            weight(inside.filter(({ isBad }) => isBad)),
          )
        }
    }),
  )
})

const fields = fc.record({ outcome: fc.constantFrom('ok', 'ok', 'failed', 'cancelled') })
test('it goes on after save and load as if nothing had been, and refuses what it did not save', () => {
  const short = FAST.replace('1h, short: 5m', '3m, short: 30s').replace(
    '}] }',
    '}], trip: { min_count: 5 } }',
  )
  expectResumes(short, stepsOf(fields))
  expectResumes(DEFAULT, stepsOf(fields))
  expectRefuses(DEFAULT, stepsOf(fields))
})
