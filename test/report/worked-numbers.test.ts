import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Report } from '../../src/model/report.ts'
import { startDatabase, type TestDatabase } from '../store/database.ts'
import {
  type Plan,
  reporterOf,
  type Step,
  store,
  storeTraffic,
  T,
  type Traffic,
  toIncident,
  toTransitions,
} from './traffic.ts'

// The worked numbers of DEFINITIONS.md, on generated rows in the real database. Rates are lower than
// in the text, ratios the same.

// A hundred thousand rows take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

let database: TestDatabase
beforeAll(async () => {
  database = await startDatabase()
})
afterAll(async () => {
  await database?.stop()
})

const ok: Plan = { tries: [{ on: 'primary', outcome: 'ok' }] }
const lost: Plan = { tries: [{ on: 'primary', outcome: 'failed' }] }
const moved: Plan = { tries: [{ on: 'fallback', outcome: 'ok', generation: '1.2' }] }
const rescued: Plan = { tries: [{ on: 'primary', outcome: 'failed' }, ...moved.tries] }

interface Story {
  readonly route: string
  readonly perSecond: number
  readonly until: number
  readonly steps?: readonly Step[]
  plan: Traffic['plan']
}

/** Healthy minutes, the outage from T on, three healthy minutes after it; then the report. */
async function tell({ route, perSecond, until, plan, steps = [] }: Story): Promise<Report> {
  const { clickhouse } = database
  await storeTraffic(clickhouse, [
    { route, from: -300, until: 0, perSecond, plan: () => ok },
    { route, from: 0, until, perSecond, plan },
    { route, from: until, until: until + 180, perSecond, plan: () => ok },
  ])
  await store(clickhouse, 'signalbox_transitions', toTransitions(route, steps))
  const incident = toIncident(route, {
    resolved_at: new Date(T + (until + 170) * 1000).toISOString(),
  })
  return await reporterOf(clickhouse, incident).report(incident.id)
}

const away = (decided: number, back: number): Step[] => [
  { second: decided, from: 'primary', to: 'engaging', generation: 2, share: 0 },
  { second: decided + 0.4, from: 'engaging', to: 'fallback', generation: 2, text: 'confirmed' },
  { second: back, from: 'fallback', to: 'primary', generation: 3, share: 1 },
]
const percent = (report: Report, id: string) => (report.headline[id]?.value ?? Number.NaN) * 100
const value = (report: Report, id: string) => report.headline[id]?.value

test('1, 6: a 40 % rule over 90 s and 26 min: coverage 97.615 %, budget 1.435 % against 60.185 %', async () => {
  const report = await tell({
    ...{ route: 'one', perSecond: 50, until: 1560, steps: away(36, 1560) },
    plan: (second) => (second < 37.2 ? lost : moved),
  })
  expect(report.state).toBe('final')
  expect(report.incident.t0).toBe('2026-01-11T14:26:00.000Z')
  expect(value(report, 'duration')).toBe(1560)
  expect(value(report, 'requests_total')).toBe(1560 * 50)
  expect(value(report, 'requests_failed')).toBe(1860)
  expect(percent(report, 'fallback_coverage')).toBeCloseTo(97.615, 3)
  expect(report.headline.fallback_coverage).toMatchObject({ label: 'assumed', n: 1560 * 50 })
  expect(percent(report, 'budget_burnt')).toBeCloseTo(1.435, 3)
  expect(percent(report, 'budget_burnt_without_fallback')).toBeCloseTo(60.185, 3)
  expect(report.headline.budget_burnt?.label).toBe('forecast')
  expect(value(report, 'availability_without_fallback')).toBe(0)
  expect(percent(report, 'availability')).toBeCloseTo(97.615, 3)
  expect(value(report, 'fallback_generations')).toBe(76_140)
  expect(value(report, 'dark_time')).toBe(37)
  // The 38th second is up to a fifth only: 80 % of its requests were served.
  expect(value(report, 'user_impact_duration')).toBe(38)
  expect(value(report, 'time_on_fallback')).toBe(1524)
  expect(value(report, 'switch_start_gap')).toBeCloseTo(1.2, 6)
  expect(value(report, 'switch_over_gap')).toBeCloseTo(1.21, 6)
  expect(value(report, 'uptime_share_fallback')).toBe(1)
  expect(report.impact.partition_s).toEqual({
    ...{ primary_up: 0, fallback_up: 1522, disrupted: 38, unknown: 0 },
  })
})

test('7: a trickle of 1 % that nobody rescues costs a point: coverage 96.64 %', async () => {
  const report = await tell({
    ...{ route: 'seven', perSecond: 20, until: 1560, steps: away(36, 1560) },
    plan: (second, index) => (second < 37.2 || index % 100 === 0 ? lost : moved),
  })
  expect(percent(report, 'fallback_coverage')).toBeCloseTo(96.64, 2)
  expect(report.headline.fallback_coverage?.label).toBeUndefined()
  expect(value(report, 'duration')).toBe(1560)
})

test('8: with rescue in the router nobody fails, and nothing is dark', async () => {
  const report = await tell({
    ...{ route: 'eight', perSecond: 20, until: 600, steps: away(36, 600) },
    plan: (second) => (second < 37.2 ? rescued : moved),
  })
  expect(value(report, 'requests_failed')).toBe(0)
  expect(value(report, 'dark_time')).toBe(0)
  expect(value(report, 'user_impact_duration')).toBe(0)
  expect(percent(report, 'fallback_coverage')).toBe(100)
  expect(report.impact.masked_failures).toMatchObject({ value: 744 })
  expect(report.impact.retry_amplification).toMatchObject({ value: 1 + 37.2 / 600 })
})

test('9: ten minutes at one half, moved after 80 s: without fallback 50 % would have been up', async () => {
  const half: Traffic['plan'] = (_second, index) => (index % 2 === 0 ? lost : ok)
  const report = await tell({
    ...{ route: 'nine', perSecond: 20, until: 600, steps: away(80, 600) },
    plan: (second, index) => (second < 80 ? half(second, index) : moved),
  })
  expect(value(report, 'duration')).toBe(600)
  expect(percent(report, 'availability_without_fallback')).toBeCloseTo(50, 6)
  expect(percent(report, 'availability')).toBeCloseTo(100 * (1 - 40 / 600), 6)
})

test('10: 40 % of attempts fail, a retry rescues 60 % of those, the fallback the rest: W = 16 %', async () => {
  const again: Plan = { tries: [...lost.tries, ...ok.tries] }
  const elsewhere: Plan = { tries: [...lost.tries, ...lost.tries, ...moved.tries] }
  const report = await tell({
    ...{ route: 'ten', perSecond: 20, until: 300 },
    // A step of 37 through the hundred spreads them over each second.
    plan: (_second, index) => {
      const place = (index * 37) % 100
      return place < 60 ? ok : place < 84 ? again : elsewhere
    },
  })
  const requests = value(report, 'requests_total') ?? 0
  expect(requests).toBe(300 * 20)
  expect(report.fallback.would_have_failed).toMatchObject({ value: 0.16 * requests })
  expect(percent(report, 'fallback_coverage')).toBe(100)
  expect(percent(report, 'availability_without_fallback')).toBeCloseTo(84, 6)
  expect(report.headline.switch_start_gap).toMatchObject({ value: null })
})
