import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Report } from '../../src/model/report.ts'
import { startDatabase, type TestDatabase } from '../store/database.ts'
import {
  addRequest,
  type Plan,
  type Rows,
  reporterOf,
  store,
  storeTraffic,
  T,
  toIncident,
  toRows,
  toText,
  toTransitions,
} from './traffic.ts'

vi.setConfig({ testTimeout: 60_000 })

let database: TestDatabase
beforeAll(async () => {
  database = await startDatabase()
})
afterAll(async () => {
  await database?.stop()
})

const ok: Plan = { tries: [{ on: 'primary', outcome: 'ok', tookMs: 800 }] }
const lost: Plan = { tries: [{ on: 'primary', outcome: 'failed', tookMs: 40 }] }
const moved: Plan = {
  tries: [{ on: 'fallback', outcome: 'ok', tookMs: 1000, generation: '1.2' }],
}
const PER_SECOND = 50
/** Where nothing depends on how many there are. */
const FEW_PER_SECOND = 10

/** Two minutes of outage at 50 requests/s: one minute of failures, one on the fallback. */
async function tellOutage(route: string, { repeat = 1, until = 400, perSecond = PER_SECOND } = {}) {
  const { clickhouse } = database
  const phases = [
    { from: -300, until: 0, plan: () => ok },
    { from: 0, until: 60, plan: () => lost },
    // A trickle of 4 % stays on the primary, and recovers at 120 s.
    { from: 60, until: 120, plan: (_: number, i: number) => (i % 25 === 0 ? lost : moved) },
    { from: 120, until: 180, plan: (_: number, i: number) => (i % 25 === 0 ? ok : moved) },
    { from: 180, until, plan: () => ok },
  ].map((phase) => ({ ...phase, route, perSecond }))
  for (let time = 0; time < repeat; time++) await storeTraffic(clickhouse, phases)
  await store(
    clickhouse,
    'signalbox_transitions',
    toTransitions(route, [
      { second: 59, from: 'primary', to: 'suspect', generation: 1 },
      {
        ...{ second: 59.5, from: 'suspect', to: 'engaging', generation: 2, share: 0.04 },
        evidence: { ruleTrueUnixMs: T + 59_400, rule: 'primary-failing', windowMs: 90_000 },
      },
      { second: 60.1, ...applied, generation: 2, evidence: { confirmed: true } },
      { second: 170, from: 'fallback', to: 'ramping', generation: 3, share: 0.5 },
      { second: 180, from: 'ramping', to: 'primary', generation: 4, share: 1 },
    ]),
  )
}

const applied = { from: 'engaging', to: 'fallback' } as const
const resolved = { resolved_at: new Date(T + 380_000).toISOString() }

test('an outage is reported from T0 to T1 with its chain and its drawing', async () => {
  await tellOutage('whole')
  await store(database.clickhouse, 'signalbox_deliveries', [
    {
      ...{ At: toText(T + 59_510), DeliveryId: 'd1', Subscription: 's1', Router: 'router-1' },
      ...{ Route: 'whole', Epoch: 1, Generation: 2, Version: 2, State: 'answered', Status: 200 },
      ...{ DurationMs: 20, Error: '', ClockOffsetMs: 3 },
    },
  ])
  const incident = toIncident('whole', resolved)
  const reporter = reporterOf(database.clickhouse, incident)
  const report = await reporter.report(incident.id)
  expect(report.state).toBe('final')
  expect(report.headline.duration).toMatchObject({ value: 120, unit: 's', low: 118, high: 122 })
  expect(report.headline.time_on_fallback?.value).toBe(120.5)
  expect(report.headline.requests_failed?.value).toBe(60 * PER_SECOND + 120)
  expect(report.chain.stamps.map((one) => [one.id, one.at?.slice(14, 23) ?? null])).toEqual([
    ['t1', '26:00.040'],
    ['t2', '26:00.540'],
    ['t3', '26:59.400'],
    ['t4', '26:59.500'],
    ['t5', '26:59.510'],
    ['t6', '26:59.530'],
    ['t7', '27:00.100'],
    ['t8s', '27:00.020'],
    ['t8', '27:01.020'],
    ['t9', '27:00.000'],
  ])
  expect(report.chain.durations).toMatchObject({ visible_s: 0.5, detect_s: 59.46, deliver_s: 0.02 })
  expect(report.headline.switch_start_gap).toMatchObject({ value: 0.52, low: 0.51, high: 0.53 })
  expect(report.figures[0]?.svg).toMatch(
    /^<svg[\s\S]*failover decided[\s\S]*failed back[\s\S]*<\/svg>$/,
  )
  expect(report.figures[0]?.rows).toHaveLength(360)
  await expect(report.figures[0]?.svg).toMatchFileSnapshot('../golden/outcomes.svg')
  expect(Object.keys(report.queries)).toContain(report.headline.duration?.query)
})

test('the same stored data give the same bytes in every format', async () => {
  const incident = toIncident('whole', resolved)
  const print = async () => {
    const reporter = reporterOf(database.clickhouse, incident)
    const report = await reporter.report(incident.id)
    return (['json', 'md', 'html'] as const).map((format) => reporter.render(report, format))
  }
  const [first, second] = [await print(), await print()]
  expect(second).toEqual(first)
  if (process.env.REPORT_OUT) writeFileSync(process.env.REPORT_OUT, first[2] ?? '')
  await expect(first[1]).toMatchFileSnapshot('../golden/report.md')
})

test('spans that come twice count once', async () => {
  await tellOutage('once', { perSecond: FEW_PER_SECOND })
  await tellOutage('twice', { repeat: 2, perSecond: FEW_PER_SECOND })
  const once = toIncident('once', resolved)
  const twice = toIncident('twice', resolved)
  const one = await reporterOf(database.clickhouse, once).report(once.id)
  const two = await reporterOf(database.clickhouse, twice).report(twice.id)
  const counts = (report: Report) =>
    [
      ...['requests_total', 'requests_failed', 'fallback_coverage', 'fallback_generations'],
      ...['budget_burnt', 'budget_burnt_without_fallback', 'disruption_p50'],
    ].map((id) => report.headline[id])
  expect(counts(two)).toEqual(counts(one))
  expect(two.impact.retry_amplification).toEqual(one.impact.retry_amplification)
  expect(two.data_quality.baseline_attempts).toBe(one.data_quality.baseline_attempts)
  expect(two.data_quality.duplicate_spans).toBeGreaterThan(0)
})

test('while it lasts every figure is provisional and T1 is the watermark', async () => {
  await tellOutage('lasting', { until: 180, perSecond: FEW_PER_SECOND })
  const incident = toIncident('lasting', { state: 'mitigated' })
  const report = await reporterOf(database.clickhouse, incident).report(incident.id)
  // The newest answer ended at about 181 s; ten seconds later nothing earlier can still come.
  expect(report.headline.duration).toMatchObject({ value: 170, label: 'provisional' })
  expect(report).toMatchObject({ state: 'provisional', incident: { t1: null } })
})

test('sent at 0, timed out at 10 s, answered at 12 s, normal is 0.8 s: disrupted for 11.2 s', async () => {
  const { clickhouse } = database
  const route = 'session'
  await storeTraffic(clickhouse, [
    { route, from: -300, until: 0, perSecond: FEW_PER_SECOND, plan: () => ok },
    { route, from: 0, until: 60, perSecond: FEW_PER_SECOND, plan: () => lost },
    { route, from: 60, until: 300, perSecond: FEW_PER_SECOND, plan: () => ok },
  ])
  const rows: Rows = { requests: [], attempts: [] }
  const add = (session: string, second: number, plan: Plan) =>
    addRequest(rows, { route, id: `${session}-${second}`, second, plan: { ...plan, session } })
  const timedOut: Plan = { tries: [{ on: 'primary', outcome: 'failed', tookMs: 10_000 }] }
  const answered: Plan = { tries: [{ on: 'primary', outcome: 'ok', tookMs: 1_990 }] }
  add('user-1', 10, timedOut)
  add('user-1', 20.01, answered)
  add('user-2', 30, ok)
  for (let second = 0; second < 60; second += 0.5) add('machine', second, lost)
  await store(clickhouse, 'signalbox_requests', rows.requests)
  await store(clickhouse, 'signalbox_attempts', rows.attempts)
  const incident = toIncident(route, resolved)
  const report = await reporterOf(clickhouse, incident).report(incident.id)
  expect(report.headline.disruption_p50).toMatchObject({ value: 11.2, n: 1 })
  expect(report.headline.disruption_p95).toMatchObject({ value: 11.2 })
  expect(report.impact.sessions).toMatchObject({ active: 2, machines_excluded: 1, censored: 0 })
})

test('without session ids disruption is null and says so', async () => {
  const incident = toIncident('whole', resolved)
  const report = await reporterOf(database.clickhouse, incident).report(incident.id)
  expect(report.headline.disruption_p50).toMatchObject({
    value: null,
    reason: 'requests carry no session id',
  })
})

test('rejected and cancelled requests count in no figure; lost request spans are made up for', async () => {
  const { clickhouse } = database
  const route = 'mixed'
  const refuse = (outcome: 'rejected' | 'cancelled'): Plan => ({
    tries: [{ on: 'primary', outcome }],
  })
  const phase = { route, from: 0, until: 60, perSecond: FEW_PER_SECOND }
  const plans = [lost, refuse('rejected'), refuse('cancelled'), lost, moved]
  const rows = toRows({ ...phase, plan: (_, index) => plans[index % 5] ?? lost })
  await storeTraffic(clickhouse, [
    { ...phase, from: -300, until: 0, plan: () => ok },
    { ...phase, from: 60, until: 300, plan: () => ok },
  ])
  // Every fifth request is known by its attempts alone.
  const requests = rows.requests.filter((_, index) => index % 5 !== 3)
  await store(clickhouse, 'signalbox_requests', requests)
  await store(clickhouse, 'signalbox_attempts', rows.attempts)
  const incident = toIncident(route, resolved)
  const report = await reporterOf(clickhouse, incident).report(incident.id)
  expect(report.headline.requests_total?.value).toBe(60 * 6)
  expect(report.headline.requests_failed?.value).toBe(60 * 4)
})

test('an incident without a route says what can be said', async () => {
  const { route: _, ...incident } = toIncident('none')
  const report = await reporterOf(database.clickhouse, incident).report(incident.id)
  expect(report.headline.availability).toMatchObject({ value: null, n: 0 })
  expect(report.headline.availability?.reason).toContain('no single route')
  expect(reporterOf(database.clickhouse, incident).render(report, 'md')).toContain('# none')
})

test('a route without any data gives a report of unknowns, not an error', async () => {
  const incident = toIncident('silent', { state: 'open' })
  const reporter = reporterOf(database.clickhouse, incident)
  const report = await reporter.report(incident.id)
  expect(report.headline.availability).toMatchObject({ value: null, reason: 'no eligible request' })
  expect(reporter.render(report, 'html')).toContain('<svg')
})

test('an unknown incident and an unknown profile are refused with a code', async () => {
  const incident = toIncident('whole', resolved)
  const reporter = reporterOf(database.clickhouse, incident)
  await expect(reporter.report('inc_x')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(reporter.report(incident.id, { profile: 'public' })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  })
})

test('texts of an incident cannot break out of the page or of a table', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-report-'))
  const title = 'a|b <script>alert(1)</script>\nc'
  const entry = { at: new Date(T).toISOString(), clock: 'signalbox', kind: 'note', text: title }
  const incident = toIncident('whole', { ...resolved, title, timeline: [entry] })
  const reporter = reporterOf(database.clickhouse, incident)
  const report = await reporter.report(incident.id)
  const html = reporter.render(report, 'html')
  expect(html).not.toContain('<script')
  expect(reporter.render(report, 'md')).toContain('| note | a\\|b <script>alert(1)</script> c |')
  writeFileSync(join(dir, 'report.html'), html)
})
