import { expect } from 'vitest'
import type { RoutePolicy } from '../../src/config/failover.ts'
import { Failover } from '../../src/config/failover.ts'
import { loadYaml } from '../../src/config/load-yaml.ts'
import { createTimings } from '../../src/config/timings.ts'
import type { Row } from '../../src/model/batch.ts'
import type { Incident } from '../../src/model/incident.ts'
import { createReporter, type ReporterOptions } from '../../src/report/reporter.ts'
import type { ClickHouse } from '../../src/store/clickhouse.ts'

// Steady traffic by the clock, for golden figures: request number k starts at k / rate seconds.

/** The minute in which outages of these tests begin. */
export const T = Date.UTC(2026, 0, 11, 14, 26, 0)

export interface Try {
  readonly on: 'primary' | 'fallback' | 'unlisted'
  readonly outcome: 'ok' | 'failed' | 'rejected' | 'cancelled'
  /** Default 10 ms. */
  readonly tookMs?: number
  readonly generation?: string
}

export interface Plan {
  readonly tries: readonly Try[]
  readonly outcome?: 'ok' | 'failed' | 'rejected' | 'cancelled'
  readonly session?: string
  readonly images?: number
  readonly weight?: number
}

export interface Traffic {
  readonly route: string
  /** Seconds from T. */
  readonly from: number
  readonly until: number
  readonly perSecond: number
  /** What becomes of the request that starts `second` after T; `index` counts from 0. */
  plan(second: number, index: number): Plan
}

export interface Rows {
  readonly requests: Row[]
  readonly attempts: Row[]
}

const TARGETS = { primary: 'cloud', fallback: 'edge', unlisted: 'elsewhere' } as const

export function toRows(traffic: Traffic): Rows {
  const { route, from, until, perSecond, plan } = traffic
  const rows: Rows = { requests: [], attempts: [] }
  const count = Math.round((until - from) * perSecond)
  for (let index = 0; index < count; index++) {
    const second = from + index / perSecond
    addRequest(rows, { route, id: `${route}-${from}-${index}`, second, plan: plan(second, index) })
  }
  return rows
}

interface One {
  readonly route: string
  readonly id: string
  readonly second: number
  readonly plan: Plan
}

export function addRequest(rows: Rows, { route, id, second, plan }: One): void {
  const { tries, session = '', images = 1, weight = 1 } = plan
  let atMs = T + second * 1000
  const startMs = atMs
  const shared = {
    ...{ TraceId: id, RequestId: id, Route: route, Router: 'router-1', Session: session },
    ...{ Class: 'txt2img', Images: images, Weight: weight, Cost: 1 },
  }
  for (const [index, one] of tries.entries()) {
    const endMs = atMs + (one.tookMs ?? 10)
    rows.attempts.push({
      ...shared,
      ...times(atMs, endMs),
      SpanId: `${id}/${index}`,
      Outcome: one.outcome,
      Target: TARGETS[one.on],
      Role: one.on,
      Generation: one.generation ?? '1.1',
    })
    atMs = endMs
  }
  const served = tries.findLast((one) => one.outcome === 'ok')
  rows.requests.push({
    ...shared,
    ...times(startMs, Math.max(atMs, startMs + 10)),
    SpanId: `${id}/root`,
    Outcome: plan.outcome ?? (served ? 'ok' : (tries.at(-1)?.outcome ?? 'ok')),
    FinalTarget: served ? TARGETS[served.on] : '',
    FinalRole: served?.on ?? '',
    AttemptCount: tries.length,
  })
}

function times(startMs: number, endMs: number) {
  return { Timestamp: toText(startMs), EndTime: toText(endMs), ReceivedAt: toText(endMs + 500) }
}

/** `2026-01-11 14:26:00.123456` */
export function toText(ms: number): string {
  const micros = Math.round(ms * 1000)
  const second = Math.floor(micros / 1e6)
  // Rows come in the order of time: most are of the second of the one before.
  if (second !== known.second) known = { second, text: toSecondText(second) }
  return `${known.text}.${String(micros - second * 1e6).padStart(6, '0')}`
}

const toSecondText = (second: number) =>
  new Date(second * 1000).toISOString().slice(0, 19).replace('T', ' ')
let known = { second: 0, text: toSecondText(0) }

let token = 0
export async function store(clickhouse: ClickHouse, table: string, rows: readonly Row[]) {
  for (let start = 0; start < rows.length; start += 50_000) {
    const part = rows.slice(start, start + 50_000)
    await clickhouse.insert({ table, rows: part, token: `${table}-${token++}` })
  }
}

export async function storeTraffic(clickhouse: ClickHouse, phases: readonly Traffic[]) {
  for (const phase of phases) {
    const rows = toRows(phase)
    await store(clickhouse, 'signalbox_requests', rows.requests)
    await store(clickhouse, 'signalbox_attempts', rows.attempts)
  }
}

export interface Step {
  readonly second: number
  readonly to: string
  readonly from: string
  readonly kind?: string
  readonly generation: number
  readonly text?: string
  /** Share of the primary that routers were told. */
  readonly share?: number
  readonly evidence?: Readonly<Record<string, unknown>>
}

/** Rows of `signalbox_transitions`, as `decide` writes them. */
export function toTransitions(route: string, steps: readonly Step[]): Row[] {
  return steps.map((step, index) => ({
    At: toText(T + step.second * 1000),
    Route: route,
    Kind: step.kind ?? 'state',
    FromState: step.from,
    ToState: step.to,
    Epoch: 1,
    Generation: step.generation,
    Version: index + 1,
    Text: step.text ?? `${step.from} to ${step.to}`,
    Incident: `inc_${route}`,
    Evidence: JSON.stringify(step.evidence ?? {}),
    Data:
      step.share === undefined
        ? ''
        : JSON.stringify({
            route,
            reason: { rule: 'primary-failing', window_s: 90, actor: 'signalbox' },
            desired: {
              targets: [
                { target: 'cloud', weight: step.share },
                { target: 'edge', weight: 1 - step.share },
              ],
            },
          }),
  }))
}

export function toIncident(route: string, own: Partial<Incident> = {}): Incident {
  return {
    ...{ id: `inc_${route}`, title: `${route}: 47 % of attempts on cloud failed in 90 s`, route },
    ...{ state: 'resolved', severity: 'critical', labels: {}, mitigation: 'confirmed' },
    ...{ user_impact: null, timeline: [], pages: [] },
    t0: new Date(T + 5_000).toISOString(),
    opened_at: new Date(T + 36_000).toISOString(),
    ...own,
  }
}

export function toPolicy(route: string): RoutePolicy {
  const text = `schema: signalbox.failover/v1\nroutes: [{ route: ${route}, primary: cloud, fallbacks: [{ target: edge }] }]\n`
  const loaded = loadYaml({ file: 'failover.yaml', text, schema: Failover })
  expect(loaded.status).toBe('ok')
  return (loaded as { value: Failover }).value.routes[0]!
}

/** A reporter over one incident, with the contract's default settings. */
export function reporterOf(
  clickhouse: ClickHouse,
  incident: Incident,
  own: Partial<ReporterOptions> = {},
) {
  return createReporter({
    clickhouse,
    incident: (id) => (id === incident.id ? incident : undefined),
    policy: toPolicy,
    theta: 0.95,
    quietForMs: 120_000,
    latenessMs: 10_000,
    timings: createTimings(),
    templatesDir: 'templates',
    ...own,
  })
}
