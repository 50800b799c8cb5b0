import { expect, test } from 'vitest'
import type { Decoder } from '../../src/decode/decoder.ts'
import { createOpenJobs, JOBS_MAX } from '../../src/decode/jobs.ts'
import { createStoryMemory } from '../../src/decode/story-memory.ts'
import { identityOf } from '../../src/lib/identity.ts'
import type { Row } from '../../src/model/batch.ts'
import {
  createTestDecoder,
  type DecodedRows,
  decodeDocument,
  NOW_MS,
  rowsOf,
  unitOf,
  withRows,
} from './decoder-fixture.ts'
import {
  type LogInput,
  logs,
  newSpanId,
  newTraceId,
  type SpanInput,
  traces,
} from './otlp-builder.ts'

// Asynchronous requests (CONTRACT.md §3): opened by one record, ended by another, or by nobody.

const ROUTER = { 'service.name': 'gateway', 'service.instance.id': 'router-1' }
const WORKER = { 'service.name': 'sd-worker', 'signalbox.target': 'cloud-eu' }
const DEADLINE_MS = 120_000
const SECOND_MS = 1_000

const ID = { 'signalbox.request.id': 'job-1' }
const opening = (span: Partial<SpanInput> = {}): SpanInput => ({
  kind: 'server',
  startMs: NOW_MS,
  attributes: { ...ID, 'signalbox.route': 'preview', 'http.response.status_code': 202 },
  ...span,
})
const poll = (second: number): SpanInput => ({
  kind: 'server',
  startMs: NOW_MS + second * SECOND_MS,
  attributes: { ...ID, 'signalbox.route': 'preview', 'http.response.status_code': 200 },
})
const attempt = (span: Partial<SpanInput> = {}): SpanInput => ({
  kind: 'client',
  startMs: NOW_MS + SECOND_MS,
  durationMs: 9 * SECOND_MS,
  attributes: { ...ID, 'signalbox.target': 'cloud-eu' },
  ...span,
})
const end = (outcome: string, second = 10): LogInput => ({
  atMs: NOW_MS + second * SECOND_MS,
  eventName: 'signalbox.request.end',
  attributes: { ...ID, 'signalbox.outcome': outcome },
})

const sendSpans = (decoder: Decoder, ...spans: SpanInput[]) =>
  decodeDocument('traces', traces(ROUTER, spans), decoder)
const sendLogs = (decoder: Decoder, ...records: LogInput[]) =>
  decodeDocument('logs', logs(WORKER, records), decoder)
const tick = (decoder: Decoder, afterMs: number) =>
  withRows(decoder, { status: 'ok', batch: decoder.tick(NOW_MS + afterMs) })
const requestRows = (batch: DecodedRows) => rowsOf(batch, 'signalbox_requests')
const outcomesOf = (batch: DecodedRows) =>
  unitOf(batch, 'request').map(({ request }) => [request?.outcome, request?.errorType])
const said = (rows: readonly Row[]) => rows.map(({ Form, Outcome }) => [Form, Outcome])

test('a request opens with its first span and ends at the end event; polls are not requests', () => {
  const decoder = createTestDecoder()
  const opened = sendSpans(decoder, opening())
  expect(said(requestRows(opened))).toEqual([['job', 'unknown']])
  expect(unitOf(opened, 'request')).toEqual([])
  for (const second of [1, 2, 3]) expect(requestRows(sendSpans(decoder, poll(second)))).toEqual([])
  sendSpans(decoder, attempt())
  const ended = sendLogs(decoder, end('ok'))
  expect(requestRows(ended)).toMatchObject([
    {
      ...{ RequestId: 'job-1', Route: 'preview', Router: 'router-1', Form: 'job', Outcome: 'ok' },
      ...{ Timestamp: '1768140000.000000000', EndTime: '1768140010.000000000' },
      ...{ FinalTarget: 'cloud-eu', FinalRole: 'primary', AttemptCount: 1 },
    },
  ])
  const [observation] = unitOf(ended, 'request')
  expect(observation).toMatchObject({
    atUnixMs: NOW_MS + 10_000,
    once: identityOf('request job-1'),
  })
  const fields = ['outcome', 'route', 'target', 'role', 'duration', 'request_id', 'router']
  expect(fields.map((key) => observation?.field(key))).toEqual([
    'ok',
    'preview',
    'cloud-eu',
    'primary',
    10_000,
    'job-1',
    'router-1',
  ])
  expect(tick(decoder, DEADLINE_MS * 2).rowCount).toBe(0)
})

test.for<[string, Partial<SpanInput>, number]>([
  ['answered 202', {}, 0],
  [
    'says that it goes on',
    {
      attributes: {
        ...opening().attributes,
        'signalbox.async': true,
        'http.response.status_code': 200,
      },
    },
    0,
  ],
  [
    'says that it does not',
    { attributes: { ...opening().attributes, 'signalbox.async': false } },
    1,
  ],
  ['answered 200', { attributes: poll(0).attributes! }, 1],
  [
    'has no id',
    { attributes: { 'signalbox.route': 'preview', 'http.response.status_code': 202 } },
    1,
  ],
])('a SERVER span that %s is judged at once: %d', ([, span, count]) => {
  expect(unitOf(sendSpans(createTestDecoder(), opening(span)), 'request')).toHaveLength(count)
})

test.for(['ok', 'failed', 'rejected', 'cancelled'])('an end says %s', (outcome) => {
  const decoder = createTestDecoder()
  sendSpans(decoder, opening())
  expect(outcomesOf(sendLogs(decoder, end(outcome)))).toEqual([[outcome, '']])
})

test('an end is a log event, a span, or an event of a span, of whomever', () => {
  const own = { ...ID, 'signalbox.outcome': 'failed', 'error.type': 'oom' }
  const startMs = NOW_MS + 5_000
  const forms: ((decoder: Decoder) => DecodedRows)[] = [
    (decoder) =>
      sendLogs(decoder, {
        atMs: startMs,
        attributes: { ...own, 'event.name': 'signalbox.request.end' },
      }),
    (decoder) => sendSpans(decoder, { name: 'signalbox.request.end', startMs, attributes: own }),
    (decoder) => {
      const span = { name: 'signalbox.request.end', startMs, attributes: own }
      return decodeDocument('traces', traces(WORKER, [span]), decoder)
    },
    (decoder) => {
      const events = [{ name: 'signalbox.request.end', atMs: startMs, attributes: own }]
      return decodeDocument(
        'traces',
        traces(WORKER, [{ startMs, events, attributes: ID }]),
        decoder,
      )
    },
  ]
  for (const send of forms) {
    const decoder = createTestDecoder()
    sendSpans(decoder, opening())
    expect(outcomesOf(send(decoder))).toEqual([['failed', 'oom']])
  }
})

test('without an end by the deadline it failed with no_answer, once', () => {
  const decoder = createTestDecoder()
  sendSpans(decoder, opening())
  expect(tick(decoder, DEADLINE_MS).rowCount).toBe(0)
  const judged = tick(decoder, DEADLINE_MS + SECOND_MS)
  expect(outcomesOf(judged)).toEqual([['failed', 'no_answer']])
  expect(requestRows(judged)).toMatchObject([
    { Outcome: 'failed', ErrorType: 'no_answer', EndTime: '1768140120.000000000' },
  ])
  expect(tick(decoder, DEADLINE_MS * 3).rowCount).toBe(0)
})

test('rows of a tick that the log refused come with the next, without a second observation', () => {
  const decoder = createTestDecoder()
  sendSpans(decoder, opening())
  const refused = decoder.tick(NOW_MS + DEADLINE_MS + SECOND_MS)
  expect(refused.observations).toHaveLength(1)
  refused.discard()
  const next = tick(decoder, DEADLINE_MS + 2 * SECOND_MS)
  expect(requestRows(next)).toMatchObject([{ Outcome: 'failed', ErrorType: 'no_answer' }])
  expect(next.observations).toEqual([])
})

test('an end after the deadline is a later row, and is not observed again', () => {
  const decoder = createTestDecoder()
  sendSpans(decoder, opening())
  const [failed] = requestRows(tick(decoder, DEADLINE_MS + SECOND_MS))
  const late = sendLogs(decoder, end('ok', 130))
  expect(requestRows(late)).toMatchObject([{ Outcome: 'ok', SpanId: failed?.SpanId }])
  expect(Number(requestRows(late)[0]?.Revision)).toBeGreaterThan(Number(failed?.Revision))
  expect(unitOf(late, 'request')).toEqual([])
})

test('a second end changes nothing; of two the first by its own time counts', () => {
  const decoder = createTestDecoder()
  sendSpans(decoder, opening())
  expect(outcomesOf(sendLogs(decoder, end('failed', 10)))).toEqual([['failed', '']])
  const second = sendLogs(decoder, end('ok', 20))
  expect(said(requestRows(second))).toEqual([['job', 'failed']])
  expect(unitOf(second, 'request')).toEqual([])
})

test('an end alone is a request where it names a route, and is taken back when its opening comes', () => {
  const decoder = createTestDecoder()
  const alone = {
    ...end('failed'),
    attributes: { ...end('failed').attributes, 'signalbox.route': 'preview' },
  }
  const first = sendLogs(decoder, alone)
  expect(said(requestRows(first))).toEqual([['end', 'failed']])
  expect(outcomesOf(first)).toEqual([['failed', '']])
  const second = sendSpans(decoder, opening())
  expect(said(requestRows(second))).toEqual([
    ['poll', 'failed'],
    ['job', 'failed'],
  ])
  expect(unitOf(second, 'request')).toEqual([])
})

test('an earlier end that comes later takes the place of the one told before', () => {
  const decoder = createTestDecoder()
  const ofRoute = (log: LogInput): LogInput => ({
    ...log,
    attributes: { ...log.attributes, 'signalbox.route': 'preview' },
  })
  sendLogs(decoder, ofRoute(end('failed', 20)))
  const earlier = sendLogs(decoder, ofRoute(end('ok', 10)))
  expect(said(requestRows(earlier))).toEqual([
    ['poll', 'failed'],
    ['end', 'ok'],
  ])
})

test('an end that names no route waits for its opening', () => {
  const decoder = createTestDecoder()
  expect(requestRows(sendLogs(decoder, end('ok')))).toEqual([])
  const opened = sendSpans(decoder, opening())
  expect(said(requestRows(opened))).toEqual([['job', 'ok']])
  expect(outcomesOf(opened)).toEqual([['ok', '']])
})

test('attempts belong to it whenever they come, in whatever trace, and inherit its route', () => {
  const decoder = createTestDecoder()
  const [early] = rowsOf(sendSpans(decoder, attempt({ error: true })), 'signalbox_attempts')
  expect(early).toMatchObject({ Route: '', RequestId: 'job-1', Role: 'unlisted' })
  const opened = sendSpans(decoder, opening())
  expect(rowsOf(opened, 'signalbox_attempts')).toMatchObject([
    { SpanId: early?.SpanId, Route: 'preview', Role: 'primary' },
  ])
  sendLogs(decoder, end('ok'))
  const rescue = attempt({
    startMs: NOW_MS + 11_000,
    attributes: { ...ID, 'signalbox.target': 'edge-local' },
  })
  const late = sendSpans(decoder, rescue)
  expect(rowsOf(late, 'signalbox_attempts')).toMatchObject([{ Route: 'preview', Role: 'fallback' }])
  expect(requestRows(late)).toMatchObject([
    { Outcome: 'ok', FinalTarget: 'edge-local', AttemptCount: 2 },
  ])
})

test('after a restart a request that was open stays unknown: nobody invents its failure', () => {
  sendSpans(createTestDecoder(), opening())
  const restarted = createTestDecoder()
  sendSpans(restarted, poll(5))
  expect(tick(restarted, DEADLINE_MS * 2).rowCount).toBe(0)
})

test('over 100,000 open requests the oldest is given up, and counted', () => {
  const memory = createStoryMemory({ ageMaxMs: Number.POSITIVE_INFINITY })
  let dropped = 0
  const jobs = createOpenJobs({
    events: { jobsOpen: () => {}, jobDropped: () => dropped++, jobExpired: () => {} },
  })
  for (let i = 0; i < JOBS_MAX + 3; i++) jobs.open(memory.group(`job-${i}`, 0), 10)
  expect([jobs.count, dropped]).toEqual([JOBS_MAX, 3])
  expect(jobs.takeDue(9, 10)).toEqual([])
  expect(jobs.takeDue(10, 2).map(({ requestId }) => requestId)).toEqual(['job-3', 'job-4'])
  expect(jobs.takeDue(10, JOBS_MAX)).toHaveLength(JOBS_MAX - 2)
})

test('rows of a request that the log refused are told again when it is sent again', () => {
  const decoder = createTestDecoder()
  const spanId = newSpanId()
  const traceId = newTraceId()
  sendSpans(
    decoder,
    attempt({ traceId, parentSpanId: spanId, attributes: { 'signalbox.target': 'cloud-eu' } }),
  )
  const document = traces(ROUTER, [opening({ traceId, spanId })])
  const corrected = () => decodeDocument('traces', document, decoder)
  const first = corrected()
  expect(rowsOf(first, 'signalbox_attempts')).toMatchObject([{ RequestId: 'job-1' }])
  first.discard()
  expect(rowsOf(corrected(), 'signalbox_attempts')).toMatchObject([{ RequestId: 'job-1' }])
})
