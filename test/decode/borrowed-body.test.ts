import { expect, test } from 'vitest'
import type { Signal } from '../../src/model/otlp.ts'
import { createTestDecoder, type decodeOk, NOW_MS, sealRows } from './decoder-fixture.ts'
import {
  type LogInput,
  logs,
  type MetricInput,
  metrics,
  request,
  type SpanInput,
  traces,
} from './otlp-builder.ts'

// The memory of a body is another request's as soon as `decode` returns (receive/body-bytes.ts):
// whatever is remembered for later, and for joining with later requests, must be a copy.

const ROUTER = { 'service.name': 'gateway', 'service.instance.id': 'router-1' }
const WORKER = { 'service.name': 'sd-worker', 'signalbox.target': 'cloud-eu', zone: 'a' }
const ID = { 'signalbox.request.id': 'job-1' }
const TRACE = '5b8efff798038103d269b633813fc60c'

const spans: readonly SpanInput[] = [
  {
    ...{ kind: 'server', startMs: NOW_MS, traceId: TRACE, spanId: 'eee19b7ec3c1b174' },
    attributes: { ...ID, 'signalbox.route': 'preview', 'http.response.status_code': 202 },
  },
  {
    ...{ kind: 'client', startMs: NOW_MS + 10, traceId: TRACE, spanId: 'eee19b7ec3c1b175' },
    ...{ parentSpanId: 'eee19b7ec3c1b174', error: 'no memory' },
    attributes: { ...ID, 'signalbox.target': 'cloud-eu' },
    events: [{ name: 'exception', atMs: NOW_MS + 11, attributes: { 'exception.type': 'OOM' } }],
  },
]
const record: LogInput = {
  atMs: NOW_MS + 20,
  eventName: 'signalbox.request.end',
  body: 'done',
  attributes: { ...ID, 'signalbox.outcome': 'ok' },
}
const gauge: MetricInput = { name: 'queue', kind: 'gauge', points: [{ atMs: NOW_MS, value: 3 }] }

const DOCUMENTS: readonly (readonly [Signal, Parameters<typeof request>[1]])[] = [
  ['traces', traces(ROUTER, spans.slice(0, 1))],
  ['traces', traces(ROUTER, spans.slice(1))],
  ['logs', logs(WORKER, [record])],
  ['metrics', metrics(WORKER, [gauge])],
]

function decodeAll(after: (body: Buffer) => void) {
  const decoder = createTestDecoder()
  for (const [signal, document] of DOCUMENTS) {
    const otlp = request(signal, document, { receivedUnixMs: NOW_MS })
    const body = Buffer.from(otlp.body)
    decodeOkKeepingRows(decoder, { ...otlp, body })
    after(body)
  }
  return Object.fromEntries(sealRows(decoder))
}

/** Without sealing: blocks of one group hold the rows of many requests. */
function decodeOkKeepingRows(
  decoder: ReturnType<typeof createTestDecoder>,
  otlp: Parameters<typeof decodeOk>[1],
) {
  const result = decoder.decode(otlp)
  if (result.status === 'bad') throw new Error(result.reason)
}

test('nothing of a body is read after its call', () => {
  const rows = decodeAll((body) => body.fill(0xee))
  expect(rows).toEqual(decodeAll(() => {}))
  expect(rows.signalbox_requests?.at(-1)).toMatchObject({ RequestId: 'job-1', Route: 'preview' })
})
