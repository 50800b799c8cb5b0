import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createOpenRows } from '../../src/decode/rows-to-native.ts'
import type { Row } from '../../src/model/batch.ts'
import { startDatabase, type TestDatabase } from '../store/database.ts'
import { createTestDecoder, decodeDocument, NOW_MS } from './decoder-fixture.ts'
import { keyValues, logs, newSpanId, newTraceId, request, traces } from './otlp-builder.ts'

// The bridge gives the engine what the engine would have read from the rows as JSON.

let database: TestDatabase
let dir: string
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'signalbox-bridge-'))
  database = await startDatabase()
})
afterAll(async () => {
  await database.stop()
  rmSync(dir, { recursive: true })
})

const timeUnixNano = String(BigInt(NOW_MS) * 1_000_000n + 789n)
const point = { timeUnixNano, attributes: keyValues({ pool: 'a', '10': 'ü' }) }
const exemplars = [{ timeUnixNano, asDouble: 2, spanId: newSpanId(), traceId: newTraceId() }]
const count = '18446744073709551615'
const metrics = [
  { name: 'g', gauge: { dataPoints: [{ ...point, asDouble: 'NaN', exemplars }] } },
  { name: 'g2', gauge: { dataPoints: [{ ...point, asDouble: '-Infinity' }] } },
  { name: 's', sum: { dataPoints: [{ ...point, asInt: '-3' }], isMonotonic: true } },
  {
    name: 'h',
    histogram: {
      dataPoints: [
        { ...point, count, sum: 1.5, bucketCounts: [count], explicitBounds: ['Infinity'] },
      ],
    },
  },
  {
    name: 'e',
    exponentialHistogram: {
      dataPoints: [{ ...point, count, scale: -1, positive: { offset: -2, bucketCounts: ['1'] } }],
    },
  },
  {
    name: 'q',
    summary: { dataPoints: [{ ...point, count, quantileValues: [{ quantile: 0.5, value: 1 }] }] },
  },
]
const spans = Array.from({ length: 200 }, (_, n) => ({
  kind: n % 2 === 0 ? ('client' as const) : ('server' as const),
  startMs: NOW_MS + 0.001 * n,
  durationMs: 12.345,
  name: `long ${'x'.repeat(n * 3)}`,
  attributes: { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu', b: 1.5, a: 'ü' },
  events: [{ name: 'exception', atMs: NOW_MS, attributes: { 'exception.type': 'E' } }],
  links: [{ traceId: newTraceId(), spanId: newSpanId() }],
  ...(n % 3 === 0 && { error: true as const }),
}))
const body = { map: { b: [1], a: 'x' } }
const log = { atMs: NOW_MS, body, severity: 17, eventName: 'e', attributes: { '10': 1, k: true } }

test.for([
  { signal: 'traces' as const, document: traces({ 'service.name': 'gateway' }, spans) },
  { signal: 'logs' as const, document: logs({ 'service.name': 's' }, [log]) },
  { signal: 'metrics' as const, document: { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] } },
])('$signal', async ({ signal, document }) => {
  const batch = decodeDocument(signal, document, createTestDecoder())
  const open = createOpenRows()
  open.enter(request(signal, document, { receivedUnixMs: NOW_MS }), batch)
  const blocks = open.seal()
  expect(blocks.map(({ table }) => table)).toEqual([...batch.rows.keys()])
  for (const { table, columns, chunks } of blocks) {
    const rowsIn = async (name: string) =>
      (await database.clickhouse.query<Row>(`SELECT * FROM ${name}`))
        .map((row) => JSON.stringify(row))
        .sort()
    await database.clickhouse.command(`CREATE TABLE json_${table} AS ${table}`)
    await database.clickhouse.insert({
      table: `json_${table}`,
      rows: batch.rows.get(table)!,
      token: '',
    })
    const file = join(dir, `${table}.native`)
    writeFileSync(file, Buffer.concat(chunks))
    await database.clickhouse.load({ table, columns, file, token: '' })
    expect(await rowsIn(table)).toEqual(await rowsIn(`json_${table}`))
  }
})

test('a discarded request leaves the rows of the others', () => {
  const open = createOpenRows()
  const document = logs({ 'service.name': 's' }, [log, log])
  const batch = decodeDocument('logs', document)
  open.enter(request('logs', document, { receivedUnixMs: NOW_MS }), batch)
  open.enter(request('logs', document, { receivedUnixMs: NOW_MS }), batch).discard()
  expect(open.seal()[0]).toMatchObject({ table: 'otel_logs', rowCount: 2 })
  expect(open.seal()).toEqual([])
})
