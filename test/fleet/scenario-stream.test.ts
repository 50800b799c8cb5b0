import { expect, test } from 'vitest'
import type { Delivery, Scenario } from '../../src/fleet/scenario.ts'
import { deliverScenario } from '../../src/fleet/scenario-disturbances.ts'
import { SCENARIO_START_UNIX_MS } from '../../src/fleet/scenario-fleet.ts'
import { streamScenario } from '../../src/fleet/scenario-stream.ts'
import { LOG_TEXTS, OOM_NAMES } from '../../src/fleet/scenario-texts.ts'
import { truthOf } from '../../src/fleet/scenario-truth.ts'
import { scenario } from '../../src/fleet/scenario-usual.ts'
import { SCENARIOS } from '../../src/fleet/scenarios.ts'
import type { Observation } from '../../src/model/observation.ts'

// What the fault benchmark feeds the detector must be true to itself, or its scores say nothing.

const usual = scenario({ name: 'usual', seed: 7, durationS: 60 })
const outage: Scenario = {
  ...usual,
  faults: [
    {
      ...{ kind: 'outage', fromS: 20, untilS: 40, expects: ['primary-failing'] },
      effects: [{ does: 'fail', share: 1, failure: 'unavailable' }],
    },
  ],
}
const disturbed = (...disturbances: Scenario['disturbances']): Scenario => ({
  ...usual,
  disturbances,
})

const observationsOf = (deliveries: Iterable<Delivery>): Observation[] =>
  [...deliveries].flatMap(({ observations }) => observations ?? [])
const attemptsOf = (deliveries: Iterable<Delivery>) =>
  observationsOf(deliveries).filter(({ unit }) => unit === 'attempt')
const told = (deliveries: Iterable<Delivery>) =>
  [...deliveries].map(({ receivedUnixMs, observations, status }) => [
    receivedUnixMs,
    status ?? observations?.map(({ unit, atUnixMs, once }) => [unit, atUnixMs, once]),
  ])

test('the same seed gives the same stream, another seed another', () => {
  expect(told(streamScenario(outage))).toEqual(told(streamScenario(outage)))
  const other = { ...outage, seed: 8 }
  expect(told(streamScenario(other))).not.toEqual(told(streamScenario(outage)))
})

test.for([
  { name: 'undisturbed', one: usual },
  { name: 'late', one: disturbed({ does: 'late', who: 'router-2', byMs: 30_000 }) },
  { name: 'duplicated', one: disturbed({ does: 'duplicate', share: 0.5 }) },
  { name: 'reordered', one: disturbed({ does: 'reorder', byMs: 5_000 }) },
  { name: 'held up', one: disturbed({ does: 'hold', fromS: 20, untilS: 40 }) },
])('$name telemetry comes in order of arrival, and never before it happened', ({ one }) => {
  let lastUnixMs = 0
  for (const { receivedUnixMs, observations = [] } of deliverScenario(one)) {
    expect(receivedUnixMs).toBeGreaterThanOrEqual(lastUnixMs)
    lastUnixMs = receivedUnixMs
    for (const { atUnixMs } of observations) expect(atUnixMs).toBeLessThanOrEqual(receivedUnixMs)
  }
})

test('load, length and outcomes are what the scenario says', () => {
  const requests = observationsOf(streamScenario(usual)).filter(({ unit }) => unit === 'request')
  // 1,200 by the load; three standard deviations of a Poisson count.
  expect(requests.length).toBeGreaterThan(1_096)
  expect(requests.length).toBeLessThan(1_304)
  const lengths = attemptsOf(streamScenario(usual)).map(({ field }) => Number(field('duration')))
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
  expect(mean).toBeGreaterThan(750)
  expect(mean).toBeLessThan(950)
})

test('in a total outage every try on the primary fails, and before and after none', () => {
  const attempts = attemptsOf(streamScenario(outage)).filter(
    ({ field }) => field('role') === 'primary' && field('outcome') !== 'cancelled',
  )
  const inside = ({ startUnixMs }: Observation) =>
    startUnixMs >= SCENARIO_START_UNIX_MS + 20_000 && startUnixMs < SCENARIO_START_UNIX_MS + 40_000
  expect(attempts.filter(inside).every(({ field }) => field('outcome') === 'failed')).toBe(true)
  const outside = attempts.filter((one) => !inside(one))
  const failed = outside.filter(({ field }) => field('outcome') === 'failed')
  expect(failed.length / outside.length).toBeLessThan(0.01)
})

test("a router's counters agree with its spans", () => {
  const spans = new Map<string, number>()
  let last = new Map<string, number>()
  for (const { observations, status } of streamScenario(outage)) {
    for (const { unit, field, atUnixMs } of observations ?? []) {
      if (unit !== 'attempt' || atUnixMs > SCENARIO_START_UNIX_MS + 50_000) continue
      const key = `${field('router')} ${field('target')} ${field('outcome')}`
      spans.set(key, (spans.get(key) ?? 0) + 1)
    }
    if (status?.status.clock !== new Date(SCENARIO_START_UNIX_MS + 50_000).toISOString()) continue
    for (const { targets } of Object.values(status.status.routes))
      for (const [target, counters] of Object.entries(targets)) {
        const { started, ok, failed, rejected, cancelled, inflight } = counters
        expect(started).toBe(ok + failed + rejected + cancelled + inflight)
        last = new Map([
          ...last,
          ...Object.entries({ ok, failed, cancelled }).map(
            ([outcome, count]) => [`${status.router} ${target} ${outcome}`, count] as const,
          ),
        ])
      }
  }
  expect(last.size).toBeGreaterThan(3)
  for (const [key, count] of last) expect(spans.get(key) ?? 0, key).toBe(count)
})

test('a router that restarts counts anew, and says so', () => {
  const deploy: Scenario = {
    ...usual,
    faults: [
      {
        ...{ kind: 'deploy', fromS: 10, untilS: 40, expects: [] },
        effects: [{ does: 'restart', who: 'routers', goneS: 10 }],
      },
    ],
  }
  const statuses = [...streamScenario(deploy)].flatMap(({ status }) =>
    status?.router === 'router-2' ? [status] : [],
  )
  const boots = new Set(statuses.map(({ status }) => status.boot_id))
  expect(boots.size).toBe(2)
  // Gone from 20 s to 30 s.
  expect(statuses.length).toBe(50)
  for (const { status } of statuses)
    for (const counters of Object.values(status.routes.preview?.targets ?? {})) {
      const { started, ok, failed, rejected, cancelled, inflight } = counters
      expect(started).toBe(ok + failed + rejected + cancelled + inflight)
    }
})

test('each span is told once, duplicates apart, and an attempt is read as it is told', () => {
  const attempts = attemptsOf(streamScenario(usual))
  expect(new Set(attempts.map(({ once }) => once)).size).toBe(attempts.length)
  for (const { attempt, field } of attempts.slice(0, 50)) {
    for (const key of ['route', 'target', 'role', 'outcome', 'model', 'class', 'router'] as const)
      expect(attempt?.[key]).toBe(field(key))
    expect(attempt?.requestId).toBe(field('request_id'))
  }
  const twice = attemptsOf(deliverScenario(disturbed({ does: 'duplicate', share: 1 })))
  expect(new Set(twice.map(({ once }) => once)).size).toBe(attempts.length)
  expect(twice.length).toBe(attempts.length * 2)
})

test('a hang shows in the age of the oldest open attempt and in no span', () => {
  const hang = { ...{ kind: 'hang', fromS: 20, untilS: 40, expects: [] }, effects: [HANG] }
  const deliveries = [...streamScenario({ ...usual, faults: [hang] })]
  const ages = deliveries.flatMap(({ status }) =>
    status ? [status.status.routes.preview?.targets['cloud-eu']?.oldest_ms ?? 0] : [],
  )
  expect(Math.max(...ages)).toBeGreaterThan(19_000)
  const ended = attemptsOf(deliveries).filter(
    ({ startUnixMs, field }) => isHung(startUnixMs) && field('target') === 'cloud-eu',
  )
  for (const { atUnixMs } of ended)
    expect(atUnixMs).toBeGreaterThanOrEqual(SCENARIO_START_UNIX_MS + 40_000)
})

const HANG = { does: 'hang', where: { target: 'cloud-eu' } } as const
const isHung = (startUnixMs: number) =>
  startUnixMs >= SCENARIO_START_UNIX_MS + 20_000 && startUnixMs < SCENARIO_START_UNIX_MS + 39_000

test('sampling keeps whole traces, about as many as it says, with their weight', () => {
  const all = attemptsOf(streamScenario(usual))
  const sampled = disturbed({ does: 'sample', share: 0.25, isDeclared: true })
  const kept = attemptsOf(deliverScenario(sampled))
  expect(kept.length / all.length).toBeGreaterThan(0.2)
  expect(kept.length / all.length).toBeLessThan(0.3)
  expect(new Set(kept.map(({ weight }) => weight))).toEqual(new Set([4]))
  const requests = observationsOf(deliverScenario(sampled)).filter(({ unit }) => unit === 'request')
  const traces = new Set(requests.map(({ field }) => field('request_id')))
  // Attempts at the end of the minute have a request that ends after it.
  const orphans = kept.filter(({ field }) => !traces.has(field('request_id')))
  expect(orphans.length).toBeLessThan(3)
})

test('names and seeds are unique, and every fault lies within its scenario', () => {
  const names = SCENARIOS.map(({ name }) => name)
  expect(SCENARIOS.length).toBeGreaterThanOrEqual(40)
  expect(new Set(names).size).toBe(names.length)
  expect(new Set(SCENARIOS.map(({ seed }) => seed)).size).toBe(names.length)
  for (const one of SCENARIOS)
    for (const { fromUnixMs, untilUnixMs } of truthOf(one)) {
      expect(untilUnixMs).toBeGreaterThan(fromUnixMs)
      expect(untilUnixMs).toBeLessThanOrEqual(SCENARIO_START_UNIX_MS + one.durationS * 1_000)
    }
})

test('host memory is told apart from GPU memory in the texts', () => {
  const gpu = OOM_NAMES.map((name) => LOG_TEXTS[name].body)
  expect(new Set(gpu).size).toBe(OOM_NAMES.length)
  for (const name of ['host-oom', 'host-oom-node'] as const) {
    expect(LOG_TEXTS[name].body).toContain('Killed process')
    expect(gpu).not.toContain(LOG_TEXTS[name].body)
  }
})
