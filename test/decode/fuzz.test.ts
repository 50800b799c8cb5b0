import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { OtlpRequest, Signal } from '../../src/model/otlp.ts'
import { createTestDecoder, NOW_MS, withRows } from './decoder-fixture.ts'
import { fuzz } from './fuzzing.ts'
import { encode, logs, metrics, newSpanId, newTraceId, traces } from './otlp-builder.ts'

// The decoder is total: whatever arrives, it answers, and what it answers 'ok' can be written as
// rows and read by rules. Failures print their seed.

const attributes = {
  'signalbox.route': 'preview',
  'signalbox.target': 'cloud-eu',
  n: 9007199254740993n,
  d: { double: Number.NaN },
  list: ['a', [1, true]],
  map: { map: { a: 'b' } },
  bytes: new Uint8Array([1, 2, 3]),
}
const resource = { 'service.name': 'gateway', 'signalbox.component': 'router' }
const traceId = newTraceId()
const spanId = newSpanId()

const DOCUMENTS: Readonly<Record<Signal, ReturnType<typeof traces>>> = {
  traces: traces(resource, [
    { traceId, spanId, kind: 'client', startMs: NOW_MS, attributes, error: 'bad' },
    {
      traceId,
      kind: 'server',
      startMs: NOW_MS,
      attributes,
      events: [{ name: 'exception', atMs: NOW_MS, attributes }],
      links: [{ traceId, spanId }],
      traceState: 'ot=th:8',
    },
  ]),
  logs: logs(resource, [{ atMs: NOW_MS, body: 'text', severity: 17, traceId, spanId, attributes }]),
  metrics: metrics(resource, [
    { name: 'g', kind: 'gauge', points: [{ atMs: NOW_MS, value: 1.5, attributes }] },
    { name: 's', kind: 'sum', points: [{ atMs: NOW_MS, value: 2 }] },
  ]),
}

const signal = fc.constantFrom<Signal>('traces', 'logs', 'metrics')
const encoding = fc.constantFrom<OtlpRequest['encoding']>('protobuf', 'json')

const decoder = createTestDecoder()

function mustAnswer(request: Omit<OtlpRequest, 'receivedUnixMs'>): void {
  const result = decoder.decode({ ...request, receivedUnixMs: NOW_MS })
  if (result.status === 'bad') {
    expect(result.reason).not.toBe('')
    expect(decoder.seal()).toEqual([])
    return
  }
  // Reading the blocks back throws unless they are whole.
  // Who was heard is no row of what was sent.
  const { signalbox_arrivals: _, ...rows } = Object.fromEntries(withRows(decoder, result).rows)
  const rowCount = Object.values(rows).flat().length
  expect(rowCount).toBe(result.batch.rowCount)
  for (const observation of result.batch.observations)
    for (const key of ['target', 'route', 'outcome', 'duration', 'body', 'value', 'n', 'role'])
      observation.field(key)
}

test('random bytes are answered', () => {
  fc.assert(
    fc.property(signal, encoding, fc.uint8Array({ maxLength: 200 }), (signal, encoding, body) =>
      mustAnswer({ signal, encoding, body }),
    ),
    { numRuns: 1_000 },
  )
})

test('real payloads with damaged bytes are answered', () => {
  const damage = fc.array(
    fc.record({
      at: fc.nat(),
      kind: fc.constantFrom('set', 'cut', 'insert'),
      byte: fc.nat(255),
    }),
    { minLength: 1, maxLength: 8 },
  )
  fc.assert(
    fc.property(signal, encoding, damage, (signal, encoding, steps) => {
      let body = [...encode(signal, DOCUMENTS[signal], encoding)]
      for (const { at, kind, byte } of steps) {
        const index = at % Math.max(1, body.length)
        if (kind === 'set') body[index] = byte
        else if (kind === 'insert') body.splice(index, 0, byte)
        else body = body.slice(0, index)
      }
      mustAnswer({ signal, encoding, body: Uint8Array.from(body) })
    }),
    { numRuns: 1_000 },
  )
})

test('a document of one signal is answered at the door of another', () => {
  for (const from of ['traces', 'logs', 'metrics'] as const)
    for (const signal of ['traces', 'logs', 'metrics'] as const)
      for (const encoding of ['protobuf', 'json'] as const)
        mustAnswer({ signal, encoding, body: encode(from, DOCUMENTS[from], encoding) })
})

test('JSON with any value in any place is answered', () => {
  const replace = (value: unknown, state: { at: number }, by: unknown): unknown => {
    if (state.at-- === 0) return by
    if (Array.isArray(value)) return value.map((item) => replace(item, state, by))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([key, item]) => [key, replace(item, state, by)])
    return Object.fromEntries(entries)
  }
  fc.assert(
    fc.property(signal, fc.nat(150), fc.jsonValue({ maxDepth: 3 }), (signal, at, by) => {
      const document = replace(DOCUMENTS[signal], { at }, by)
      mustAnswer({ signal, encoding: 'json', body: Buffer.from(JSON.stringify(document)) })
    }),
    { numRuns: 1_000 },
  )
})

test('damaged requests are the reference rows or nothing, and leave the open blocks whole', () => {
  const seed = Date.now() >>> 0
  const { okCount, badCount, laxCount } = fuzz({ seed, count: 4_000 })
  expect(okCount).toBeGreaterThan(500)
  expect(badCount).toBeGreaterThan(500)
  expect(laxCount, `seed ${seed}`).toBeLessThan(20)
})

test('bad requests with ever new names leave nothing in the open blocks', () => {
  const item = (name: string, id = newSpanId()) => ({
    ...{ name, spanId: id, traceId, startMs: NOW_MS, attributes: { [`key ${name}`]: name } },
    events: [{ name: `event ${name}`, atMs: NOW_MS }],
  })
  const at = { receivedUnixMs: NOW_MS, signal: 'traces' as const, encoding: 'protobuf' as const }
  const bodyOf = (spans: Parameters<typeof traces>[1]) =>
    encode('traces', traces(resource, spans), 'protobuf')
  const good = { ...at, body: bodyOf([item('good', spanId)]) }
  const seal = (decoder: ReturnType<typeof createTestDecoder>) =>
    decoder.seal().map(({ table, chunks }) => [table, Buffer.concat(chunks).toString('hex')])
  const full = createTestDecoder()
  for (let i = 0; i < 300; i++) {
    const bad = { ...at, body: bodyOf([item(`a ${i}`), item(`b ${i}`), item('c', 'abcd')]) }
    expect(full.decode(bad).status).toBe('bad')
  }
  expect(full.decode(good).status).toBe('ok')
  const pristine = createTestDecoder()
  pristine.decode(good)
  expect(seal(full)).toEqual(seal(pristine))
})
