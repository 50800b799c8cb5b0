import { expect, test } from 'vitest'
import { createRandom, instantAt, itemAt, kindOf } from './kind-bench.ts'
import { createPlay } from './play.ts'

// DEFINITIONS.md, "Worked numbers": steady traffic of ten attempts a second, an outage at 300 s.

const rule = (window: string, extra = '') => `
  - id: rule
    kind: ratio
    on: attempts
    where: { role: primary }
    bad: { outcome: failed }
    by: [route, target]
    window: ${window}
    trip: { above: 0.40, min_count: 30 }
${extra}`

test.for([
  { window: '10s', share: 1, tripsAfterS: 4, why: 'number 2' },
  { window: '30s', share: 1, tripsAfterS: 12, why: 'number 2' },
  { window: '60s', share: 1, tripsAfterS: 24, why: 'number 2' },
  { window: '90s', share: 1, tripsAfterS: 36, why: 'number 1' },
  { window: '90s', share: 0.6, tripsAfterS: 60, why: 'number 2' },
  { window: '90s', share: 0.45, tripsAfterS: 80, why: 'number 2' },
])('$why: $share of attempts failing trip 40 % over $window after $tripsAfterS s', (row) => {
  const play = createPlay(rule(row.window))
  let due = 0
  play.run(300, play.ok)
  play.run(420, () => {
    due += row.share
    if (due >= 1 - 1e-9) {
      play.failed()
      due--
    } else play.ok()
  })
  const trippedS = play.enteredS('firing') ?? Number.NaN
  // Never early, and late by at most one bucket (and one attempt).
  expect(trippedS - 300).toBeGreaterThanOrEqual(row.tripsAfterS - 0.1)
  expect(trippedS - 300).toBeLessThanOrEqual(row.tripsAfterS + 1.2)
})

test('number 3: failures that show only at a 10 s timeout trip after 42 s', () => {
  const play = createPlay(rule('90s'))
  play.run(300, play.ok)
  play.run(310, () => play.send('status', { started: 100, inflight: 10 }))
  play.run(400, () => play.failed({ duration: '10s' }))
  const trippedS = play.enteredS('firing') ?? Number.NaN
  expect(Math.abs(trippedS - 342)).toBeLessThanOrEqual(1)
})

test.for([
  { clear: '{ below: 0.40 }', afterS: 54 },
  { clear: '{ below: 0.10 }', afterS: 81 },
  { clear: '{ below: 0.10, window: 20s }', afterS: 18 },
])('number 5: at equal volume it clears with $clear after $afterS s', ({ clear, afterS }) => {
  const play = createPlay(rule('90s', `    clear: ${clear}`))
  play.run(100, play.ok)
  play.run(300, play.failed)
  play.run(420, play.ok)
  const clearedS = play.enteredS('ok', 300) ?? Number.NaN
  expect(Math.abs(clearedS - 300 - afterS)).toBeLessThanOrEqual(1.1)
  // A short clear window does not trip again on what the long one still holds.
  const cleared = play.verdicts.findLastIndex(({ state }) => state === 'firing') + 1
  expect(new Set(play.verdicts.slice(cleared).map(({ state }) => state))).toEqual(new Set(['ok']))
  expect(play.state()).toBe('ok')
})

test('number 4: a steady share of exactly 40.0 % does not trip, wherever buckets begin', () => {
  for (const offset of [0, 1, 2, 3, 4]) {
    const play = createPlay(rule('90s'))
    let attempt = 0
    // Good ones first, so that no beginning is over 40 %; shifted against the buckets.
    play.clock.turn(offset * 100 + 50)
    play.run(300, () => (attempt++ % 5 < 3 ? play.ok() : play.failed()))
    expect(play.enteredS('firing')).toBeUndefined()
    expect(play.state()).toBe('ok')
  }
})

// "At 36 requests per 90 s that is about 18 false trips a day with n ≥ 30 and 0.2 with n ≥ 50": twenty
// days of Poisson arrivals of which a true fifth fails, judged at every arrival.
test.for([
  { countMin: 30, leastADay: 10, mostADay: 28 },
  { countMin: 50, leastADay: 0, mostADay: 0.6 },
])(
  'number 4 by simulation: n ≥ $countMin trips falsely $leastADay to $mostADay times a day',
  (row) => {
    const kind = kindOf(rule('90s').replace('min_count: 30', `min_count: ${row.countMin}`))
    const random = createRandom(4)
    const days = 20
    let trips = 0
    let isTripped = false
    for (let atS = 0; atS < days * 86_400; atS += -Math.log(1 - random()) / 0.4) {
      kind.add(itemAt(atS, { role: 'primary', outcome: random() < 0.2 ? 'failed' : 'ok' }))
      const trippedNow = kind.judge(instantAt(atS)).outcome === 'trips'
      if (trippedNow && !isTripped) trips++
      // It clears as rules do, on a share well below, so that one excursion is one trip.
      isTripped = trippedNow || (isTripped && !kind.clears(instantAt(atS)))
    }
    expect(trips / days).toBeGreaterThanOrEqual(row.leastADay)
    expect(trips / days).toBeLessThanOrEqual(row.mostADay)
  },
)

// The table of number 4: one look at n attempts of which a true fifth fails, judged by the rule itself.
test.for([
  { n: 10, chance: 0.12 },
  { n: 20, chance: 3.2e-2 },
  { n: 30, chance: 9.5e-3 },
  { n: 50, chance: 9.3e-4 },
])(
  'number 4: one look at $n attempts is false with a chance of at most $chance',
  ({ n, chance }) => {
    const kind = kindOf(rule('90s').replace('min_count: 30', 'min_count: 1'))
    const random = createRandom(n)
    const looks = 20_000
    let falseTrips = 0
    for (let look = 0; look < looks; look++) {
      kind.restart()
      for (let index = 0; index < n; index++)
        kind.add(itemAt(1, { role: 'primary', outcome: random() < 0.2 ? 'failed' : 'ok' }))
      if (kind.judge(instantAt(1)).outcome === 'trips') falseTrips++
    }
    // `above` is strict: exactly 40 % does not trip, so that the published chances are upper bounds.
    const spread = 4 * Math.sqrt(chance / looks)
    expect(falseTrips / looks).toBeLessThanOrEqual(chance + spread)
    expect(falseTrips).toBeGreaterThan(0)
  },
)
