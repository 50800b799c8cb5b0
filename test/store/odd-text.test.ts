import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDatabase, type TestDatabase } from './database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await startDatabase()
})
afterAll(() => database.stop())

const Timestamp = '2026-01-11 14:26:37.312000000'

test('half a character anywhere in a row does not keep the other rows of its insert out', async () => {
  const texts = [
    'plain',
    '\ud800 high alone',
    'low alone \udfff',
    '😀 whole',
    'written out: \\ud800',
    'after a backslash: \\\ud800',
    'nul \u0000 byte',
  ]
  const rows = texts.map((SpanName, index) => ({
    Timestamp,
    TraceId: 'odd',
    SpanId: String(index),
    SpanName,
    SpanAttributes: { [SpanName]: SpanName },
  }))
  await database.clickhouse.insert({ table: 'otel_traces', rows, token: 'odd' })
  const stored = await database.clickhouse.query<{ name: string; value: string }>(
    `SELECT SpanName AS name, mapValues(SpanAttributes)[1] AS value FROM otel_traces
     WHERE TraceId = 'odd' ORDER BY SpanId`,
  )
  const whole = texts.map((text) => Buffer.from(text).toString())
  expect(stored).toEqual(whole.map((text) => ({ name: text, value: text })))
})
