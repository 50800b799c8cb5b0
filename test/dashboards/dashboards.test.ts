import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSilentTelemetry, type Telemetry } from '../../src/telemetry/telemetry.ts'
import { store, storeTraffic, T, toText, toTransitions } from '../report/traffic.ts'
import { startDatabase, type TestDatabase } from '../store/database.ts'
import { expandSql } from './expand.ts'

interface Target {
  readonly rawSql?: string
  readonly expr?: string
}
interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly targets?: readonly Target[]
}
interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string }[]
  }
  readonly panels: readonly Panel[]
}

const files = readdirSync('dashboards')
const read = (file: string) =>
  JSON.parse(readFileSync(join('dashboards', file), 'utf8')) as Dashboard
const boards = files.map((file) => ({ file, board: read(file) }))
const targets = boards.flatMap(({ file, board }) =>
  board.panels.flatMap((panel) =>
    (panel.targets ?? []).map((target) => ({ ...target, where: `${file}: ${panel.title}` })),
  ),
)
const queries = [
  ...targets.flatMap(({ rawSql, where }) => (rawSql === undefined ? [] : [{ where, sql: rawSql }])),
  ...boards.flatMap(({ file, board }) =>
    board.templating.list
      .filter(({ query }) => query.startsWith('SELECT'))
      .map(({ name, query }) => ({ where: `${file}: variable ${name}`, sql: query })),
  ),
]

test('the dashboards are there', () => {
  expect(files.sort()).toEqual(['fleet.json', 'incident.json', 'signalbox.json'])
  expect(new Set(boards.map(({ board }) => board.uid)).size).toBe(files.length)
})

test.for(boards)(
  '$file: panels have ids and descriptions of their own and do not overlap',
  ({ board }) => {
    const { panels } = board
    expect(new Set(panels.map((panel) => panel.id)).size).toBe(panels.length)
    const taken = new Set<string>()
    for (const { type, title, description, gridPos, targets: own } of panels) {
      if (type !== 'row') expect([title, description, own?.length]).not.toContain(undefined)
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken).not.toContain(`${x}/${y}`)
          taken.add(`${x}/${y}`)
        }
      }
    }
  },
)

describe('every SQL query runs in the embedded database', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await startDatabase()
    const { clickhouse } = database
    const route = 'preview'
    await storeTraffic(clickhouse, [
      {
        ...{ route, from: 0, until: 60, perSecond: 10 },
        plan: (_, index) => ({
          tries:
            index % 5 === 0
              ? [{ on: 'primary', outcome: 'failed' }]
              : [{ on: index % 2 === 0 ? 'primary' : 'fallback', outcome: 'ok' }],
        }),
      },
    ])
    await store(
      clickhouse,
      'signalbox_transitions',
      toTransitions(route, [{ second: 30, from: 'primary', to: 'engaging', generation: 2 }]),
    )
    const at = toText(T + 30_000)
    await store(clickhouse, 'signalbox_incidents', [
      {
        ...{ At: at, Id: 'inc_1', Phase: 'opened', Route: route, State: 'open' },
        ...{ Severity: 'critical', Title: 'failing', Document: '{}' },
      },
    ])
    await store(clickhouse, 'signalbox_rule_evaluations', [
      {
        ...{ At: at, Rule: 'primary-failing', By: { route, target: 'cloud' }, State: 'firing' },
        ...{ Value: 0.5, Threshold: 0.4, Count: 100, Watermark: at, Reason: '' },
        Severity: 'critical',
      },
    ])
    await store(clickhouse, 'signalbox_deliveries', [
      {
        ...{ At: at, DeliveryId: 'd', Subscription: 's', Router: 'router-1', Route: route },
        ...{ Epoch: 1, Generation: 2, Version: 2, State: 'answered', Status: 200 },
        ...{ DurationMs: 5, Error: '', ClockOffsetMs: 0.1 },
      },
    ])
  })
  afterAll(async () => {
    await database?.stop()
  })

  // What asks for "the last minutes" finds nothing in data of January: it only has to run.
  const isOfNow = (sql: string) => /\bnow(?:64)?\(/.test(sql)
  const isOfOthers = (sql: string) => /otel_|'rejected'/.test(sql)

  test.for(queries)('$where', async ({ sql }) => {
    const rows = await database.clickhouse.query(
      expandSql(sql, {
        fromMs: T - 60_000,
        toMs: T + 120_000,
        intervalS: 10,
        variables: { route: ['preview', 'export'], incident: ['inc_1'] },
      }),
    )
    if (!isOfNow(sql) && !isOfOthers(sql)) expect(rows.length).toBeGreaterThan(0)
  })
})

test('every Prometheus metric is one that Signalbox has', async () => {
  const known = await scrapeNames()
  const asked = targets.flatMap(({ expr = '', where }) =>
    [...expr.matchAll(/\b(?:signalbox|process|nodejs)_\w+/g)].map(([name]) => ({ name, where })),
  )
  expect(asked.length).toBeGreaterThan(20)
  expect(asked.filter(({ name }) => !known.has(name))).toEqual([])
})

/** Series names of `/metrics` once every stage has made its events. */
async function scrapeNames(): Promise<ReadonlySet<string>> {
  const telemetry = createSilentTelemetry()
  for (const file of readdirSync('src/telemetry').filter((name) => name.endsWith('-events.ts'))) {
    const module = (await import(`../../src/telemetry/${file}`)) as Record<string, unknown>
    for (const [name, make] of Object.entries(module)) {
      if (!/^create\w+Events$/.test(name)) continue
      ;(make as (telemetry: Telemetry) => unknown)(telemetry)
    }
  }
  const names = telemetry.registry.getMetricsAsArray().flatMap((metric) => {
    const isHistogram = (metric as unknown as { type: string }).type === 'histogram'
    const { name } = metric as unknown as { name: string }
    return isHistogram ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
  })
  return new Set(names)
}
