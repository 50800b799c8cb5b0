import { describe, expect, test } from 'vitest'
import type { Signal } from '../../src/model/otlp.ts'
import { encode } from '../decode/otlp-builder.ts'
import { EXPORT } from '../receive/grpc-fixture.ts'
import { JSON_TYPE } from '../receive/http-fixture.ts'
import { documentOf } from './otlp-documents.ts'
import {
  type Document,
  field,
  POLL,
  readStatus,
  SIGNALS,
  smallBytes,
  startServer,
  TYPES,
  writer,
} from './otlp-fixture.ts'

// What cannot be read is refused as a whole, with the reason; what is merely odd is taken.

const server = startServer()

/** The document with every member of this name replaced. */
function replaced(document: Document, name: string, by: unknown): Document {
  return JSON.parse(JSON.stringify(document), (key, value) =>
    key === name ? by : value,
  ) as Document
}
const hex = (byteCount: number) => 'ab'.repeat(byteCount)

describe('ids', () => {
  const LENGTHS = [
    { name: 'traceId', bad: [1, 8, 15, 17, 32] },
    { name: 'spanId', bad: [1, 7, 9, 16] },
    { name: 'parentSpanId', bad: [7, 9] },
  ]
  const CASES = LENGTHS.flatMap(({ name, bad }) => bad.map((byteCount) => ({ name, byteCount })))

  // Of spans and their links, of log records, of exemplars.
  test.for(CASES)(
    'a $name of $byteCount bytes fails the whole request',
    async ({ name, byteCount }) => {
      for (const signal of SIGNALS) {
        if (name === 'parentSpanId' && signal !== 'traces') continue
        const document = replaced(documentOf(signal, 'ids'), name, hex(byteCount))
        const reasons: string[] = []
        for (const encoding of ['json', 'protobuf'] as const) {
          const headers = { 'content-type': TYPES[encoding] }
          const body = encode(signal, document, encoding)
          const answer = await server.post({ path: `/v1/${signal}`, headers, body })
          const { code, message, violations } = readStatus(answer.body, encoding)
          expect([answer.status, code, violations]).toEqual([400, 3, [message]])
          reasons.push(message)
        }
        const body = encode(signal, document, 'protobuf')
        const { code, reason } = await server.call({ path: EXPORT[signal], body })
        expect(code).toBe('INVALID_ARGUMENT')
        reasons.push(reason)
        for (const reason of reasons) expect(reason).toContain(`${byteCount}`)
      }
    },
  )

  test.for(['', '0'.repeat(32)])('the id "%s" is none, and allowed', async (id) => {
    for (const signal of SIGNALS)
      for (const encoding of ['json', 'protobuf'] as const) {
        const document = replaced(documentOf(signal, `none ${id}`), 'traceId', id)
        const headers = { 'content-type': TYPES[encoding] }
        const body = encode(signal, document, encoding)
        expect((await server.post({ path: `/v1/${signal}`, headers, body })).status).toBe(200)
      }
  })

  test.for([
    ['half a byte', 'abc'],
    ['no hex', 'zz'.repeat(16)],
    ['base64, as plain protobuf JSON has it', 'W47/95gDgQPSabYzgT/GDA=='],
    ['a number', 7],
  ] as const)('in JSON, %s is no id', async ([, id]) => {
    const body = JSON.stringify(replaced(documentOf('traces', 'ids'), 'traceId', id))
    const answer = await server.post({ headers: JSON_TYPE, body })
    expect(answer.status).toBe(400)
    expect(readStatus(answer.body, 'json').message).toContain('traceId')
  })
})

describe('JSON', () => {
  test.for<[string, string]>([
    ['not JSON', '{"resourceSpans": [}'],
    ['cut', '{"resourceSpans": ['],
    ['empty', ''],
    ['a list', '[]'],
    ['a number', '7'],
    ['null', 'null'],
    ['spans that are no list', '{"resourceSpans": {}}'],
    ['a resource that is text', '{"resourceSpans": ["x"]}'],
  ])('%s is 400', async ([, body]) => {
    const answer = await server.post({ headers: JSON_TYPE, body })
    expect([answer.status, readStatus(answer.body, 'json').code]).toEqual([400, 3])
  })

  test.for<[Signal, string, unknown]>([
    ['traces', 'kind', 'SPAN_KIND_NONSENSE'],
    ['traces', 'kind', 1.5],
    ['traces', 'startTimeUnixNano', '12x'],
    ['traces', 'startTimeUnixNano', '-1'],
    ['traces', 'startTimeUnixNano', '18446744073709551616'],
    ['traces', 'startTimeUnixNano', 0.5],
    ['traces', 'name', 7],
    ['traces', 'attributes', { a: 1 }],
    ['traces', 'intValue', '9223372036854775808'],
    ['traces', 'boolValue', 'yes'],
    ['traces', 'bytesValue', 'no base64!'],
    ['logs', 'severityNumber', 'LOUD'],
    ['metrics', 'asDouble', 'much'],
    ['metrics', 'bucketCounts', [1, 'x']],
  ])('%s with %s %j is 400 and names the place', async ([signal, name, value]) => {
    const body = JSON.stringify(replaced(documentOf(signal, 'bad'), name, value))
    const answer = await server.post({ path: `/v1/${signal}`, headers: JSON_TYPE, body })
    expect(answer.status).toBe(400)
    expect(readStatus(answer.body, 'json').message).toMatch(new RegExp(`^resource.*\\.${name}`))
  })
})

describe('depth', () => {
  /** As a log body; by hand, since libraries refuse to write it. */
  const nested = (depth: number) => {
    let json = '{"stringValue":"x"}'
    let protobuf = field(1, Buffer.from('x'))
    for (let level = 0; level < depth; level++) {
      json = `{"arrayValue":{"values":[${json}]}}`
      protobuf = field(5, field(1, protobuf))
    }
    const record = { timeUnixNano: `${Date.now()}000000` }
    const frame = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] })
    return {
      json: frame.replace('"timeUnixNano"', `"body":${json},"timeUnixNano"`),
      protobuf: field(1, field(2, field(2, field(5, protobuf)))),
    }
  }

  test.for([
    { depth: 10, status: 200, code: 'OK' },
    { depth: 30, status: 200, code: 'OK' },
    { depth: 1_000, status: 400, code: 'INVALID_ARGUMENT' },
  ])('a list in a list, $depth deep, is $status', async ({ depth, status, code }) => {
    const { json, protobuf: body } = nested(depth)
    const path = '/v1/logs'
    expect((await server.post({ path, headers: JSON_TYPE, body: json })).status).toBe(status)
    expect((await server.post({ path, body })).status).toBe(status)
    expect((await server.call({ path: EXPORT.logs, body })).code).toBe(code)
  })

  test('a million brackets are refused, and nothing falls over', async () => {
    const deep = `{"resourceLogs":${'['.repeat(1_000_000)}`
    expect((await server.post({ path: '/v1/logs', headers: JSON_TYPE, body: deep })).status).toBe(
      400,
    )
    const groups = Buffer.alloc(1_000_000, (15 << 3) | 3)
    expect((await server.post({ body: groups })).status).toBe(400)
    expect((await server.post({ body: smallBytes('traces', 'after') })).status).toBe(200)
  })
})

describe('protobuf', () => {
  test('a text that is not UTF-8 costs itself, not the request', async () => {
    const attribute = (key: string, value: Buffer) =>
      field(1, field(1, Buffer.from(key)), field(2, field(1, value)))
    const times = writer()
      .uint32((1 << 3) | 1)
      .fixed64(`${BigInt(Date.now()) * 1_000_000n}` as never)
      .finish()
    const record = (body: Buffer) => field(2, times, field(5, field(1, body)))
    const resource = field(1, attribute('service.name', Buffer.from('odd')))
    const records = [record(Buffer.from([0x41, 0xff, 0xfe, 0x42])), record(Buffer.from('whole'))]
    const body = field(1, resource, field(2, ...records))
    expect((await server.post({ path: '/v1/logs', body })).status).toBe(200)
    const bodies = async () =>
      (
        await server.sql<{ Body: string }>(
          `SELECT Body FROM otel_logs WHERE ServiceName = 'odd' ORDER BY Body`,
        )
      ).map(({ Body }) => Body)
    await expect.poll(bodies, POLL).toHaveLength(2)
    const [odd, whole] = await bodies()
    expect([odd?.at(0), odd?.at(-1), whole]).toEqual(['A', 'B', 'whole'])
  })

  test.for<[string, number[]]>([
    ['a wire type that does not exist', [0x0e]],
    ['field number zero', [0x02, 0x00]],
    ['a length beyond the end', [0x0a, 0x05, 0x01]],
    ['a length of 2^64', [0x0a, ...Array.from({ length: 9 }, () => 0xff), 0x01]],
    ['a number without end', Array.from({ length: 11 }, () => 0x80)],
    ['a group without end', [(15 << 3) | 3]],
    ['an end without group', [(15 << 3) | 4]],
  ])('%s is 400', async ([, bytes]) => {
    const body = Buffer.from(bytes)
    for (const signal of SIGNALS) {
      expect((await server.post({ path: `/v1/${signal}`, body })).status).toBe(400)
      expect((await server.call({ path: EXPORT[signal], body })).code).toBe('INVALID_ARGUMENT')
    }
  })
})

test('nothing of a refused request is stored', async () => {
  const rows = await server.sql<{ n: number }>(
    `SELECT count() AS n FROM otel_traces WHERE ServiceName IN ('ids', 'bad')`,
  )
  expect(rows).toEqual([{ n: 0 }])
})
