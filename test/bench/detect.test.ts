import { expect, test } from 'vitest'
import { benchScenario } from '../../src/bench/detect.ts'
import { exactMoments, keyOf } from '../../src/bench/detect-exact.ts'
import { isOnTime, outagesOf, totalFigures } from '../../src/bench/detect-figures.ts'
import { optimumMs } from '../../src/bench/detect-optimum.ts'
import { loadPack } from '../../src/bench/detect-pack.ts'
import type { Played, Trip } from '../../src/bench/detect-play.ts'
import { scoreScenario } from '../../src/bench/detect-score.ts'
import { lookedAt, type Rule } from '../../src/config/rules.ts'
import type { FaultTruth, Scenario } from '../../src/fleet/scenario.ts'
import { SCENARIO_START_UNIX_MS } from '../../src/fleet/scenario-fleet.ts'
import { truthOf } from '../../src/fleet/scenario-truth.ts'
import { scenario } from '../../src/fleet/scenario-usual.ts'
import { SCENARIOS } from '../../src/fleet/scenarios.ts'

// A few minutes of what `npm run bench -- detect` plays for days: its floors hold here too.

const pack = loadPack()
/** What moves traffic, and what that looks at: the others say nothing of it, and are most of the work. */
const movers = [...pack.failoverRules].flatMap((id) => {
  const rule = pack.rules.find((one) => one.id === id)
  return rule ? [id, ...lookedAt(rule)] : []
})
const movingPack = { ...pack, rules: pack.rules.filter(({ id }) => movers.includes(id)) }
const find = (name: string): Scenario => {
  const found = SCENARIOS.find((one) => one.name === name)
  if (!found) throw new Error(`no scenario ${name}`)
  return found
}

/** The same trouble, from 100 s to 240 s of five minutes. */
const shortened = (name: string): Scenario => ({
  ...find(name),
  durationS: 300,
  faults: find(name).faults.map((fault) => ({ ...fault, fromS: 100, untilS: 240 })),
})

test.for([
  'outage-even-10-per-s-seed-1',
  'outage-20-per-s-seed-3',
  'timeouts-even-20-per-s-seed-8',
  'credit-exhausted',
])('%s is found by every rule that moves traffic, as soon as the recount has it', (name) => {
  const { score, figures } = benchScenario(shortened(name), movingPack)
  const outages = outagesOf(score)
  expect(outages).toHaveLength(1)
  expect(
    outages.every((one) => isOnTime(one, pack)),
    JSON.stringify(figures),
  ).toBe(true)
  expect(totalFigures([score], pack).failover_false_trips).toBe(0)
})

test('so it is with all rules', () => {
  const { score } = benchScenario(shortened('outage-even-10-per-s-seed-1'), pack)
  expect(outagesOf(score)).toHaveLength(1)
  expect(outagesOf(score).every((one) => isOnTime(one, pack))).toBe(true)
  expect(totalFigures([score], pack).failover_false_trips).toBe(0)
})

const QUIET_S = 300
const quiet: readonly Scenario[] = [
  ...['deploy-of-workers', 'deploy-of-routers', 'traffic-stops-and-returns'].map((name) => ({
    ...find(name),
    durationS: QUIET_S,
    faults: find(name).faults.map((fault) => ({ ...fault, fromS: 60, untilS: QUIET_S })),
  })),
  ...['noise-hour', 'late-router', 'reordered', 'duplicated', 'skewed-far'].map((name) => ({
    ...find(name),
    durationS: QUIET_S,
    faults: find(name).faults.map((fault) => ({ ...fault, untilS: QUIET_S })),
  })),
  {
    ...find('collector-restart-in-noise'),
    durationS: QUIET_S,
    disturbances: [{ does: 'hold', fromS: 120, untilS: 210 }],
    faults: [],
  },
]

test.for(quiet)('$name trips nothing that moves traffic', (one) => {
  const { score, figures } = benchScenario(one, movingPack)
  expect(totalFigures([score], pack).failover_false_trips, JSON.stringify(figures)).toBe(0)
})

// The scoring itself, on verdicts made up.

const rule = (id: string): Rule => {
  const found = pack.rules.find((one) => one.id === id)
  if (!found) throw new Error(`no rule ${id}`)
  return found
}
const failing = (share: number, afterMs = 0): FaultTruth => ({
  ...{ kind: 'outage', fromUnixMs: 0, untilUnixMs: 240_000, expects: [], tolerates: [], by: {} },
  failing: { share, afterMs },
})
const optimum = (id: string, share: number, afterMs?: number) =>
  optimumMs({ rule: rule(id), fault: failing(share, afterMs), requestsPerS: 100 })

test('the arithmetic is that of the worked numbers', () => {
  expect(optimum('primary-failing', 1)).toBeCloseTo(36_000)
  expect(optimum('primary-failing', 0.6)).toBeCloseTo(60_000)
  expect(optimum('primary-failing', 0.45)).toBeCloseTo(80_000)
  expect(optimum('primary-failing', 1, 10_000)).toBeCloseTo(42_000)
  expect(optimum('primary-timeouts', 1, 10_000)).toBeCloseTo(30_000)
  expect(optimum('primary-failing-fast', 1)).toBeCloseTo(8_000)
  // The window is as long as the timeout: 50 failures at 100 a second.
  expect(optimum('primary-failing-fast', 1, 10_000)).toBeCloseTo(10_500)
  expect(optimum('primary-failing', 0.4)).toBeUndefined()
  expect(optimum('primary-timeouts', 1)).toBeUndefined()
})

test.for([
  { name: 'outage-even-10-per-s-seed-1', id: 'primary-failing', atS: 36 },
  { name: 'outage-even-10-per-s-seed-1', id: 'primary-failing-fast', atS: 8 },
  { name: 'timeouts-even-20-per-s-seed-8', id: 'primary-failing', atS: 42 },
  { name: 'timeouts-even-20-per-s-seed-8', id: 'primary-timeouts', atS: 30 },
])('the recount of $name has $id trip at $atS s', ({ name, id, atS }) => {
  const one = shortened(name)
  const faults = truthOf(one)
  const moments = exactMoments({ scenario: one, rules: pack.rules, faults })
  const [fault] = faults
  const foundUnixMs = fault && moments.get(keyOf(fault, id))
  // Requests that were under way when it began still end well: a fraction of a second.
  expect(((foundUnixMs ?? 0) - (fault?.fromUnixMs ?? 0)) / 1_000).toBeCloseTo(atS, 0)
})

const AT = SCENARIO_START_UNIX_MS
const faulty = scenario({
  ...{ name: 'scored', seed: 1, durationS: 600 },
  load: { requestsPerS: 1 },
  faults: [
    {
      ...{ kind: 'a storm', fromS: 100, untilS: 200, effects: [], by: { target: 'cloud-eu' } },
      ...{ expects: ['oom-storm', 'no-such-rule'], tolerates: ['queue-growing'] },
    },
  ],
})
const trip = (id: string, atS: number, target = 'cloud-eu'): Trip => ({
  ...{ rule: id, by: { target }, value: 1, title: '' },
  ...{ atUnixMs: AT + atS * 1_000, judgedUnixMs: AT + atS * 1_000 + 250 },
  untilUnixMs: Number.POSITIVE_INFINITY,
})
const played = (...trips: Trip[]): Played => ({
  trips,
  observationCount: 0,
  unknownMs: new Map(),
})
const scored = (...trips: Trip[]) => scoreScenario(faulty, played(...trips), pack)

test('a trip is true, tolerated or false by what happened then', () => {
  const is = (one: Trip) => scored(one).trips.map((judged) => judged.is)
  expect(is(trip('oom-storm', 110))).toEqual(['true'])
  // Its window of two minutes may hold the storm until then.
  expect(is(trip('oom-storm', 315))).toEqual(['true'])
  expect(is(trip('oom-storm', 340))).toEqual(['false'])
  expect(is(trip('oom-storm', 99))).toEqual(['false'])
  expect(is(trip('oom-storm', 110, 'edge-local'))).toEqual(['false'])
  expect(is(trip('queue-growing', 150))).toEqual(['tolerated'])
  expect(is(trip('primary-failing', 150))).toEqual(['false'])
})

test('what is expected is found with its delay, missed, or not in the pack', () => {
  const [found, absent] = scored(trip('oom-storm', 112)).expectations
  expect(found).toMatchObject({ isFound: true, delayMs: 12_000, judgedDelayMs: 12_250 })
  expect(absent).toMatchObject({ isInPack: false, isFound: false })
  expect(scored().expectations[0]).toMatchObject({ isInPack: true, isFound: false })
  expect(scored(trip('oom-storm', 110, 'edge-local')).expectations[0]?.isFound).toBe(false)
})

test('false trips of rules that move traffic are counted apart', () => {
  const score = scored(trip('primary-failing', 50), trip('workers-silent', 60))
  const total = totalFigures([score], pack)
  expect(total).toMatchObject({ failover_false_trips: 1, expected: 1, found: 0, precision: 0 })
  expect(total.failover_false_trips_per_week).toBeCloseTo(168 * 6)
})
