import { expect, test } from 'vitest'
import { createTestDecoder, decodeDocument, NOW_MS, rowsOf, unitOf } from './decoder-fixture.ts'
import { logs, newTraceId, type SpanInput, traces, type Values } from './otlp-builder.ts'

const ROUTER = { 'service.name': 'gateway', 'service.instance.id': 'router-1' }
const ID = { 'signalbox.request.id': 'r1' }
const served: readonly SpanInput[] = [
  { kind: 'server', startMs: NOW_MS, attributes: { ...ID, 'signalbox.route': 'preview' } },
  { kind: 'client', startMs: NOW_MS, attributes: { ...ID, 'signalbox.target': 'edge-local' } },
]
const verdict = (attributes: Values) =>
  logs({ 'service.name': 'checker' }, [
    { atMs: NOW_MS + 60_000, eventName: 'signalbox.quality', attributes: { ...ID, ...attributes } },
  ])

test('a verdict that comes later is a row with the route and target of its request', () => {
  const decoder = createTestDecoder()
  decodeDocument('traces', traces(ROUTER, served), decoder)
  const attributes = { 'signalbox.quality.nsfw': true, 'signalbox.quality.score': 0.5, other: 1 }
  const batch = decodeDocument('logs', verdict(attributes), decoder)
  const place = { RequestId: 'r1', Route: 'preview', Target: 'edge-local' }
  expect(rowsOf(batch, 'signalbox_quality')).toMatchObject([
    { ...place, Name: 'nsfw', Value: 1, Flagged: 1, Timestamp: '1768140060.000000000' },
    { ...place, Name: 'score', Value: 0.5, Flagged: -1 },
  ])
  const [log] = unitOf(batch, 'log')
  const fields = ['event', 'signalbox.quality.nsfw', 'route', 'target', 'request_id']
  expect(fields.map((key) => log?.field(key))).toEqual([
    'signalbox.quality',
    true,
    'preview',
    'edge-local',
    'r1',
  ])
})

test('a verdict that comes first is kept by its request id', () => {
  const batch = decodeDocument('logs', verdict({ 'signalbox.quality.nsfw': false }))
  expect(rowsOf(batch, 'signalbox_quality')).toMatchObject([
    { RequestId: 'r1', Name: 'nsfw', Value: 0, Flagged: 0, Route: '', Target: '' },
  ])
})

test.for<[string, Values, number]>([
  ['text', { 'signalbox.quality.a': 'bad' }, 0],
  ['no number', { 'signalbox.quality.a': { double: Number.NaN } }, 0],
  ['no name', { 'signalbox.quality.': true }, 0],
  ['a list', { 'signalbox.quality.a': [true] }, 0],
  ['an integer', { 'signalbox.quality.a': 3 }, 1],
])('%s among the attributes is a verdict or none', ([, attributes, count]) => {
  const batch = decodeDocument('logs', verdict(attributes))
  expect(rowsOf(batch, 'signalbox_quality')).toHaveLength(count)
})

test('spans of routers and of workers carry verdicts too; others cost nothing', () => {
  const quality = { 'signalbox.quality.blurred': true }
  const traceId = newTraceId()
  const attempt = { ...served[1], traceId, attributes: { ...served[1]?.attributes, ...quality } }
  const routed = decodeDocument('traces', traces(ROUTER, [attempt as SpanInput]))
  expect(rowsOf(routed, 'signalbox_quality')).toMatchObject([
    { RequestId: 'r1', TraceId: traceId, Name: 'blurred', Target: 'edge-local' },
  ])
  const worker = { 'service.name': 'sd-worker', 'signalbox.target': 'cloud-eu' }
  const span = { traceId, startMs: NOW_MS, attributes: quality }
  const rows = rowsOf(decodeDocument('traces', traces(worker, [span])), 'signalbox_quality')
  expect(rows).toMatchObject([{ RequestId: traceId, Name: 'blurred', Target: 'cloud-eu' }])
})
