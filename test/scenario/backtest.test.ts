import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runBacktest } from '../../src/backtest/run.ts'
import { loadAlerts } from '../../src/config/alerts.ts'
import { createMeanings } from '../../src/config/meanings.ts'
import type { BacktestResult } from '../../src/model/backtest.ts'
import type { Verdict } from '../../src/model/verdict.ts'
import { createClickHouse } from '../../src/store/clickhouse.ts'
import { createRecorded } from '../../src/store/recorded.ts'
import { logsAt, metricsAt, statusAt, tracesAt } from './backtest-traffic.ts'
import { newFolder, run, type Served, serve } from './served.ts'

// A server lives through a fault, with duplicates, late items, a silent router and moving traffic.
// What it found is then compared, verdict by verdict, with what a replay of its own storage finds.

const RULES = `
schema: signalbox.rules/v1
rules:
  - { id: failing, kind: ratio, on: attempts, where: { role: primary }, bad: { outcome: failed }, by: [route, target], window: 2s, trip: { above: 0.4, min_count: 20, min_distinct: { request_id: 3 } }, clear: { below: 0.1, window: 1s, min_count: 5 }, severity: critical }
  - { id: failing-slowly, kind: ratio, on: attempts, bad: { outcome: failed }, by: [route, target], window: 3s, trip: { above: 0.6, min_count: 20 }, clear: { below: 0.1, window: 1s, min_count: 5 } }
  - { id: failing-batch, kind: ratio, on: attempts, where: { job.kind: batch }, bad: { outcome: failed }, by: [resource.cloud.zone], window: 2s, trip: { above: 0.4, min_count: 5 } }
  - { id: counted, kind: ratio, on: attempts, source: counters, bad: { outcome: ok }, by: [router], window: 3s, trip: { above: 0.4, min_count: 80 } }
  - { id: users-failing, kind: ratio, on: requests, bad: { outcome: failed }, by: [route], window: 2s, trip: { above: 0.3, min_count: 20 } }
  - { id: oom, kind: distinct, on: logs, where: { body: { match: 'out of memory' } }, of: worker, by: [target], window: 2s, trip: { at_least: 2 }, clear: { below: 1 } }
  - { id: evicted, kind: count, on: logs, where: { k8s.event.reason: [Evicted] }, window: 2s, trip: { at_least: 1 } }
  - { id: exceptions, kind: count, on: spans, where: { exception.message: { match: 'boom' } }, by: [worker], window: 2s, trip: { at_least: 2 } }
  - { id: slow-spans, kind: value, on: spans, where: { name: render }, of: duration, agg: max, by: [worker], window: 2s, trip: { above: 300ms } }
  - { id: queue, kind: value, on: metrics, where: { metric: queue.depth }, of: value, agg: last, by: [target], window: 2s, trip: { above: 50 } }
  - { id: hung, kind: inflight, by: [route, target], window: 3s, trip: { oldest_above: 2s, for: 500ms } }
  - { id: router-silent, kind: silence, expect: routers, by: [router], trip: { for: 3s } }
  - { id: workers-silent, kind: silence, expect: workers, by: [target], trip: { for: 2s } }
`
const FAILOVER = `
schema: signalbox.failover/v1
routes:
  - { route: preview, primary: cloud-eu, fallbacks: [{ target: edge-local }], mode: auto, on: [failing], evidence: { need: 1 }, keep_on_primary: { share: 0.01, max_rps: 2 } }
`
const STEP_MS = 200
const STEPS = 75
/** A busy server may judge the last moments only after they were replayed. */
const TAIL_MS = 1_500

let served: Served
let fromUnixMs = 0
let toUnixMs = 0
const alertsDir = newFolder()

beforeAll(async () => {
  mkdirSync(join(alertsDir, 'rules'))
  writeFileSync(join(alertsDir, 'rules', 'test.yaml'), RULES)
  writeFileSync(join(alertsDir, 'failover.yaml'), FAILOVER)
  fromUnixMs = Date.now()
  served = await serve({ alertsDir })
  await play()
  toUnixMs = Date.now()
  // Whatever is still buffered is stored when a back-test begins.
}, 60_000)
afterAll(async () => {
  if (served.child.exitCode === null) await served.end()
})

const post = async (path: string, body: unknown) => {
  const answer = await fetch(`${served.addresses.otlp_http}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect([path, answer.status]).toEqual([path, 200])
}

async function play() {
  const startMs = performance.now()
  for (let step = 0; step < STEPS; step++) {
    const nowMs = Date.now()
    const all = [
      ...tracesAt(step, nowMs).map((body) => post('/v1/traces', body)),
      ...logsAt(step, nowMs).map((body) => post('/v1/logs', body)),
      ...metricsAt(step, nowMs).map((body) => post('/v1/metrics', body)),
      ...statusAt(step, nowMs).map(({ router, status }) =>
        fetch(`${served.addresses.http}/api/v1/routers/${router}/status`, {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(status),
        }).then(({ status: code }) => expect(code).toBe(200)),
      ),
    ]
    await Promise.all(all)
    if (step === STEPS - 5)
      await fetch(`${served.addresses.http}/api/v1/routers/router-3`, { method: 'DELETE' })
    await sleep(Math.max(0, (step + 1) * STEP_MS - (performance.now() - startMs)))
  }
}

type Line = readonly [by: string, state: string, effect: string, atUnixMs: number]

const toLine = (by: object, rest: Pick<Verdict, 'state' | 'effect' | 'atUnixMs'>): Line => [
  JSON.stringify(Object.entries(by).sort()),
  rest.state,
  rest.effect,
  Math.floor(rest.atUnixMs),
]

test('a replay finds what was found live: the same verdicts at the same event times', async () => {
  const settings = { telemetry: { attributes: {} } }
  const result = loadAlerts({ dir: alertsDir, env: {} })
  if (result.status !== 'ok') throw new Error(JSON.stringify(result.errors))
  await served.post('/api/v1/backtests', {
    from: new Date(fromUnixMs).toISOString(),
    to: new Date(fromUnixMs + 1_000).toISOString(),
  })
  const clickhouse = createClickHouse({ url: served.addresses.clickhouse })
  const replayed = new Map<string, Line[]>()
  const summary = await runBacktest(
    {
      ...{ fromUnixMs, toUnixMs, warmUpMs: 0, given: undefined, latenessMs: 10_000, speed: 1 },
      inForce: result.alerts.rules,
      failover: result.alerts.failover,
      meanings: createMeanings(settings),
      services: {},
    },
    {
      recorded: createRecorded(clickhouse),
      progress: () => {},
      verdict: ({ rule, by, ...rest }) => {
        replayed.set(rule, [...(replayed.get(rule) ?? []), toLine(by, rest)])
      },
    },
  )
  const rows = await clickhouse.query<{
    rule: string
    by: Record<string, string>
    state: Verdict['state']
    effect: Verdict['effect']
    atUnixMs: number
  }>(
    `SELECT Rule AS rule, \`By\` AS by, State AS state, Effect AS effect,
       toFloat64(toUnixTimestamp64Milli(At)) AS atUnixMs
     FROM signalbox_rule_evaluations ORDER BY SeenAt`,
  )
  const restarts = await clickhouse.query<{ n: number }>(
    `SELECT count() AS n FROM signalbox_transitions WHERE SeenAt > 0`,
  )
  await clickhouse.close()
  const live = new Map<string, Line[]>()
  for (const { rule, by, ...rest } of rows)
    live.set(rule, [...(live.get(rule) ?? []), toLine(by, rest)])
  for (const lines of [...live.values(), ...replayed.values()]) {
    const past = lines.filter(([, , , atUnixMs]) => atUnixMs < toUnixMs - TAIL_MS)
    lines.splice(0, lines.length, ...past)
  }
  for (const [rule, lines] of live)
    expect([rule, settled(replayed.get(rule) ?? [])]).toEqual([rule, settled(lines)])
  expect([...replayed.keys()].sort()).toEqual([...live.keys()].sort())
  const fired = [...live].filter(([, lines]) => lines.some(([, state]) => state === 'firing'))
  expect(fired.map(([rule]) => rule).sort()).toEqual([
    ...['counted', 'evicted', 'exceptions', 'failing', 'failing-batch', 'hung', 'oom'],
    ...['queue', 'router-silent', 'slow-spans', 'users-failing', 'workers-silent'],
  ])
  expect(restarts[0]?.n).toBeGreaterThan(0)
  expect(summary.rules.every(({ against_live: { summary: text } }) => text === 'the same')).toBe(
    true,
  )
})

/** Groups without keys are judged from the start on, at whichever tick that was. */
const settled = (lines: readonly Line[]) =>
  lines.filter(([by, state], index) => by !== '[]' || index > 0 || state === 'firing')

test('the API compares another set of rules with what happened', async () => {
  const answer = await served.post('/api/v1/backtests', {
    from: new Date(fromUnixMs).toISOString(),
    to: new Date(toUnixMs).toISOString(),
    rules: RULES.replaceAll('above: 0.4, min_count: 20', 'above: 0.2, min_count: 20'),
  })
  const result = (await answer.json()) as BacktestResult
  expect([answer.status, result.rule_set]).toEqual([200, 'given'])
  const failing = result.rules.find(({ rule }) => rule === 'failing')
  expect(failing?.against_in_force?.matched[0]?.fired_earlier_s).toBeGreaterThan(0)
  expect(failing?.against_live.summary).toMatch(/earlier/)
})

test('bad input is told by file, line and key, and only one back-test runs at a time', async () => {
  const range = { from: new Date(fromUnixMs).toISOString(), to: new Date(toUnixMs).toISOString() }
  const rules = { 'mine.yaml': 'schema: signalbox.rules/v1\nrules:\n  - { id: x, kind: ratio }\n' }
  const faulty = await served.post('/api/v1/backtests', { ...range, rules })
  expect([faulty.status, await faulty.json()]).toMatchObject([
    422,
    {
      code: 'CONFIG_INVALID',
      errors: expect.arrayContaining([expect.objectContaining({ file: 'mine.yaml', line: 3 })]),
    },
  ])
  const turned = await served.post('/api/v1/backtests', { from: range.to, to: range.from })
  expect([turned.status, await turned.json()]).toMatchObject([400, { errors: [{ key: 'to' }] }])
  const both = await Promise.all([1, 2].map(() => served.post('/api/v1/backtests', range)))
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
  const running = await (await served.get('/api/v1/backtests')).json()
  expect(running).toEqual({ running: null })
})

test('the command line prints a table, and exports a trip as a rule test that passes', async () => {
  mkdirSync(join(alertsDir, 'tests'))
  const file = join(alertsDir, 'tests', 'recorded.yaml')
  const url = ['--url', served.addresses.http]
  const range = [
    '--from',
    new Date(fromUnixMs).toISOString(),
    '--to',
    new Date(toUnixMs).toISOString(),
  ]
  const command = run(['backtest', ...range, ...url, '--rule', 'failing', '--export', file])
  expect([await command.exited, command.output()]).toEqual([
    0,
    expect.stringContaining('failing: 1 trip'),
  ])
  expect(command.output()).toContain('against what happened: the same')
  const check = run(['check', alertsDir])
  expect([await check.exited, check.output()]).toEqual([0, expect.stringContaining('1 rule test')])
  const usage = run(['backtest', '--nonsense'])
  expect(await usage.exited).toBe(2)
  const failed = run(['backtest', '--from', 'yesterday', ...url])
  expect([await failed.exited, failed.output()]).toEqual([1, expect.stringContaining('--from')])
})
