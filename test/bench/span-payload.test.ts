import { expect, test } from 'vitest'
import { createSpanPayload, SPANS_PER_REQUEST } from '../../src/bench/span-payload.ts'
import { createTestDecoder, decodeOk, rowsOf } from '../decode/decoder-fixture.ts'

test('the payload of the ingest figures is what they say it is', () => {
  const payload = createSpanPayload()
  const bytesPerSpan = payload.byteCount / SPANS_PER_REQUEST
  expect(bytesPerSpan).toBeGreaterThan(375)
  expect(bytesPerSpan).toBeLessThan(395)
  const receivedUnixMs = Date.now()
  const next = () => ({
    signal: 'traces' as const,
    encoding: 'protobuf' as const,
    body: Uint8Array.from(payload.next()),
    receivedUnixMs,
  })
  const batches = [next(), next()].map((request) => decodeOk(createTestDecoder(), request))
  const rows = batches.flatMap((batch) => rowsOf(batch, 'otel_traces'))
  expect(rows).toHaveLength(2 * SPANS_PER_REQUEST)
  expect(batches.map(({ rejectedCount }) => rejectedCount)).toEqual([0, 0])
  expect(new Set(rows.map((row) => row.TraceId)).size).toBe(rows.length)
  expect(new Set(rows.map((row) => row.SpanId)).size).toBe(rows.length)
  expect(new Set(rows.map((row) => row.Duration))).toEqual(new Set(['250000000']))
  const withException = rows.filter((row) => (row['Events.Name'] as string[]).length === 1)
  expect(withException).toHaveLength(rows.length / 10)
  expect(Object.keys(rows[0]?.SpanAttributes ?? {})).toHaveLength(10)
  expect(Object.keys(rows[0]?.ResourceAttributes ?? {})).toHaveLength(5)
  const users = new Set(rows.map((row) => (row.SpanAttributes as { 'user.id': string })['user.id']))
  expect(users.size).toBeGreaterThan(1_000)
})
