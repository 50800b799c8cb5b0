import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createTopology } from '../../src/config/topology.ts'
import type { Row } from '../../src/model/batch.ts'
import {
  attemptTotalsQuery,
  baselineQuery,
  primaryBinsQuery,
  throughputQuery,
} from '../../src/report/attempts.ts'
import { qualityFlagsQuery } from '../../src/report/quality-flags.ts'
import type { Query } from '../../src/report/query.ts'
import { budgetQuery, offeredQuery, patienceQuery } from '../../src/report/request-spans.ts'
import { requestBinsQuery, sessionsQuery } from '../../src/report/requests.ts'
import { createTestDecoder, decodeDocument, NOW_MS } from '../decode/decoder-fixture.ts'
import { type LogInput, logs, type SpanInput, traces } from '../decode/otlp-builder.ts'
import { startDatabase, type TestDatabase } from '../store/database.ts'

// One story of a fleet, told in any order, cut into any requests, parts of it twice: the report reads
// the same facts from it. Each telling has its own route, so that all lie in one database.

vi.setConfig({ testTimeout: 120_000 })

let database: TestDatabase
beforeAll(async () => {
  database = await startDatabase()
})
afterAll(() => database?.stop())

const TELLINGS = Number(process.env.SIGNALBOX_TEST_TELLINGS ?? 25)
const SEED = Number(process.env.SIGNALBOX_TEST_SEED ?? 4711)
const ROUTER = { 'service.name': 'gateway', 'service.instance.id': 'router-1' }
const WORKER = { 'service.name': 'sd-worker' }

type Item =
  | { readonly by: 'router' | 'worker'; readonly span: SpanInput }
  | { readonly by: 'worker'; readonly log: LogInput }

/** Hex ids that differ by telling, so that no telling knows another's. */
const hex = (telling: number, name: string, length: number) =>
  Buffer.from(`${telling}/${name}`.padEnd(32, '.')).toString('hex').slice(0, length)

function tell(telling: number): Item[] {
  const route = `route-${telling}`
  const ids = (trace: string, name: string) => ({
    traceId: hex(telling, trace, 32),
    spanId: hex(telling, name, 16),
  })
  const under = (name: string) => ({ parentSpanId: hex(telling, name, 16) })
  const id = (name: string) => ({ 'signalbox.request.id': `${telling}-${name}` })
  const at = (ms: number) => ({ startMs: NOW_MS + ms })
  const to = (target: string) => ({ 'signalbox.target': target })
  const own = { 'signalbox.route': route, 'user.id': 'u1', 'signalbox.class': 'txt2img' }
  const server = { kind: 'server', durationMs: 400 } as const
  const client = { kind: 'client', durationMs: 50 } as const
  const router = (...spans: SpanInput[]) => spans.map((span) => ({ by: 'router', span }) as const)
  const end = (name: string, outcome: string, ms: number): Item => ({
    by: 'worker',
    log: {
      ...{ atMs: NOW_MS + ms, eventName: 'signalbox.request.end' },
      attributes: { ...id(name), 'signalbox.outcome': outcome },
    },
  })
  return [
    // Rescued: the id and the route stand on the request's span only, and a span lies between.
    ...router(
      { ...ids('a', 'a0'), ...server, ...at(0), attributes: { ...own, ...id('a') } },
      { ...ids('a', 'a1'), ...under('a0'), ...at(1) },
      {
        ...ids('a', 'a2'),
        ...under('a1'),
        ...client,
        ...at(10),
        attributes: to('cloud-eu'),
        error: true,
      },
      { ...ids('a', 'a3'), ...under('a1'), ...client, ...at(90), attributes: to('edge-local') },
    ),
    // Lost, though its span says that all is well; it names a target, so that it could be an attempt.
    ...router(
      { ...ids('b', 'b0'), ...server, ...at(20), attributes: { ...own, ...to('cloud-eu') } },
      {
        ...ids('b', 'b2'),
        ...under('b0'),
        ...client,
        ...at(30),
        attributes: { ...own, ...to('cloud-eu') },
        error: true,
      },
    ),
    // A job: accepted, polled, tried twice in traces of their own, ended twice.
    ...router(
      {
        ...ids('c', 'c0'),
        ...server,
        ...at(40),
        attributes: { ...own, ...id('c'), 'http.response.status_code': 202 },
      },
      { ...ids('d', 'c1'), ...server, ...at(1_000), attributes: { ...own, ...id('c') } },
      { ...ids('e', 'c2'), ...server, ...at(9_500), attributes: { ...own, ...id('c') } },
      {
        ...ids('f', 'c3'),
        ...client,
        ...at(500),
        attributes: { ...id('c'), ...to('cloud-eu') },
        error: true,
      },
      {
        ...ids('g', 'c4'),
        ...client,
        ...at(3_000),
        attributes: { ...id('c'), ...to('edge-local'), ...own },
      },
    ),
    end('c', 'ok', 9_000),
    end('c', 'failed', 9_100),
    // A job whose opening does not say that it is one; it fails.
    ...router(
      { ...ids('h', 'h0'), ...server, ...at(60), attributes: { ...own, ...id('h') } },
      { ...ids('i', 'h1'), ...server, ...at(2_000), attributes: { ...own, ...id('h') } },
    ),
    end('h', 'failed', 8_000),
    // A job that nobody ended.
    ...router({
      ...ids('k', 'k0'),
      ...server,
      ...at(70),
      attributes: { ...own, ...id('k'), 'signalbox.async': true },
    }),
    {
      by: 'worker',
      log: {
        ...{ atMs: NOW_MS + 9_500, eventName: 'signalbox.quality' },
        attributes: { ...id('c'), 'signalbox.quality.nsfw': true, 'signalbox.quality.score': 0.25 },
      },
    },
  ]
}

interface Order {
  readonly order: readonly number[]
  /** After which items a request ends. */
  readonly cuts: readonly boolean[]
  readonly again: readonly number[]
}

function rowsOf(telling: number, { order, cuts, again }: Order): Map<string, Row[]> {
  const route = { primary: 'cloud-eu', fallbacks: [{ target: 'edge-local' }] }
  const routes = [{ route: `route-${telling}`, ...route }]
  const topology = createTopology({ routes } as unknown as Parameters<typeof createTopology>[0])
  const decoder = createTestDecoder({ topology: () => topology })
  const items = tell(telling)
  const tables = new Map<string, Row[]>()
  const send = (batch: readonly Item[]) => {
    const spans = (by: Item['by']) =>
      batch.flatMap((item) => ('span' in item && item.by === by ? item.span : []))
    const records = batch.flatMap((item) => ('log' in item ? item.log : []))
    const documents = [
      ['traces', traces(ROUTER, spans('router'))],
      ['logs', logs(WORKER, records)],
    ] as const
    for (const [signal, document] of documents)
      for (const [table, rows] of decodeDocument(signal, document, decoder).rows)
        tables.set(table, [...(tables.get(table) ?? []), ...rows])
  }
  let batch: Item[] = []
  for (const [place, index] of [...order, ...again].entries()) {
    batch.push(items[index]!)
    if (!cuts[place % cuts.length]) continue
    send(batch)
    batch = []
  }
  send(batch)
  return tables
}

function queriesOf(telling: number): Query[] {
  const range = { route: `route-${telling}`, fromMs: NOW_MS - 60_000, toMs: NOW_MS + 60_000 }
  const scope = { ...range, deadlineMs: 120_000 }
  return [
    requestBinsQuery({ ...scope, binMs: 10 }),
    sessionsQuery(scope),
    attemptTotalsQuery(range),
    primaryBinsQuery({ ...range, binMs: 10 }),
    baselineQuery(range),
    throughputQuery({ ...range, windowMs: 60_000 }),
    offeredQuery({ ...range, binMs: 10, id: 'offered' }),
    budgetQuery(range),
    patienceQuery(range),
    qualityFlagsQuery(scope),
  ]
}

test('facts do not depend on the order of spans, nor on their requests, nor on repetition', async () => {
  const count = tell(0).length
  const indexes = Array.from({ length: count }, (_, index) => index)
  const orders = fc.record({
    order: fc.shuffledSubarray(indexes, { minLength: count }),
    cuts: fc.array(fc.boolean(), { minLength: count, maxLength: 2 * count }),
    again: fc.array(fc.nat(count - 1), { maxLength: 10 }),
  })
  const plain: Order = { order: indexes, cuts: [false], again: [] }
  const tellings = [plain, ...fc.sample(orders, { numRuns: TELLINGS, seed: SEED })]
  const tables = new Map<string, Row[]>()
  for (const [telling, order] of tellings.entries())
    for (const [table, rows] of rowsOf(telling, order))
      if (table.startsWith('signalbox_')) tables.set(table, [...(tables.get(table) ?? []), ...rows])
  for (const [table, rows] of tables)
    await database.clickhouse.insert({ table, rows, token: table })
  const read = async (telling: number) =>
    Promise.all(
      queriesOf(telling).map(async ({ id, sql, params }) => ({
        id,
        rows: await database.clickhouse.query(sql, params),
      })),
    )
  const expected = await read(0)
  for (const [telling, order] of tellings.entries())
    expect(await read(telling), `seed ${SEED} ${JSON.stringify(order)}`).toEqual(expected)

  const sum = (id: string, key: string) =>
    ((expected.find((one) => one.id === id)?.rows ?? []) as Record<string, number>[]).reduce(
      (total, row) => total + Number(row[key]),
      0,
    )
  const counts = ['offered', 'fallback', 'failed', 'unknown', 'observed', 'observedServed']
  expect(counts.map((key) => sum('request_bins', key))).toEqual([5, 2, 2, 1, 3, 2])
  expect(sum('attempt_totals', 'attempts')).toBe(5)
  expect(sum('offered', 'offered')).toBe(5)
  expect(sum('budget_window', 'eligible')).toBe(4)
  expect(expected.find(({ id }) => id === 'quality_flags')?.rows).toEqual([
    { name: 'nsfw', role: 'fallback', checked: 1, flagged: 1 },
  ])
})
