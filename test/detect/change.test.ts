import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Instant, KindState } from '../../src/detect/kind.ts'
import { CLASSES, classOf, leastOf } from '../../src/detect/mix-sums.ts'
import { populationShift } from '../../src/detect/population-shift.ts'
import {
  createNormal,
  createRandom,
  expectRefuses,
  expectResumes,
  instantAt,
  itemAt,
  kindOf,
  stepsOf,
} from './kind-bench.ts'
import { createPlay } from './play.ts'

const CUSUM = `
  - { id: rule, kind: change, on: attempts, of: age, window: 10m, baseline: 6h, severity: info }
`
const VOLUME = CUSUM.replace('of: age', 'of: volume').replace(
  '10m, baseline: 6h',
  '60s, baseline: 10m',
)
const PSI = `
  - { id: rule, kind: change, method: psi, on: requests, of: class, window: 10m, baseline: 1h }
`
const HOUR_S = 3_600

/** One item each `stepS`, judged each; when it began to fire, until it cleared, and why. */
function run(
  kind: KindState,
  span: { fromS: number; toS: number; stepS: number; at?: Partial<Instant> },
  fieldsAt: (atS: number) => Record<string, string | number> | undefined,
) {
  const found: { atS: number; reason: string | undefined }[] = []
  let isOn = false
  for (let atS = span.fromS; atS < span.toS; atS += span.stepS) {
    const fields = fieldsAt(atS)
    if (fields) kind.add(itemAt(atS, fields))
    const at = instantAt(atS, { isTripped: isOn, ...span.at })
    const reading = kind.judge(at)
    if (isOn) isOn = !kind.clears(at)
    else if (reading.outcome === 'trips') {
      found.push({ atS, reason: reading.reason })
      isOn = true
    }
  }
  return found
}

/** Six values a bucket of 60 s: deviation 1 alone, 0.41 in the mean. */
const noisy = (seed: number, level: (atS: number) => number) => {
  const normal = createNormal(createRandom(seed))
  return (atS: number) => ({ age: level(atS) + normal() })
}

test.for([1, 2, 3, 4, 5])('cusum: 24 h of noise (seed %i) are silent', (seed) => {
  const found = run(
    kindOf(CUSUM),
    { fromS: 0, toS: 24 * HOUR_S, stepS: 10 },
    noisy(seed, () => 10),
  )
  expect(found).toEqual([])
})

test('cusum: a shift of two deviations is found within 20 buckets, either way, and once', () => {
  for (const sign of [1, -1])
    for (let seed = 1; seed <= 10; seed++) {
      const level = (atS: number) => (atS < 6 * HOUR_S ? 10 : 10 + sign * 0.816)
      const found = run(kindOf(CUSUM), { fromS: 0, toS: 9 * HOUR_S, stepS: 10 }, noisy(seed, level))
      expect(found, `seed ${seed}`).toHaveLength(1)
      expect(found[0]?.atS).toBeGreaterThan(6 * HOUR_S)
      expect(found[0]?.atS).toBeLessThan(6 * HOUR_S + 20 * 60)
    }
})

test('cusum: what changed says from where to where, fires for one window, and back again', () => {
  const kind = kindOf(CUSUM)
  const level = (atS: number) => (atS < 6 * HOUR_S || atS > 8 * HOUR_S ? 10 : 20)
  const [up, down, ...more] = run(kind, { fromS: 0, toS: 10 * HOUR_S, stepS: 10 }, noisy(3, level))
  expect(up?.reason).toMatch(/^age from (10|9\.\d+|10\.\d) to (20|19|19\.\d|20\.\d)$/)
  expect(down?.reason).toMatch(/^age from (20|19\.\d+|20\.\d) to (1\d|9\.\d+|1\d\.\d)$/)
  expect(more).toEqual([])
  // A bucket says at most 4 deviations: three of them, the first of which is only partly new, and one
  // of grace.
  expect(up?.atS).toBeGreaterThanOrEqual(6 * HOUR_S + 3.6 * 60)
  expect(up?.atS).toBeLessThanOrEqual(6 * HOUR_S + 5 * 60)
})

test('cusum: fires for exactly one window', () => {
  const kind = kindOf(CUSUM)
  run(kind, { fromS: 0, toS: 6 * HOUR_S, stepS: 10 }, () => ({ age: 10 }))
  const [{ atS } = { atS: 0 }] = run(
    kind,
    { fromS: 6 * HOUR_S, toS: 6 * HOUR_S + 500, stepS: 10 },
    () => ({ age: 20 }),
  )
  expect(kind.judge(instantAt(atS + 599))).toMatchObject({ outcome: 'trips', threshold: 8 })
  expect(kind.judge(instantAt(atS + 599)).value).toBeGreaterThan(8)
  expect(kind.clears(instantAt(atS + 599))).toBe(false)
  expect(kind.judge(instantAt(atS + 600)).outcome).not.toBe('trips')
  expect(kind.clears(instantAt(atS + 600))).toBe(true)
})

test('cusum: insufficient until half of the baseline has passed, and with too few items', () => {
  const kind = kindOf(CUSUM)
  const steady = () => ({ age: 10 })
  run(kind, { fromS: 0, toS: 3 * HOUR_S, stepS: 10 }, steady)
  expect(kind.judge(instantAt(3 * HOUR_S))).toMatchObject({ outcome: 'few' })
  run(kind, { fromS: 3 * HOUR_S, toS: 3.4 * HOUR_S, stepS: 10 }, steady)
  expect(kind.judge(instantAt(3.4 * HOUR_S))).toMatchObject({ outcome: 'calm' })
  run(kind, { fromS: 3.4 * HOUR_S, toS: 4 * HOUR_S, stepS: 30 }, steady)
  expect(kind.judge(instantAt(4 * HOUR_S))).toMatchObject({ outcome: 'few' })
})

test('cusum: one odd bucket is no change', () => {
  const level = (atS: number) => (Math.floor(atS / 60) === 400 ? 1_000 : 10)
  expect(run(kindOf(CUSUM), { fromS: 0, toS: 8 * HOUR_S, stepS: 10 }, noisy(1, level))).toEqual([])
})

test('cusum: a volume that falls to nothing, and one that doubles', () => {
  const random = createRandom(5)
  const arrivals = (rate: (atS: number) => number) => (atS: number) =>
    random() < rate(atS) ? { age: 1 } : undefined
  const kind = kindOf(VOLUME)
  const rate = (atS: number) => (atS < 900 ? 0.4 : 0)
  const [gone] = run(kind, { fromS: 0, toS: 1_000, stepS: 0.1 }, arrivals(rate))
  expect(gone?.atS).toBeGreaterThan(900)
  expect(gone?.atS).toBeLessThan(930)
  expect(gone?.reason).toMatch(/^volume from (4|3\.\d+|4\.\d+)\/s to (1|0(\.\d+)?)\/s$/)
  const doubled = run(
    kindOf(VOLUME),
    { fromS: 0, toS: 1_100, stepS: 0.1 },
    arrivals((atS) => (atS < 900 ? 0.4 : 0.8)),
  )
  expect(doubled[0]?.atS).toBeGreaterThan(912)
  expect(doubled[0]?.atS).toBeLessThan(945)
})

test('cusum: while something is missing it stands still and is unknown', () => {
  const kind = kindOf(VOLUME)
  run(kind, { fromS: 0, toS: 900, stepS: 0.25 }, () => ({ age: 1 }))
  const at = { missing: () => 50 }
  const half = (atS: number) => (Math.round(atS * 4) % 2 ? { age: 1 } : undefined)
  expect(run(kind, { fromS: 900, toS: 1_200, stepS: 0.25, at }, half)).toEqual([])
  expect(kind.judge(instantAt(1_200, at))).toMatchObject({ outcome: 'open' })
  expect(run(kind, { fromS: 1_200, toS: 1_400, stepS: 0.25 }, () => ({ age: 1 }))).toEqual([])
})

test('cusum: what comes a bucket late is in its bucket', () => {
  const kind = kindOf(VOLUME)
  run(kind, { fromS: 0, toS: 900, stepS: 0.25 }, () => ({ age: 1 }))
  // Everything comes 5 s late from now on.
  for (let atS = 900; atS < 1_100; atS += 0.25) {
    if (atS >= 905) kind.add(itemAt(atS - 5, { age: 1 }))
    expect(kind.judge(instantAt(atS)).outcome).toBe('calm')
  }
})

test('a change is an annotation: its verdict says info, whatever happened', () => {
  const play = createPlay(VOLUME)
  play.run(400, () => play.ok(), 500)
  play.run(
    460,
    () => {
      for (let count = 0; count < 9; count++) play.ok()
    },
    500,
  )
  expect(play.verdicts.find(({ state }) => state === 'firing')).toMatchObject({ severity: 'info' })
  expect(play.verdicts.find(({ state }) => state === 'firing')?.reason).toMatch(
    /^volume from 2\/s to 1\d(\.\d)?\/s$/,
  )
})

test.for([
  // 0.3 ln 1.6 + 0.3 ln 2.5.
  { then: [5_000, 5_000], now: [8_000, 2_000], index: 0.41589 },
  { then: [5_000, 5_000], now: [5_000, 5_000], index: 0 },
  // 0.1 ln(0.6/0.5) + 0 + 0.1 ln(0.2/0.1).
  { then: [5_000, 3_000, 2_000], now: [6_000, 3_000, 1_000], index: 0.08755 },
  // Half an item in the class that is gone: 0.49995 ln 1.9999 + 0.49995 ln(0.5/0.00005).
  { then: [5_000, 5_000], now: [10_000, 0], index: 4.95127 },
])('psi: $then to $now is $index', ({ then, now, index }) => {
  const of = (counts: readonly number[]) => Float64Array.from([...counts, 0, 0])
  const shares = (counts: readonly number[]) => {
    const total = counts.reduce((sum, count) => sum + count, 0) + counts.length * 0.5
    return counts.map((count) => (count + 0.5) / total)
  }
  const query = { now: of(now), then: of(then), count: 10_000, countThen: 10_000 }
  const found = populationShift(query)
  const byHand = shares(now).reduce((sum, share, place) => {
    const before = shares(then)[place] ?? 0
    return sum + (share - before) * Math.log(share / before)
  }, 0)
  expect(found.index).toBeCloseTo(byHand, 10)
  expect(found.index).toBeCloseTo(index, 3)
  // (1 + 3 √2) × 2/10,000 for two classes.
  const free = then.length - 1
  expect(found.chance).toBeCloseTo((free + 3 * Math.sqrt(2 * free)) / 5_000, 10)
})

test('psi: numbers fall into classes by log2, texts into one of 64', () => {
  expect([-1, 0].map(classOf)).toEqual([0, 0])
  for (const value of [1e-9, 0.5, 1, 3, 512, 1_000, 1e15]) {
    expect(leastOf(classOf(value)) <= value || classOf(value) === 1).toBe(true)
    expect(leastOf(classOf(value) + 1) > value || classOf(value) === CLASSES - 1).toBe(true)
  }
  const classes = Array.from({ length: 5_000 }, (_, index) => classOf(`txt2img/${index}`))
  expect(Math.min(...classes)).toBe(0)
  expect(Math.max(...classes)).toBe(CLASSES - 1)
  expect(new Set(classes).size).toBe(CLASSES)
})

const mixOf = (seed: number, shareAt: (atS: number) => number) => {
  const random = createRandom(seed)
  return (atS: number) => ({ class: random() < shareAt(atS) ? 'img2img/1024' : 'txt2img/512' })
}

test('psi: a mix that stays is quiet for a day, however few items there are', () => {
  for (const stepS of [2, 17]) {
    const kind = kindOf(PSI)
    const found = run(
      kind,
      { fromS: 0, toS: 24 * HOUR_S, stepS },
      mixOf(3, () => 0.1),
    )
    expect(found, `${stepS}`).toEqual([])
    expect(kind.judge(instantAt(24 * HOUR_S)).outcome).toBe('calm')
  }
})

test('psi: a mix that shifts fires, says so without its text, and clears when it is back', () => {
  const kind = kindOf(PSI)
  const share = (atS: number) => (atS > 2 * HOUR_S && atS < 2.2 * HOUR_S ? 0.6 : 0.1)
  const [found, ...more] = run(kind, { fromS: 0, toS: 4 * HOUR_S, stepS: 1 }, mixOf(4, share))
  expect(more).toEqual([])
  expect(found?.atS).toBeGreaterThan(2 * HOUR_S + 120)
  expect(found?.atS).toBeLessThan(2 * HOUR_S + 420)
  expect(found?.reason).toMatch(/^one value of class from \d+(\.\d)? % to \d+(\.\d)? %$/)
  expect(kind.clears(instantAt(4 * HOUR_S))).toBe(true)
  expect(kind.clears(instantAt(4 * HOUR_S, { missing: () => 1 }))).toBe(false)
  expect(JSON.stringify(kind.save(0))).not.toContain('img')
})

test('psi: a mix that stays becomes the normal one', () => {
  const kind = kindOf(PSI)
  const share = (atS: number) => (atS > 2 * HOUR_S ? 0.6 : 0.1)
  const found = run(kind, { fromS: 0, toS: 5 * HOUR_S, stepS: 2 }, mixOf(4, share))
  expect(found).toHaveLength(1)
  expect(kind.judge(instantAt(5 * HOUR_S))).toMatchObject({ outcome: 'calm' })
})

test('psi: prompt lengths in buckets', () => {
  const kind = kindOf(PSI.replace('of: class', 'of: prompt.length'))
  const random = createRandom(8)
  const length = (atS: number) => ({
    'prompt.length': Math.floor((atS < 2 * HOUR_S ? 100 : 400) * (1 + random())),
  })
  const [found] = run(kind, { fromS: 0, toS: 2.5 * HOUR_S, stepS: 2 }, length)
  // Most of the shift: from 64 … 128 hardly any, of 512 … 1024 many.
  expect(found?.reason).toMatch(
    /^prompt\.length between (64|128|256|512) and (128|256|512|1024) from /,
  )
})

test('psi: insufficient before half of the baseline and with too few, unknown while missing', () => {
  const kind = kindOf(PSI)
  const mix = mixOf(1, () => 0.5)
  run(kind, { fromS: 0, toS: HOUR_S / 2 - 10, stepS: 5 }, mix)
  expect(kind.judge(instantAt(HOUR_S / 2 - 10))).toMatchObject({ outcome: 'few', value: null })
  run(kind, { fromS: HOUR_S / 2 - 10, toS: HOUR_S, stepS: 5 }, mix)
  expect(kind.judge(instantAt(HOUR_S))).toMatchObject({ outcome: 'calm' })
  expect(kind.judge(instantAt(HOUR_S, { missing: () => 1 }))).toMatchObject({ outcome: 'open' })
  expect(kind.judge(instantAt(HOUR_S + 500))).toMatchObject({ outcome: 'few' })
})

test('psi: late items land in their own time', () => {
  const kind = kindOf(PSI)
  run(
    kind,
    { fromS: 0, toS: 2 * HOUR_S, stepS: 1 },
    mixOf(1, () => 0.1),
  )
  const before = kind.judge(instantAt(2 * HOUR_S))
  for (let count = 0; count < 2_000; count++)
    kind.add(itemAt(1.5 * HOUR_S, { class: 'img2img/1024' }))
  const after = kind.judge(instantAt(2 * HOUR_S))
  expect(after.count).toBe(before.count)
  expect(after.value).toBeGreaterThan(0.2)
  expect(kind.add(itemAt(-HOUR_S * 5, { class: 'x' }))).toBeUndefined()
})

const fields = fc.record({
  age: fc.integer({ min: 0, max: 40 }),
  class: fc.constantFrom('a', 'b', 'c'),
})
const SHORT = 'window: 20s, baseline: 100s, trip: { min_count: 5, above: 1 }'
test.for([CUSUM, VOLUME, PSI])(
  'it goes on after save and load as if nothing had been: %s',
  (text) => {
    const short = text.replace(/window: [^,]*, baseline: \w+/, SHORT)
    expectResumes(short, stepsOf(fields))
    expectRefuses(short, stepsOf(fields))
  },
)
