import { expect, test } from 'vitest'
import { renderFalseTrips } from '../../src/cli/render-false-trips.ts'
import type { Rule } from '../../src/config/rules.ts'
import type { Noise } from '../../src/detect/excursion-walk.ts'
import { excursionsPerDay } from '../../src/detect/excursions.ts'
import { falseTripsOf } from '../../src/detect/false-trips.ts'
import type { FalseTripOptions } from '../../src/model/false-trips.ts'
import { createRandom } from './kind-bench.ts'
import { rulesOf } from './play.ts'

const tripsOf = (text: string, options?: FalseTripOptions) =>
  falseTripsOf(rulesOf(`  - id: rule\n    on: attempts\n${text}`)[0] as Rule, options)
const ratio = (trip: string, clear = 'below: 0.10') => `
    kind: ratio
    bad: { outcome: failed }
    window: 90s
    trip: { above: 0.40, ${trip} }
    clear: { ${clear} }`
const count = `
    kind: count
    window: 60s
    trip: { at_least: 12 }`

// "At 36 requests per 90 s and a true fifth, about 18 a day with n ≥ 30 and 0.2 with n ≥ 50."
test.for([
  { countMin: 30, leastADay: 10, mostADay: 18 },
  { countMin: 50, leastADay: 0.05, mostADay: 0.2 },
])('number 4 of DEFINITIONS.md by arithmetic, n ≥ $countMin', (row) => {
  const given = { noiseRatio: 0.2, perS: 36 / 90 }
  const { perDay } = tripsOf(ratio(`min_count: ${row.countMin}`), given)
  expect(perDay).toBeGreaterThan(row.leastADay)
  expect(perDay).toBeLessThan(row.mostADay)
})

const least = (above: number, countMin: number) => (good: number) => {
  let bad = Math.max(1, countMin - good)
  while (bad <= above * (bad + good)) bad++
  return bad
}
const noise = (perS: number, badRatio: number, more: Omit<Noise, 'badPerS' | 'goodPerS'>) => ({
  ...{ badPerS: perS * badRatio, goodPerS: perS * (1 - badRatio) },
  ...more,
})

test.for([
  {
    name: 'a share',
    days: 120,
    of: noise(0.5, 0.1, { windowS: 60, holdS: 0, badMin: least(0.25, 30) }),
  },
  {
    name: 'a share, held',
    days: 300,
    of: noise(0.5, 0.1, { windowS: 60, holdS: 10, badMin: least(0.25, 30) }),
  },
  {
    name: 'a high share of few',
    days: 300,
    of: noise(0.1, 0.5, { windowS: 60, holdS: 0, badMin: least(0.9, 6) }),
  },
  {
    name: 'a number',
    days: 120,
    of: noise(1 / 12, 1, { windowS: 60, holdS: 0, badMin: () => 12 }),
  },
  {
    name: 'a number, held',
    days: 400,
    of: noise(1 / 12, 1, { windowS: 60, holdS: 30, badMin: () => 12 }),
  },
])('$name: the arithmetic says what a simulation counts', ({ of, days }) => {
  const perDay = excursionsPerDay(of)
  const simulated = simulate(of, days)
  // Four standard deviations of the simulation, and a tenth for what the arithmetic samples.
  const spread = 4 * Math.sqrt(simulated / days) + 0.1 * simulated
  expect(Math.abs(perDay - simulated)).toBeLessThan(spread)
  expect(simulated * days).toBeGreaterThan(50)
})

test('the same rule gives the same figure each time', () => {
  expect(tripsOf(ratio('min_count: 10'))).toEqual(tripsOf(ratio('min_count: 10')))
})

test('without a volume the worst from min_count on is taken, and more traffic trips less', () => {
  const given = tripsOf(ratio('min_count: 10'))
  expect(given).toMatchObject({ noiseRatio: 0.1, groups: 1, windowMs: 90_000 })
  expect(given.volume).toBeGreaterThanOrEqual(10)
  expect(given.volume).toBeLessThanOrEqual(20)
  const busy = tripsOf(ratio('min_count: 10'), { perS: 1 })
  expect(busy.perDay ?? 1).toBeLessThan((given.perDay ?? 0) / 10)
})

test('a clear level under a tenth is the noise, and a level under the noise has no figure', () => {
  expect(tripsOf(ratio('min_count: 10', 'below: 0.02')).noiseRatio).toBe(0.02)
  expect(tripsOf(ratio('min_count: 10'), { noiseRatio: 0.5 })).toMatchObject({
    perDay: null,
    reason: 'at 50 % of noise it fires for good: its level is 40 %',
  })
})

test('the volumes of a server are taken group by group, and give what only counts a figure', () => {
  expect(tripsOf(count)).toMatchObject({ perDay: null, reason: expect.stringContaining('--url') })
  const one = tripsOf(count, { counted: new Map([['rule', [5]]]) })
  const two = tripsOf(count, { counted: new Map([['rule', [5, 5, 0]]]) })
  expect(one.perDay).toBeGreaterThan(20)
  expect(two).toMatchObject({ perDay: 2 * (one.perDay ?? 0), groups: 3, volume: 5 })
  expect(tripsOf(count, { counted: new Map([['rule', []]]) }).reason).toBe('it has no group yet')
})

test('an error budget is judged as a group that just meets its objective', () => {
  const budget = (factor: number) => `
    kind: burn_rate
    bad: { outcome: failed }
    objective: 0.99
    windows: [{ long: 1h, short: 5m, factor: ${factor} }]`
  expect(tripsOf(budget(3))).toMatchObject({
    noiseRatio: expect.closeTo(0.01),
    windowMs: 3_600_000,
  })
  expect(tripsOf(budget(3)).perDay).toBeGreaterThan(0)
  expect(tripsOf(budget(1)).perDay).toBeNull()
})

test('for people it is a table, with a dash and the reason where there is no arithmetic', () => {
  const silence = rulesOf(
    '  - id: quiet\n    kind: silence\n    expect: routers\n    trip: { for: 30s }',
  )
  const rows = [tripsOf(ratio('min_count: 50')), falseTripsOf(silence[0] as Rule)]
  const [, head, first, second] = renderFalseTrips(rows, 'one group').split('\n')
  expect(head).toMatch(/^ {2}rule +a day {2}at$/)
  expect(first).toBe('  rule   < 0.0001  50 in 90s, of which 10 % fail')
  expect(second).toBe('  quiet         -  a silence is no chance')
})

/** Every arrival and departure is looked at; trips within a window of the last time are the same. */
function simulate({ badPerS, goodPerS, windowS, holdS, badMin }: Noise, days: number): number {
  const random = createRandom(11)
  const perS = badPerS + goodPerS
  // What stands in the window, in a ring: when it came, and whether it is a bad one.
  const size = 1_024
  const cameS = new Float64Array(size)
  const isBad = new Uint8Array(size)
  let [oldest, newest, bad] = [0, 0, 0]
  let trips = 0
  let sinceS: number | undefined
  let isCounted = false
  let leftS = Number.NEGATIVE_INFINITY
  let nextS = 0
  for (let nowS = 0; nowS < days * 86_400; ) {
    const leavesS = newest > oldest ? (cameS[oldest % size] as number) + windowS : Infinity
    if (leavesS <= nextS) {
      nowS = leavesS
      bad -= isBad[oldest++ % size] as number
    } else {
      nowS = nextS
      const one = random() * perS < badPerS ? 1 : 0
      cameS[newest % size] = nowS
      isBad[newest++ % size] = one
      bad += one
      nextS += -Math.log(1 - random()) / perS
    }
    if (sinceS !== undefined && !isCounted && nowS - sinceS >= holdS) {
      trips++
      isCounted = true
    }
    const isIn = bad >= badMin(newest - oldest - bad)
    if (isIn && sinceS === undefined) {
      sinceS = nowS
      isCounted = nowS - leftS <= windowS
    }
    if (isIn || sinceS === undefined) continue
    leftS = nowS
    sinceS = undefined
  }
  return trips / days
}
