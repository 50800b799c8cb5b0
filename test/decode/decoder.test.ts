import { describe, expect, test } from 'vitest'
import {
  createTestDecoder,
  decodeDocument,
  decodeOk,
  NOW_MS,
  onceOf,
  rowsOf,
  unitOf,
} from './decoder-fixture.ts'
import { logs, metrics, request, traces, type Value } from './otlp-builder.ts'

const ROUTER = { 'service.name': 'gateway', 'service.instance.id': 'router-1' }
const TRACE = '5b8efff798038103d269b633813fc60c'
const SPAN = 'eee19b7ec3c1b174'

describe('spans', () => {
  test('become rows of the exporter', () => {
    const document = traces({ 'service.name': 'gateway', b: 1, a: true }, [
      {
        traceId: TRACE.toUpperCase(),
        spanId: SPAN,
        name: 'GET /',
        kind: 'server',
        startMs: NOW_MS,
        durationMs: 12.5,
        attributes: { z: 1.5, y: 'text' },
        error: 'boom',
        events: [{ name: 'exception', atMs: NOW_MS + 1, attributes: { 'exception.type': 'E' } }],
        links: [{ traceId: TRACE, spanId: SPAN }],
      },
    ])
    for (const encoding of ['json', 'protobuf'] as const) {
      const otlp = request('traces', document, { encoding, receivedUnixMs: NOW_MS })
      const [row] = rowsOf(decodeOk(createTestDecoder(), otlp), 'otel_traces')
      expect(row).toEqual({
        Timestamp: '1768140000.000000000',
        TraceId: TRACE,
        SpanId: SPAN,
        ParentSpanId: '',
        TraceState: '',
        SpanName: 'GET /',
        SpanKind: 'Server',
        ServiceName: 'gateway',
        ResourceAttributes: { a: 'true', b: '1', 'service.name': 'gateway' },
        ScopeName: 'test',
        ScopeVersion: '',
        SpanAttributes: { y: 'text', z: '1.5' },
        Duration: '12500000',
        SeenAt: '1768140000.000000000',
        StatusCode: 'Error',
        StatusMessage: 'boom',
        'Events.Timestamp': ['1768140000.001000000'],
        'Events.Name': ['exception'],
        'Events.Attributes': [{ 'exception.type': 'E' }],
        'Links.TraceId': [TRACE],
        'Links.SpanId': [SPAN],
        'Links.TraceState': [''],
        'Links.Attributes': [{}],
      })
      expect(Object.keys(row?.ResourceAttributes ?? {})).toEqual(['a', 'b', 'service.name'])
    }
  })

  test('show their last exception, built-ins and attributes to rules', () => {
    const exception = (text: string, atMs: number) => ({
      name: 'exception',
      atMs,
      attributes: { 'exception.type': 'OOM', 'exception.message': text },
    })
    const batch = decodeDocument(
      'traces',
      traces({ ...ROUTER, 'cloud.region': 'eu' }, [
        {
          traceId: TRACE,
          spanId: SPAN,
          startMs: NOW_MS,
          durationMs: 250,
          attributes: { 'http.status_code': 500, 'user.id': 'u1' },
          events: [exception('first', NOW_MS), exception('last', NOW_MS + 1)],
          error: 'bad',
        },
      ]),
    )
    const [span] = unitOf(batch, 'span')
    const fields = {
      name: 'span',
      kind: 'internal',
      status: 'error',
      status_message: 'bad',
      duration: 250,
      service: 'gateway',
      event: 'exception',
      'exception.type': 'OOM',
      'exception.message': 'last',
      'http.status_code': 500,
      'http.response.status_code': 500,
      session: 'u1',
      region: 'eu',
      'resource.cloud.region': 'eu',
      router: 'router-1',
      worker: undefined,
      request_id: TRACE,
      target: undefined,
      absent: undefined,
    }
    for (const [key, value] of Object.entries(fields))
      expect([key, span?.field(key)]).toEqual([key, value])
    expect(span).toMatchObject({
      atUnixMs: NOW_MS + 250,
      startUnixMs: NOW_MS,
      once: onceOf(TRACE, SPAN),
      source: { id: 'router-1', component: 'router' },
    })
  })

  test('never have a negative duration', () => {
    const document = traces({}, [{ startMs: NOW_MS, durationMs: -5 }])
    expect(rowsOf(decodeDocument('traces', document), 'otel_traces')[0]?.Duration).toBe('0')
  })

  test('lose the text of prompts', () => {
    const attributes = {
      'gen_ai.prompt': 'secret',
      'gen_ai.prompt.0.content': 'secret',
      prompt: 'x',
    }
    const batch = decodeDocument('traces', traces({}, [{ startMs: NOW_MS, attributes }]))
    expect(rowsOf(batch, 'otel_traces')[0]?.SpanAttributes).toEqual({})
    expect(unitOf(batch, 'span')[0]?.field('prompt')).toBeUndefined()
  })
})

describe('the age of items', () => {
  const at = (startMs: number) => ({ startMs, name: String(startMs) })
  const hour = 3_600_000

  test('bounds them on both sides, by partial success', () => {
    const spans = [NOW_MS, NOW_MS - 91 * 24 * hour, NOW_MS + hour + 1, NOW_MS + hour - 200].map(at)
    const batch = decodeDocument('traces', traces({}, spans))
    expect(batch.itemCount).toBe(2)
    expect(batch.rejectedCount).toBe(2)
    expect(batch.rejectedReason).toBe(
      "1 older than the retention of 90d, 1 more than 1h ahead of the receiver's clock",
    )
    expect(rowsOf(batch, 'otel_traces')).toHaveLength(2)
    expect(unitOf(batch, 'span')).toHaveLength(2)
  })

  test('counts for logs and points too', () => {
    const old = NOW_MS - 91 * 24 * hour
    const log = decodeDocument('logs', logs({}, [{ atMs: old }, { atMs: NOW_MS }]))
    const gauge = { name: 'g', kind: 'gauge' as const }
    const points = [
      { atMs: old, value: 1 },
      { atMs: NOW_MS, value: 1 },
    ]
    const metric = decodeDocument('metrics', metrics({}, [{ ...gauge, points }]))
    expect([log.rejectedCount, log.itemCount]).toEqual([1, 1])
    expect([metric.rejectedCount, metric.itemCount]).toEqual([1, 1])
  })
})

describe('a bad request', () => {
  const good = { startMs: NOW_MS, traceId: TRACE, spanId: SPAN }
  test.for([
    ['a short trace id', { ...good, traceId: 'abcd' }, 'a trace id has 16 bytes, not 2'],
    ['a long span id', { ...good, spanId: `${SPAN}00` }, 'a span id has 8 bytes, not 9'],
    ['a short parent', { ...good, parentSpanId: '00' }, 'a span id has 8 bytes, not 1'],
    ['a short link', { ...good, links: [{ traceId: '00', spanId: SPAN }] }, 'a trace id has'],
  ] as const)('has %s', ([, span, reason]) => {
    for (const encoding of ['json', 'protobuf'] as const) {
      const document = traces(ROUTER, [good, span])
      const result = createTestDecoder().decode(
        request('traces', document, { encoding, receivedUnixMs: NOW_MS }),
      )
      expect(result).toMatchObject({ status: 'bad', reason: expect.stringContaining(reason) })
    }
  })

  test.for([
    ['{', 'not JSON'],
    ['[]', 'the body: expected an object'],
    ['{"resourceSpans":{}}', 'resourceSpans: expected an array'],
    ['{"resourceSpans":[1]}', 'resourceSpans[0]: expected an object'],
    [
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"X"}]}]}]}',
      'spans[0].kind: expected a known',
    ],
    [
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xx"}]}]}]}',
      'traceId: expected an id in hex',
    ],
    [
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"-1"}]}]}]}',
      'an unsigned 64-bit',
    ],
    [
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":1.5}]}]}]}',
      'an unsigned 64-bit',
    ],
    ['{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":5}]}]}]}', 'name: expected a string'],
  ] as const)('is %s', ([body, reason]) => {
    const result = createTestDecoder().decode({
      signal: 'traces',
      encoding: 'json',
      body: Buffer.from(body),
      receivedUnixMs: NOW_MS,
    })
    expect(result).toMatchObject({ status: 'bad', reason: expect.stringContaining(reason) })
  })

  test('is nested without end, in either encoding', () => {
    let body: Value = 'deep'
    for (let depth = 0; depth < 60; depth++) body = [body]
    const document = logs({}, [{ atMs: NOW_MS, body }])
    const json = request('logs', document, { encoding: 'json', receivedUnixMs: NOW_MS })
    const protobuf = { ...json, encoding: 'protobuf' as const, body: nestedArrays(60) }
    const result = createTestDecoder().decode(json)
    expect(createTestDecoder().decode(protobuf)).toMatchObject({
      status: 'bad',
      reason: expect.stringContaining('nested too deeply'),
    })
    expect(result).toEqual({ status: 'bad', reason: 'nested too deeply' })
  })
})

test('empty requests and empty envelopes are fine', () => {
  for (const [signal, document] of [
    ['traces', {}],
    ['traces', { resourceSpans: [{}] }],
    ['logs', { resourceLogs: [{ scopeLogs: [{}] }] }],
    ['metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm' }] }] }] }],
  ] as const) {
    const batch = decodeDocument(signal, document)
    expect([batch.itemCount, batch.rejectedCount, batch.rows.size]).toEqual([0, 0, 0])
  }
})

/** A log whose body is so many lists deep: field 5 of a record, then fields 5 and 1 in turn. */
function nestedArrays(depth: number): Uint8Array {
  const wrap = (field: number, bytes: Buffer) => {
    const length = bytes.length
    const head = length < 128 ? [length] : [(length & 127) | 128, length >> 7]
    return Buffer.concat([Buffer.from([(field << 3) | 2, ...head]), bytes])
  }
  let value: Buffer = wrap(1, Buffer.from('deep'))
  for (let level = 0; level < depth; level++) value = wrap(5, wrap(1, value))
  return wrap(1, wrap(2, wrap(2, wrap(5, value))))
}
