import fc from 'fast-check'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { createTestDecoder, decodeOk, NOW_MS, rowsOf } from './decoder-fixture.ts'
import {
  AT,
  AT_ROW,
  attributesOf,
  batchOf,
  bodyOf,
  decode,
  rowOf,
  TRACE,
} from './ndjson-fixture.ts'

test('a line is the same row as the OTLP record that says the same', () => {
  const lines = bodyOf({
    time: AT,
    level: 'ERROR',
    msg: 'm',
    'service.name': 's',
    trace_id: TRACE,
    n: 1,
  })
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 's' } }] }
  const record = {
    timeUnixNano: '1768139999123456789',
    severityNumber: 17,
    severityText: 'ERROR',
    body: { stringValue: 'm' },
    traceId: TRACE,
    attributes: [{ key: 'n', value: { intValue: '1' } }],
  }
  const document = { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] }
  const otlp = decodeOk(createTestDecoder(), {
    signal: 'logs',
    encoding: 'json',
    body: Buffer.from(JSON.stringify(document)),
    receivedUnixMs: NOW_MS,
  })
  expect(rowsOf(batchOf(lines), 'otel_logs')).toEqual(rowsOf(otlp, 'otel_logs'))
})

describe('time', () => {
  test.for<[unknown, string]>([
    [1768139999, '1768139999.000000000'],
    [1768139999123, '1768139999.123000000'],
    [1768139999123456, '1768139999.123456000'],
    ['1768139999123456789', AT_ROW],
    ['1768139999.25', '1768139999.250000000'],
    ['2026-01-11T14:59:59.123456789+01:00', AT_ROW],
    ['2026-01-11 13:59:59.123456 +00:00', '1768139999.123456000'],
    ['2026-01-11t13:59:59z', '1768139999.000000000'],
    ['2026-01-11T13:59', '1768139940.000000000'],
    ['2026-01-11T08:59:59-0500', '1768139999.000000000'],
  ])('%j', ([ts, expected]) => expect(rowOf({ ts, msg: 'm' }).Timestamp).toBe(expected))

  test('nanoseconds as a bare number are exact', () => {
    expect(
      rowOf('{"ts":1768139999123456789,"msg":"say \\"ts\\":1768139999123456789"}'),
    ).toMatchObject({
      Timestamp: AT_ROW,
      Body: 'say "ts":1768139999123456789',
    })
  })

  test.for<[unknown]>([
    ['noon'],
    [12.5],
    ['2026-02-30T00:00:00Z'],
    ['2026-01-11T25:00:00Z'],
    [1e21],
    [true],
    [''],
  ])('%j is none: it stays an attribute, and the time is when it was received', ([time]) => {
    const row = rowOf({ time, msg: 'm' })
    expect(row.Timestamp).toBe('1768140000.000000000')
    expect(row.LogAttributes).toEqual({ time: String(time) })
  })
})

describe('severity', () => {
  test.for<[object, number, string]>([
    [{ level: 'Warning' }, 13, 'Warning'],
    [{ LEVEL: 'error' }, 17, 'error'],
    [{ lvl: 'dbug' }, 0, 'dbug'],
    [{ level: 35 }, 9, 'INFO'],
    [{ level: '50' }, 17, 'ERROR'],
    [{ priority: 2 }, 18, 'ERROR'],
    [{ PRIORITY: '6' }, 9, 'INFO'],
    [{ severity: 'NOTICE' }, 10, 'NOTICE'],
    [{ severityNumber: 21 }, 21, 'FATAL'],
    [{ log: { level: 'trace' } }, 1, 'trace'],
    [{ level: 3 }, 0, ''],
    [{ priority: 9 }, 0, ''],
  ])('%j', ([line, number, word]) => {
    const { SeverityNumber, SeverityText } = rowOf({ ...line, msg: 'm' })
    expect([SeverityNumber, SeverityText]).toEqual([number, word])
  })
})

test.for<[object, object]>([
  [{ trace_id: 'abc' }, { trace_id: 'abc' }],
  [{ traceId: '0'.repeat(32) }, { traceId: '0'.repeat(32) }],
  [{ 'dd.trace_id': '1234567890123456789' }, { 'dd.trace_id': '1234567890123456789' }],
  [
    { a: { b: { c: [1, { d: null }] } }, e: null, f: true },
    { 'a.b.c': '[1,{"d":null}]', f: 'true' },
  ],
  [
    { request: { prompt: 'a red fox', n: 1 }, all: [{ prompt: 'x', n: 2 }] },
    { all: '[{"n":2}]', 'request.n': '1' },
  ],
  [
    { error: true, stack: 5 },
    { error: 'true', stack: '5' },
  ],
  [
    { a: { b: { c: { d: { e: { f: { g: { h: { i: 1 } } } } } } } } },
    { 'a.b.c.d.e.f.g.h': '{"i":1}' },
  ],
])('%j keeps the attributes %j', ([line, attributes]) => {
  const row = rowOf({ msg: 'm', ...line })
  expect([row.TraceId, row.LogAttributes]).toEqual(['', attributes])
})

test('more attributes than allowed are left out and counted', () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`a${index}`, index]))
  const kept = attributesOf({ ...many, ['k'.repeat(300)]: { x: 1 }, msg: 'm' }) as object
  expect(Object.keys(kept)).toHaveLength(257)
  expect(kept).toMatchObject({ a0: '0', a255: '255', 'signalbox.attributes.dropped': '45' })
})

describe('bodies', () => {
  const a = { msg: 'a' }
  const b = { msg: 'b' }
  test.for<[string, string, string[]]>([
    ['lines', bodyOf(a, b), ['a', 'b']],
    ['a last newline, blank lines and CRLF', `\r\n${bodyOf(a)}\r\n\n${bodyOf(b)}\r\n`, ['a', 'b']],
    ['a byte order mark', `\ufeff${bodyOf(a)}`, ['a']],
    ['an array, as Fluent Bit writes it', JSON.stringify([a, b]), ['a', 'b']],
    ['an array over lines', JSON.stringify([a, b], null, 2), ['a', 'b']],
    ['one object', JSON.stringify(a), ['a']],
    ['one object over lines', JSON.stringify(a, null, 2), ['a']],
    ['an empty array', '[]', []],
    ['nothing', '', []],
    ['blanks', ' \n\n', []],
  ])('%s', ([, body, messages]) => {
    const batch = batchOf(body)
    expect(rowsOf(batch, 'otel_logs').map((row) => row.Body)).toEqual(messages)
    expect(batch.lines).toEqual({ acceptedCount: messages.length, refusedCount: 0, refused: [] })
    expect(batch.itemCount).toBe(messages.length)
  })

  test('a bad line is refused alone, with its number', () => {
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    const long = `{"a":"${'x'.repeat(1 << 20)}"}`
    const old = { time: '2001-01-01T00:00:00Z', msg: 'old' }
    const ahead = { time: '2026-01-11T15:00:01Z', msg: 'ahead' }
    const body = bodyOf(a, '{"msg":"secr', '', '7', '[1]', '{}', deep, long, old, ahead, b)
    const { lines, rejectedCount, ...batch } = batchOf(body)
    expect(batch.observations.map((one) => one.field('body'))).toEqual(['a', 'b'])
    expect([lines?.acceptedCount, lines?.refusedCount, rejectedCount]).toEqual([2, 8, 8])
    expect(lines?.refused).toEqual([
      { line: 2, reason: expect.stringMatching(/^not JSON( at position \d+)?$/) },
      { line: 4, reason: 'not a JSON object' },
      { line: 5, reason: 'not a JSON object' },
      { line: 6, reason: 'an empty object' },
      { line: 7, reason: 'nested deeper than 64 levels' },
      { line: 8, reason: 'longer than 1048576 bytes' },
      { line: 9, reason: 'older than the retention of 90d' },
      { line: 10, reason: "more than 1h ahead of the receiver's clock" },
    ])
  })

  test('at most twenty refusals are listed; nothing readable at all is a bad request', () => {
    const some = batchOf(bodyOf(...Array(30).fill('x'), a)).lines
    expect([some?.refused.length, some?.refusedCount]).toEqual([20, 30])
    const none = decode(bodyOf('x', 'y'))
    expect(none).toMatchObject({
      status: 'bad',
      reason: expect.stringMatching(/^line 1: not JSON/),
      lines: { acceptedCount: 0, refusedCount: 2 },
    })
    expect(decode('\n'.repeat(100_001))).toEqual({
      status: 'bad',
      reason: 'more than 100000 lines in one body: send smaller batches',
    })
  })

  test('bytes of any kind are answered', () => {
    expect(decode(Buffer.from([0xff, 0xfe, 0x0a, 0x00])).status).toBe('bad')
    const latin1 = decode(Buffer.from('{"msg":"caf\xe9"}', 'latin1'))
    expect(latin1.status).toBe('ok')
  })
})

test('one long name over many members stays small', () => {
  const members = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`m${index}`, 1]))
  const before = process.memoryUsage().heapUsed
  const kept = attributesOf({ msg: 'm', ['k'.repeat(500_000)]: members })
  expect(kept).toEqual({ 'signalbox.attributes.dropped': '1' })
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 << 20)
})

test('whatever the bytes, every line is accepted or refused', () => {
  const line = fc.oneof(
    fc.json({ maxDepth: 6 }),
    fc.string(),
    fc
      .dictionary(
        fc.constantFrom(
          'time',
          'level',
          'msg',
          'error',
          'kubernetes',
          'trace_id',
          '__proto__',
          'a',
        ),
        fc.jsonValue(),
      )
      .map((object) => JSON.stringify(object)),
  )
  const body = fc.oneof(
    fc.array(line).map((lines) => Buffer.from(lines.join('\n'))),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  )
  fc.assert(
    fc.property(body, (bytes) => {
      const result = decode(bytes)
      const { lines } = result.status === 'ok' ? result.batch : result
      const count = (lines?.acceptedCount ?? 0) + (lines?.refusedCount ?? 0)
      expect(result.status === 'ok' || count > 0).toBe(true)
      if (result.status === 'ok') expect(result.batch.rowCount).toBe(result.batch.itemCount)
    }),
    { numRuns: 500 },
  )
})

test('what pino itself writes', () => {
  let written = ''
  const log = pino({ name: 'sd-worker' }, { write: (line: string) => (written += line) })
  log.error({ err: new RangeError('boom'), attempt: 2 }, 'render failed')
  const row = rowsOf(batchOf(written, Date.now()), 'otel_logs')[0]
  expect(row).toMatchObject({
    Body: 'render failed',
    SeverityText: 'ERROR',
    ServiceName: 'sd-worker',
  })
  expect(row?.LogAttributes).toMatchObject({
    attempt: '2',
    'exception.message': 'boom',
    'exception.stacktrace': expect.stringContaining('RangeError: boom\n    at '),
    'exception.type': 'RangeError',
  })
})
