import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createInterner } from '../../src/lib/interner.ts'
import { createNativeTable } from '../../src/lib/native-table.ts'
import { createWordColumn } from '../../src/lib/native-words.ts'
import type { Signal } from '../../src/model/otlp.ts'
import { startDatabase, type TestDatabase } from '../store/database.ts'
import { createTestDecoder, NOW_MS } from './decoder-fixture.ts'
import { keyValues, logs, newSpanId, newTraceId, request, traces } from './otlp-builder.ts'

// The blocks as the real engine reads them: every table, exact to the nanosecond, nothing guessed.

let database: TestDatabase
const dir = mkdtempSync(join(tmpdir(), 'signalbox-blocks-'))
beforeAll(async () => {
  database = await startDatabase()
})
afterAll(async () => {
  await database.stop()
  rmSync(dir, { recursive: true })
})

/** Decodes a document and loads its blocks as the log does; returns how many items it had. */
async function load(signal: Signal, document: Parameters<typeof request>[1]): Promise<number> {
  const decoder = createTestDecoder()
  const result = decoder.decode(request(signal, document, { receivedUnixMs: NOW_MS }))
  if (result.status === 'bad') throw new Error(result.reason)
  for (const { table, columns, chunks } of decoder.seal()) {
    const token = `${table}-${signal}`
    const file = join(dir, token)
    writeFileSync(file, Buffer.concat(chunks))
    await database.clickhouse.load({ table, columns, file, token })
  }
  return result.batch.itemCount
}

const query = (sql: string) => database.clickhouse.query<Record<string, unknown>>(sql)

test('spans, attempts and requests', async () => {
  const traceId = newTraceId()
  const spanId = newSpanId()
  const document = traces({ 'service.name': 'gateway', 'host.name': 'r1' }, [
    {
      traceId,
      kind: 'client',
      startMs: NOW_MS + 0.001,
      durationMs: 12.345,
      attributes: { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu', b: 1.5, a: 'ü' },
      events: [
        { name: 'exception', atMs: NOW_MS, attributes: { 'exception.type': 'E' } },
        { name: 'without time', atMs: 0 },
      ],
      links: [{ traceId, spanId }],
      error: true,
    },
    { traceId, kind: 'server', startMs: NOW_MS, attributes: { 'http.route': 'preview' } },
  ])
  // Nanoseconds beyond what a double holds must survive.
  const exact = JSON.parse(
    JSON.stringify(document).replace('1768140000000001000', '1768140000000001789'),
  )
  await load('traces', exact)
  expect(
    await query(`SELECT toString(toUnixTimestamp64Nano(Timestamp)) AS at, Duration, SpanKind,
      StatusCode, SpanAttributes['a'] AS a, mapKeys(SpanAttributes) AS keys, Events.Name AS names,
      arrayMap(t -> toString(toUnixTimestamp64Nano(t)), Events.Timestamp) AS times,
      Events.Attributes[1]['exception.type'] AS type, Links.SpanId AS links
      FROM otel_traces WHERE SpanKind = 'Client'`),
  ).toEqual([
    {
      at: '1768140000000001789',
      Duration: 12344211,
      SpanKind: 'Client',
      StatusCode: 'Error',
      a: 'ü',
      keys: ['a', 'b', 'signalbox.route', 'signalbox.target'],
      names: ['exception', 'without time'],
      times: ['1768140000000000000', '0'],
      type: 'E',
      links: [spanId],
    },
  ])
  expect(
    await query(`SELECT Route, Target, Role, Router, Outcome, Images, Weight, RequestId,
      toString(toUnixTimestamp64Nano(EndTime)) AS ended, toUnixTimestamp64Milli(ReceivedAt) AS received
      FROM signalbox_attempts`),
  ).toEqual([
    {
      Route: 'preview',
      Target: 'cloud-eu',
      Role: 'primary',
      Router: 'r1',
      Outcome: 'failed',
      Images: 1,
      Weight: 1,
      RequestId: traceId,
      ended: '1768140000012346000',
      received: NOW_MS,
    },
  ])
  expect(await query('SELECT Outcome, FinalTarget, AttemptCount FROM signalbox_requests')).toEqual([
    { Outcome: 'failed', FinalTarget: '', AttemptCount: 1 },
  ])
})

test('log records', async () => {
  const body = { map: { b: [1], a: 'x' } }
  const log = { atMs: NOW_MS, body, severity: 17, eventName: 'e', attributes: { '10': 1, k: true } }
  await load('logs', logs({ 'service.name': 's' }, [log]))
  expect(
    await query(`SELECT Body, SeverityNumber, EventName, ServiceName, LogAttributes,
      toUnixTimestamp64Milli(Timestamp) AS at FROM otel_logs`),
  ).toEqual([
    {
      Body: '{"a":"x","b":[1]}',
      SeverityNumber: 17,
      EventName: 'e',
      ServiceName: 's',
      LogAttributes: { '10': '1', k: 'true' },
      at: NOW_MS,
    },
  ])
})

test('metrics of every kind', async () => {
  const timeUnixNano = String(BigInt(NOW_MS) * 1_000_000n)
  const point = { timeUnixNano, attributes: keyValues({ pool: 'a' }) }
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
  const document = { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }
  expect(await load('metrics', document)).toBe(metrics.length)
  const at = 'toUnixTimestamp(TimeUnix) * 1000 AS at'
  expect(
    await query(
      `SELECT toString(Value) AS v, Exemplars.Value AS e, ${at} FROM otel_metrics_gauge ORDER BY MetricName`,
    ),
  ).toEqual([
    { v: 'nan', e: [2], at: NOW_MS },
    { v: '-inf', e: [], at: NOW_MS },
  ])
  expect(
    await query(
      'SELECT Value, IsMonotonic, toUnixTimestamp(StartTimeUnix) AS t FROM otel_metrics_sum',
    ),
  ).toEqual([{ Value: -3, IsMonotonic: true, t: 0 }])
  expect(
    await query(
      'SELECT toString(Count) AS c, toString(BucketCounts[1]) AS b, Sum FROM otel_metrics_histogram',
    ),
  ).toEqual([{ c: count, b: count, Sum: 1.5 }])
  expect(
    await query(
      'SELECT Scale, PositiveOffset, PositiveBucketCounts FROM otel_metrics_exponential_histogram',
    ),
  ).toEqual([{ Scale: -1, PositiveOffset: -2, PositiveBucketCounts: [1] }])
  expect(
    await query(
      'SELECT ValueAtQuantiles.Quantile AS q, ValueAtQuantiles.Value AS v FROM otel_metrics_summary',
    ),
  ).toEqual([{ q: [0.5], v: [1] }])
})

test.for([0, 1, 256, 257, 65_537])('a dictionary of %s words', async (count) => {
  const name = `words_${count}`
  await database.clickhouse.command(
    `CREATE TABLE ${name} (w LowCardinality(String)) ENGINE = MergeTree ORDER BY w`,
  )
  const column = createWordColumn('w', createInterner({ countMax: 100, bytesMax: 10_000 }))
  const table = createNativeTable(name, [column])
  for (let n = 0; n < count; n++) column.pushText(`w${n}`)
  table.rowCount = count
  const file = join(dir, name)
  writeFileSync(file, table.seal())
  await database.clickhouse.load({ table: name, columns: ['w'], file, token: name })
  expect(
    await query(`SELECT toUInt32(count()) AS n, toUInt32(uniqExact(w)) AS words,
      toUInt32(max(toUInt32OrZero(substring(w, 2)))) AS last FROM ${name}`),
  ).toEqual([{ n: count, words: count, last: Math.max(0, count - 1) }])
})
