import { expect, test } from 'vitest'
import type { Attempt, Request } from '../../src/model/attempt.ts'
import type { DecodedBatch } from '../../src/model/batch.ts'
import {
  createTestDecoder,
  decodeDocument,
  NOW_MS,
  onceOf,
  rowsOf,
  unitOf,
} from './decoder-fixture.ts'
import { newSpanId, newTraceId, type SpanInput, traces, type Values } from './otlp-builder.ts'

const ROUTER = { 'service.name': 'gateway', 'service.instance.id': 'router-1' }
const PRIMARY = { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' }

const server = (attributes: Values = {}, span: Partial<SpanInput> = {}): SpanInput => ({
  kind: 'server',
  startMs: NOW_MS,
  attributes: { 'http.route': 'preview', ...attributes },
  ...span,
})
const client = (attributes: Values = PRIMARY, span: Partial<SpanInput> = {}): SpanInput => ({
  kind: 'client',
  startMs: NOW_MS + 1,
  durationMs: 50,
  attributes,
  ...span,
})
const decode = (spans: readonly SpanInput[], resource: Values = ROUTER) =>
  decodeDocument('traces', traces(resource, spans))
const attemptsOf = (batch: DecodedBatch) =>
  unitOf(batch, 'attempt').map((o) => o.attempt as Attempt)
const requestsOf = (batch: DecodedBatch) =>
  unitOf(batch, 'request').map((o) => o.request as Request)

test('an attempt is a row and an observation', () => {
  const traceId = newTraceId()
  const spanId = newSpanId()
  const attributes = {
    ...PRIMARY,
    'signalbox.generation': '3.57',
    'user.id': 'u1',
    'gen_ai.request.model': 'sd-xl',
    'cloud.region': 'eu-1',
    'tenant.id': 't1',
    'signalbox.tier': 'free',
    'signalbox.class': 'txt2img/1024/30',
    'signalbox.images': 4,
    'signalbox.cost.gpu_seconds': 1.25,
    'http.response.status_code': 503,
    'error.type': 'timeout',
  }
  const span = client(attributes, { traceId, spanId, traceState: 'ot=th:8', error: true })
  const batch = decode([span], { ...ROUTER, 'service.version': 'v7' })
  const expected = {
    Timestamp: '1768140000.001000000',
    EndTime: '1768140000.051000000',
    ReceivedAt: '1768140000.000',
    TraceId: traceId,
    SpanId: spanId,
    RequestId: traceId,
    Route: 'preview',
    Target: 'cloud-eu',
    Role: 'primary',
    Router: 'router-1',
    Outcome: 'failed',
    ErrorType: 'timeout',
    StatusCode: 503,
    Generation: '3.57',
    Session: 'u1',
    Model: 'sd-xl',
    Region: 'eu-1',
    Tenant: 't1',
    Tier: 'free',
    Class: 'txt2img/1024/30',
    Variant: 'v7',
    Images: 4,
    Cost: 1.25,
    Weight: 2,
    Revision: '0',
    Samples: 1,
    SeenAt: '1768140000.000000000',
  }
  expect(rowsOf(batch, 'signalbox_attempts')).toEqual([expected])
  const [observation] = unitOf(batch, 'attempt')
  expect(observation).toMatchObject({ weight: 2, once: onceOf(traceId, spanId) })
  const read = (key: string) => observation?.field(key)
  const fields = [
    'route',
    'target',
    'role',
    'outcome',
    'router',
    'images',
    'error.type',
    'duration',
  ]
  expect(fields.map(read)).toEqual([
    'preview',
    'cloud-eu',
    'primary',
    'failed',
    'router-1',
    4,
    'timeout',
    50,
  ])
  expect(unitOf(batch, 'span')).toHaveLength(1)
})

test.for<[string, SpanInput, Values, string[]]>([
  ['names a target', client(), ROUTER, ['cloud-eu']],
  ['names an unlisted one', client({ 'signalbox.target': 'x' }), ROUTER, ['x']],
  ['reaches a listed address', client({ 'server.address': 'edge-local' }), ROUTER, ['edge-local']],
  ['reaches a listed backend', client({ 'ai.backend': 'cloud-eu' }), ROUTER, ['cloud-eu']],
  ['reaches a database', client({ 'server.address': 'db' }), ROUTER, []],
  ['is not of a client', client(PRIMARY, { kind: 'internal' }), ROUTER, []],
  ['is of a worker', client(), { 'service.name': 'sd-worker' }, []],
  ['is of a said worker', client(), { ...ROUTER, 'signalbox.component': 'worker' }, []],
  ['is of a said router', client(), { 'signalbox.component': 'router' }, ['cloud-eu']],
  ['is of a service with routes', client(), { 'service.name': 'envoy' }, ['cloud-eu']],
  ['is of nobody known', client({ 'signalbox.target': 'x' }), { 'service.name': 'other' }, []],
])('a span that %s', ([, span, resource, targets]) => {
  expect(attemptsOf(decode([span], resource)).map(({ target }) => target)).toEqual(targets)
})

test.for<[string, SpanInput, number]>([
  ['a listed route', server(), 1],
  ['an unlisted http.route', server({ 'http.route': '/healthz' }), 0],
  ['any signalbox.route', server({ 'signalbox.route': 'draft' }), 1],
  ['no route', server({ 'http.route': '' }), 0],
  ['the wrong kind', server({}, { kind: 'internal' }), 0],
])('a span with %s makes %d requests', ([, span, count]) => {
  expect(requestsOf(decode([span]))).toHaveLength(count)
})

test('attempts know route and request from the spans above them, at any depth', () => {
  const traceId = newTraceId()
  const [a, b] = [newSpanId(), newSpanId()]
  const batch = decode([
    client({ 'signalbox.target': 'cloud-eu' }, { traceId, parentSpanId: b }),
    { startMs: NOW_MS, traceId, spanId: b, parentSpanId: a },
    server({ 'signalbox.request.id': 'r1' }, { traceId, spanId: a }),
  ])
  expect(attemptsOf(batch)).toMatchObject([{ route: 'preview', role: 'primary', requestId: 'r1' }])
  expect(requestsOf(batch)).toMatchObject([
    { requestId: 'r1', attemptCount: 1, finalTarget: 'cloud-eu', finalRole: 'primary' },
  ])
})

test('a request is judged by its attempts, in whatever order and batch they came', () => {
  const decoder = createTestDecoder()
  const traceId = newTraceId()
  const root = newSpanId()
  const failed = { traceId, parentSpanId: root, error: true } as const
  const one = traces(ROUTER, [
    client(PRIMARY, failed),
    client(PRIMARY, { ...failed, startMs: NOW_MS + 9 }),
  ])
  expect(attemptsOf(decodeDocument('traces', one, decoder))).toHaveLength(2)
  // The same bytes again count nothing twice.
  decodeDocument('traces', one, decoder)
  const two = traces(ROUTER, [server({}, { traceId, spanId: root })])
  expect(requestsOf(decodeDocument('traces', two, decoder))).toMatchObject([
    { outcome: 'failed', attemptCount: 2, finalTarget: '', finalRole: '' },
  ])
  const rescue = { ...PRIMARY, 'signalbox.target': 'edge-local' }
  const three = traces(ROUTER, [
    client(rescue, { traceId, parentSpanId: root, startMs: NOW_MS + 20 }),
  ])
  decodeDocument('traces', three, decoder)
  expect(requestsOf(decodeDocument('traces', two, decoder))).toMatchObject([
    { outcome: 'ok', attemptCount: 3, finalTarget: 'edge-local', finalRole: 'fallback' },
  ])
})

test('requests that share a trace keep their own attempts', () => {
  const traceId = newTraceId()
  const [a, b] = [newSpanId(), newSpanId()]
  const spans = [
    client(PRIMARY, { traceId, parentSpanId: a, error: true }),
    client(PRIMARY, { traceId, parentSpanId: b }),
    server({}, { traceId, spanId: a }),
    server({}, { traceId, spanId: b }),
  ]
  expect(requestsOf(decode(spans)).map(({ outcome }) => outcome)).toEqual(['failed', 'ok'])
  const decoder = createTestDecoder()
  decodeDocument('traces', traces(ROUTER, [client(PRIMARY, { traceId, error: true })]), decoder)
  const later = server({}, { traceId, startMs: NOW_MS + 1_000 })
  const batch = decodeDocument('traces', traces(ROUTER, [later]), decoder)
  expect(requestsOf(batch)).toMatchObject([{ outcome: 'ok', attemptCount: 0 }])
})

test('the request of a router that sends no attempts is its own only attempt', () => {
  const decoder = createTestDecoder()
  const document = traces(ROUTER, [server(PRIMARY, { error: true })])
  const own = decodeDocument('traces', document, decoder)
  expect(attemptsOf(own)).toMatchObject([{ target: 'cloud-eu', outcome: 'failed' }])
  expect(requestsOf(own)).toMatchObject([{ outcome: 'failed', attemptCount: 1 }])
  expect(rowsOf(own, 'signalbox_requests')).toMatchObject([
    { Outcome: 'failed', FinalTarget: '', FinalRole: '', AttemptCount: 1, AbandonedAfterMs: 0 },
  ])
  // Its address is the router's own, not a target.
  expect(attemptsOf(decode([server({ 'server.address': 'cloud-eu' })]))).toEqual([])
  // From its first attempt span on it sends attempts, for ten minutes.
  decodeDocument('traces', traces(ROUTER, [client()]), decoder)
  expect(attemptsOf(decodeDocument('traces', document, decoder))).toEqual([])
  const other = traces({ ...ROUTER, 'service.instance.id': 'router-2' }, [server(PRIMARY)])
  expect(attemptsOf(decodeDocument('traces', other, decoder))).toHaveLength(1)
})

test('a bad request leaves no trace in what is remembered', () => {
  const decoder = createTestDecoder()
  const bad = traces(ROUTER, [client(), client(PRIMARY, { spanId: 'abcd' })])
  expect(() => decodeDocument('traces', bad, decoder)).toThrow('8 bytes')
  const batch = decodeDocument('traces', traces(ROUTER, [server(PRIMARY)]), decoder)
  expect(attemptsOf(batch)).toHaveLength(1)
})

test('a generation that is none is left out', () => {
  const [attempt] = attemptsOf(decode([client({ ...PRIMARY, 'signalbox.generation': 'new' })]))
  expect(attempt?.generation).toBe('')
})

test('fresh decoders agree on the same bytes', () => {
  const traceId = newTraceId()
  const spans = [client(PRIMARY, { traceId, error: true }), server({}, { traceId }), client()]
  const document = traces(ROUTER, spans)
  const rows = () => [...decodeDocument('traces', document, createTestDecoder()).rows]
  expect(rows()).toEqual(rows())
})
