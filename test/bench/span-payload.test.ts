import { expect, test } from 'vitest'
import { createSpanPayload, SPANS_PER_REQUEST } from '../../src/bench/span-payload.ts'
import { createTestDecoder, decodeOk, rowsOf, unitOf } from '../decode/decoder-fixture.ts'

test.for([
  { encoding: 'protobuf', spanCount: SPANS_PER_REQUEST, bytes: [375, 395] },
  { encoding: 'protobuf', spanCount: 50, bytes: [375, 400] },
  { encoding: 'json', spanCount: SPANS_PER_REQUEST, bytes: [850, 900] },
  { encoding: 'json', spanCount: 50, bytes: [850, 900] },
] as const)('$spanCount spans as $encoding are what the figures say they are', (given) => {
  const { encoding, spanCount, bytes } = given
  const payload = createSpanPayload({ encoding, spanCount })
  const bytesPerSpan = payload.byteCount / spanCount
  expect(bytesPerSpan).toBeGreaterThan(bytes[0])
  expect(bytesPerSpan).toBeLessThan(bytes[1])
  const receivedUnixMs = Date.now()
  const next = () => ({
    ...{ signal: 'traces' as const, encoding, receivedUnixMs },
    body: Uint8Array.from(payload.next()),
  })
  const batches = [next(), next()].map((request) => decodeOk(createTestDecoder(), request))
  const rows = batches.flatMap((batch) => rowsOf(batch, 'otel_traces'))
  expect(rows).toHaveLength(2 * spanCount)
  expect(batches.map(({ rejectedCount }) => rejectedCount)).toEqual([0, 0])
  expect(new Set(rows.map((row) => row.TraceId)).size).toBe(rows.length)
  expect(new Set(rows.map((row) => row.SpanId)).size).toBe(rows.length)
  expect(new Set(rows.map((row) => row.Duration))).toEqual(new Set(['250000000']))
  const withException = rows.filter((row) => (row['Events.Name'] as string[]).length === 1)
  expect(withException).toHaveLength(rows.length / 10)
  expect(Object.keys(rows[0]?.SpanAttributes ?? {})).toHaveLength(10)
  expect(Object.keys(rows[0]?.ResourceAttributes ?? {})).toHaveLength(5)
  const users = new Set(rows.map((row) => (row.SpanAttributes as { 'user.id': string })['user.id']))
  expect(users.size).toBeGreaterThan(rows.length / 2)
  for (const user of users) expect(user).toMatch(/^user-[0-4]\d{3}$/)
})

const observationsOf = (sender: 'worker' | 'router', encoding: 'protobuf' | 'json') => {
  const payload = createSpanPayload({ sender, encoding, spanCount: 100 })
  const request = { signal: 'traces', encoding, receivedUnixMs: Date.now() } as const
  const body = Uint8Array.from(payload.next())
  return decodeOk(createTestDecoder(), { ...request, body })
}

test.for(['protobuf', 'json'] as const)('workers say what they are, as %s', (encoding) => {
  const { observations } = observationsOf('worker', encoding)
  expect(new Set(observations.map(({ source }) => source.component))).toEqual(new Set(['worker']))
  const [first] = observations
  expect(first?.field('target')).toBe('cloud-eu')
  expect(first?.field('stage')).toBe('encode')
})

test.for(['protobuf', 'json'] as const)(
  'routers send requests with an attempt, as %s',
  (encoding) => {
    const batch = observationsOf('router', encoding)
    const [attempts, requests] = [unitOf(batch, 'attempt'), unitOf(batch, 'request')]
    expect([attempts.length, requests.length]).toEqual([50, 50])
    const tried = requests.map(({ request }) => [request?.attemptCount, request?.outcome])
    expect(new Set(tried.map(String))).toEqual(new Set(['1,ok', '1,failed']))
    const idsOf = (all: typeof attempts) => all.map(({ field }) => field('request_id')).sort()
    expect(new Set(idsOf(attempts)).size).toBe(50)
    expect(idsOf(attempts)).toEqual(idsOf(requests))
  },
)
