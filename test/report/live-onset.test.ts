import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createOnsets } from '../../src/detect/onset.ts'
import { createRandom } from '../../src/fleet/random.ts'
import { observeAll, type Tried } from '../detect/onset-world.ts'
import { startDatabase, type TestDatabase } from '../store/database.ts'
import { type Plan, type Rows, reporterOf, store, T, toIncident, toRows } from './traffic.ts'

// What detection says while it happens is what the report says afterwards, on the same attempts.

vi.setConfig({ testTimeout: 60_000 })

let database: TestDatabase
beforeAll(async () => {
  database = await startDatabase()
})
afterAll(async () => {
  await database?.stop()
})

interface Case {
  readonly route: string
  readonly perSecond: number
  readonly noise: number
  readonly failing: number
  readonly failsAfterMs: number
  readonly detectS: number
  /** Every request that fails is tried again on the fallback. */
  readonly isRescued?: boolean
  readonly weight?: number
}

const fast = { failsAfterMs: 40 }
const slow = { failsAfterMs: 10_000 }
const CASES: readonly Case[] = [
  { route: 'half', perSecond: 60, noise: 0.01, failing: 0.5, ...fast, detectS: 72 },
  { route: 'fifth', perSecond: 60, noise: 0.005, failing: 0.2, ...fast, detectS: 45 },
  { route: 'slow', perSecond: 50, noise: 0.002, failing: 1, ...slow, detectS: 42 },
  { route: 'slow-half', perSecond: 50, noise: 0.08, failing: 0.5, ...slow, detectS: 16 },
  { route: 'quiet', perSecond: 3, noise: 0, failing: 1, ...fast, detectS: 36 },
  {
    ...{ route: 'saved', perSecond: 50, noise: 0.01, failing: 1, ...fast, detectS: 36 },
    ...{ isRescued: true, weight: 10 },
  },
]

function rowsOf(one: Case): Rows {
  const { noise, failing, failsAfterMs, isRescued = false, weight = 1 } = one
  const random = createRandom(one.perSecond + failing * 10)
  const plan = (second: number): Plan => {
    const isFailed = random.unit() < (second >= 0 ? failing : noise)
    if (!isFailed) return { tries: [{ on: 'primary', outcome: 'ok', tookMs: 800 }], weight }
    const lost = { on: 'primary', outcome: 'failed', tookMs: failsAfterMs } as const
    const again = { on: 'fallback', outcome: 'ok', tookMs: 900 } as const
    return { tries: isRescued ? [lost, again] : [lost], weight }
  }
  return toRows({ route: one.route, from: -400, until: 100, perSecond: one.perSecond, plan })
}

const toMs = (text: unknown) => Date.parse(`${String(text).replace(' ', 'T')}Z`)

test.for(CASES)('$route: the onset while it happened is T0 of the report', async (one) => {
  const rows = rowsOf(one)
  await store(database.clickhouse, 'signalbox_requests', rows.requests)
  await store(database.clickhouse, 'signalbox_attempts', rows.attempts)

  const detectUnixMs = T + one.detectS * 1_000
  const seen = rows.attempts
    .map((row) => ({
      startUnixMs: toMs(row.Timestamp),
      endUnixMs: toMs(row.EndTime),
      ...{ outcome: row.Outcome, route: row.Route, target: row.Target, role: row.Role },
      weight: row.Weight,
    }))
    .filter(({ endUnixMs }) => endUnixMs <= detectUnixMs)
  const onsets = createOnsets({ hourMs: 3_600_000 })
  observeAll(onsets, seen as Tried[])
  const { route } = one
  const live = onsets.onsetOf({ route, target: 'cloud', detectUnixMs, windowMs: 90_000 })

  const incident = toIncident(route, {
    // What `correlate` makes of it.
    t0: new Date(live?.atUnixMs ?? detectUnixMs).toISOString(),
    opened_at: new Date(detectUnixMs).toISOString(),
    resolved_at: new Date(T + 95_000).toISOString(),
  })
  const report = await reporterOf(database.clickhouse, incident).report(incident.id)
  expect(Date.parse(String(report.incident.t0))).toBe(live?.atUnixMs)
  expect(report.incident.uncertainty_s).toBe((live?.uncertaintyMs ?? 0) / 1_000)
  expect(Math.abs((live?.atUnixMs ?? 0) - T)).toBeLessThanOrEqual(live?.uncertaintyMs ?? 0)
  const baselineRatio = Number(report.data_quality.baseline_failed_ratio)
  expect(live?.baselineRatio).toBeCloseTo(Math.max(baselineRatio, 0.001), 2)
})

test('where the report knows better, it says what was known before', async () => {
  const at = new Date(T - 10_000).toISOString()
  const textOf = async (atMs: number) => {
    const told = { at: new Date(atMs).toISOString(), clock: 'event', kind: 'onset', text: 'Began' }
    const incident = toIncident('quiet', { t0: at, timeline: [told] })
    const report = await reporterOf(database.clickhouse, incident).report(incident.id)
    expect(report.incident.first_sign_at).toBe(at)
    return report.timeline.find(({ text }) => text.startsWith('T0'))?.text
  }
  const text = 'T0: impairment of the primary begins (± 30 s)'
  expect(await textOf(T)).toBe(text)
  expect(await textOf(T - 60_000)).toBe(`${text}; when it was recognised, 14:25:00 was known`)
})
