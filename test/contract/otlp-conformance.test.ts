import type { ClientRequest } from 'node:http'
import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { encode } from '../decode/otlp-builder.ts'
import { JSON_TYPE, PROTOBUF, parse } from '../receive/http-fixture.ts'
import {
  ENCODINGS,
  type Encoding,
  paddedTo,
  readStatus,
  SIGNALS,
  small,
  smallBytes,
  startServer,
  TYPES,
} from './otlp-fixture.ts'

// OTLP/HTTP against the whole server: what specification 1.11 demands of a receiver, and what the
// Collector does where it is silent.

const server = startServer()
const LIMIT = 64 * 2 ** 20
const BOTH = SIGNALS.flatMap((signal) => ENCODINGS.map((encoding) => ({ signal, encoding })))
const BINARY: Encoding = 'protobuf'

test('listens on loopback, and on nothing else', () => {
  const { otlp_http, otlp_grpc } = server.addresses
  expect([new URL(otlp_http).hostname, otlp_grpc?.split(':')[0]]).toEqual([
    '127.0.0.1',
    '127.0.0.1',
  ])
})

describe('success', () => {
  test.for(BOTH)(
    '$signal as $encoding: 200, the type of the request, nothing rejected',
    async (it) => {
      const { signal, encoding } = it
      const headers = { 'content-type': TYPES[encoding], 'accept-encoding': 'gzip' }
      const body = smallBytes(signal, `ok ${encoding}`, encoding)
      const answer = await server.post({ path: `/v1/${signal}`, headers, body })
      expect([answer.status, answer.headers['content-type']]).toEqual([200, TYPES[encoding]])
      expect(answer.headers['content-encoding']).toBeUndefined()
      expect(answer.body.toString()).toBe(encoding === 'json' ? '{}' : '')
      // A sender without an answer sends the same again.
      expect((await server.post({ path: `/v1/${signal}`, headers, body })).status).toBe(200)
    },
  )

  test.for([
    ...[
      'application/x-protobuf',
      'Application/X-Protobuf',
      'application/x-protobuf; charset=utf-8',
    ],
    ...['application/protobuf', 'application/x-protobuf ; a=b'],
  ])('Content-Type %s is protobuf', async (type) => {
    const body = smallBytes('traces', type)
    const answer = await server.post({ headers: { 'content-type': type }, body })
    expect([answer.status, answer.headers['content-type']]).toEqual([200, TYPES.protobuf])
  })

  test.for([
    ...['application/json', 'APPLICATION/JSON', 'application/json; charset=utf-8'],
    ...['application/json;charset="UTF-8"', 'application/json ;charset=utf-8'],
  ])('Content-Type %s is JSON', async (type) => {
    const body = smallBytes('traces', type, 'json')
    const answer = await server.post({ headers: { 'content-type': type }, body })
    expect([answer.status, answer.headers['content-type']]).toEqual([200, TYPES.json])
  })

  test.for<[string, (bytes: Buffer) => Buffer]>([
    ['', (bytes) => bytes],
    ['identity', (bytes) => bytes],
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['x-gzip', gzipSync],
    // As some writers flush: several streams in one.
    [
      'gzip',
      (bytes) => Buffer.concat([gzipSync(bytes.subarray(0, 9)), gzipSync(bytes.subarray(9))]),
    ],
    ['deflate', deflateSync],
  ])('Content-Encoding "%s", with a length and chunked', async ([coding, pack]) => {
    for (const encoding of ENCODINGS) {
      const headers = { 'content-type': TYPES[encoding], 'content-encoding': coding }
      const body = pack(smallBytes('logs', `${coding} ${encoding}`, encoding))
      const stream = (request: ClientRequest) => {
        request.write(body.subarray(0, 5))
        request.end(body.subarray(5))
      }
      const path = '/v1/logs'
      expect((await server.post({ path, headers, body })).status).toBe(200)
      expect((await server.post({ path, headers, stream })).status).toBe(200)
    }
  })

  test.for<[string, object]>([
    ['no resource', {}],
    ['an empty list', { resourceSpans: [] }],
    ['an empty resource', { resourceSpans: [{}] }],
    ['a resource without scopes', { resourceSpans: [{ resource: {}, scopeSpans: [] }] }],
    ['an empty scope', { resourceSpans: [{ scopeSpans: [{}] }] }],
    ['a scope without spans', { resourceSpans: [{ scopeSpans: [{ scope: {}, spans: [] }] }] }],
  ])('empty: %s', async ([, document]) => {
    for (const encoding of ENCODINGS) {
      const body = encode('traces', document as never, encoding)
      const headers = { 'content-type': TYPES[encoding] }
      expect((await server.post({ headers, body })).status).toBe(200)
    }
  })

  test('empty: no byte of protobuf is an empty request, no byte of JSON is none', async () => {
    expect((await server.post({ headers: PROTOBUF })).status).toBe(200)
    expect((await server.post({ headers: JSON_TYPE })).status).toBe(400)
  })

  test.for(BOTH)('partial $signal as $encoding: told how many and why, once', async (it) => {
    const { signal, encoding } = it
    const headers = { 'content-type': TYPES[encoding] }
    const body = encode(signal, small(signal, `old ${encoding}`, Date.UTC(1999, 0)), encoding)
    const answer = await server.post({ path: `/v1/${signal}`, headers, body })
    expect(answer.status).toBe(200)
    const errorMessage = expect.stringContaining('older than the retention') as string
    const field = { traces: 'rejectedSpans', logs: 'rejectedLogRecords' } as const
    const name = signal === 'metrics' ? 'rejectedDataPoints' : field[signal]
    expect(
      encoding === 'json' ? JSON.parse(answer.body.toString()) : parse('Response', answer.body),
    ).toEqual({
      partialSuccess: {
        errorMessage,
        [encoding === 'json' ? name : 'rejected']: encoding === 'json' ? '1' : 1,
      },
    })
  })
})

describe('refusals', () => {
  const headersOf = (encoding: Encoding) => ({ 'content-type': TYPES[encoding] })
  const coded = (coding: string) => ({ headers: { 'content-encoding': coding } })
  const gzip = gzipSync(smallBytes('traces', 'gzip'))
  const CASES: readonly [
    string,
    number,
    number,
    Omit<Parameters<typeof server.post>[0], 'port'>,
  ][] = [
    ['profiles, which are not taken', 404, 12, { path: '/v1development/profiles' }],
    ['an unknown path', 404, 12, { path: '/' }],
    ['a path that goes on', 404, 12, { path: '/v1/traces/' }],
    ...['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map(
      (method) => [method, 405, 12, { method }] as [string, number, number, object],
    ),
    ['an unknown coding', 400, 3, { ...coded('zstd'), body: gzip }],
    ['two codings', 400, 3, { ...coded('gzip, gzip'), body: gzip }],
    ['a broken coding', 400, 3, { ...coded('gzip'), body: 'plain' }],
    ['a cut coding', 400, 3, { ...coded('gzip'), body: gzip.subarray(0, -9) }],
    ['another coding', 400, 3, { ...coded('deflate'), body: gzip }],
    ['garbage', 400, 3, { body: Buffer.from([0xff, 0xff, 0xff, 0x7b]) }],
    ['a cut body', 400, 3, { body: '\n\x80\x01' }],
    [
      'too large by its length',
      413,
      8,
      {
        headers: { 'content-length': String(LIMIT + 1) },
        stream: (request) => void request.flushHeaders(),
      },
    ],
  ]

  test.for(CASES.flatMap((one) => ENCODINGS.map((encoding) => [...one, encoding] as const)))(
    '%s is %i',
    async ([, status, code, sent, encoding]) => {
      const answer = await server.post({
        ...{ ...sent, headers: { ...headersOf(encoding), ...sent.headers } },
      })
      expect([answer.status, answer.headers['content-type']]).toEqual([status, TYPES[encoding]])
      const { message, ...said } = readStatus(answer.body, encoding)
      expect(message).toMatch(/./)
      expect(said).toEqual({ code, violations: status === 400 ? [message] : [] })
      // Neither is worth trying again, and no page of a browser is invited.
      expect(answer.headers['retry-after']).toBeUndefined()
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
      expect(answer.headers.allow).toBe(status === 405 ? 'POST' : undefined)
    },
  )

  test.for(['', 'text/plain', 'application/grpc', 'application/jsonx', 'multipart/form-data'])(
    'Content-Type "%s" is 415, in plain text, naming both',
    async (type) => {
      const answer = await server.post({ headers: { 'content-type': type }, body: '{}' })
      expect([answer.status, answer.headers['content-type']]).toEqual([
        415,
        'text/plain; charset=utf-8',
      ])
      expect(answer.body.toString()).toContain('application/x-protobuf or application/json')
    },
  )

  test('HEAD is 405 without a body', async () => {
    const { status, headers, body } = await server.post({ method: 'HEAD' })
    expect([status, headers.allow, body]).toEqual([405, 'POST', Buffer.alloc(0)])
  })

  test('a refused request does not harm the next one on its connection', async () => {
    const { otlp_http } = server.addresses
    for (const [type, status] of [
      ['text/plain', 415],
      ['application/json', 200],
      ['x/y', 415],
    ] as const) {
      const headers = { 'content-type': type }
      const answer = await fetch(`${otlp_http}/v1/traces`, { method: 'POST', headers, body: '{}' })
      expect([type, answer.status]).toEqual([type, status])
    }
  })
})

describe('size, after inflating', () => {
  test.for([
    [LIMIT, 200],
    [LIMIT + 1, 413],
  ] as const)('%i bytes are %i: with a length, chunked, in gzip', async ([byteCount, status]) => {
    const body = paddedTo(byteCount)
    const gzip = { 'content-encoding': 'gzip' }
    const sent = [
      { body },
      { stream: (request: ClientRequest) => void request.end(body) },
      { headers: gzip, body: gzipSync(body, { level: 1 }) },
    ]
    for (const one of sent) {
      const answer = await server.post(one)
      expect(answer.status).toBe(status)
      if (status === 413) expect(readStatus(answer.body, BINARY)).toMatchObject({ code: 8 })
    }
  })

  test.for([0, 1] as const)('JSON of 64 MiB and %i bytes', async (more) => {
    const body = Buffer.alloc(LIMIT + more, ' ')
    body.write('{}')
    const answer = await server.post({ headers: JSON_TYPE, body })
    expect(answer.status).toBe(more === 0 ? 200 : 413)
    if (more > 0) expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 8 })
  })

  test('a bomb of 1 GiB in 1 MB is stopped at the limit', async () => {
    // 16 streams of 64 MiB, each of which is no more than the limit by itself.
    const part = gzipSync(Buffer.alloc(LIMIT))
    const body = Buffer.concat(Array.from({ length: 16 }, () => part))
    expect(body.length).toBeLessThan(2 ** 21)
    const answer = await server.post({ headers: { 'content-encoding': 'gzip' }, body })
    expect(answer.status).toBe(413)
  })
})

test('every refusal was counted by its cause', async () => {
  const metrics = await (await server.get('/metrics')).text()
  for (const cause of ['path', 'method', 'coding', 'content_type', 'unreadable', 'too_large'])
    expect(metrics).toMatch(new RegExp(`signalbox_receive_refused_total{cause="${cause}"} [1-9]`))
  expect(metrics).toContain('signalbox_receive_open_requests{transport="http"} 0')
  expect(metrics).toContain('signalbox_receive_open_bytes{transport="http"} 0')
  const wire = Number(/receive_wire_bytes_total (\d+)/.exec(metrics)?.[1])
  const inflated = Number(/receive_body_bytes_total (\d+)/.exec(metrics)?.[1])
  expect(wire).toBeGreaterThan(3 * LIMIT)
  expect(inflated).toBeGreaterThan(wire)
})
