import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { OtlpAnswer, OtlpRequest, Signal } from '../../src/model/otlp.ts'
import type { OtlpGrpcServerOptions } from '../../src/receive/otlp-grpc-server.ts'
import { EXPORT, send, serve } from './grpc-fixture.ts'
import { parse } from './http-fixture.ts'

const SIGNALS = Object.keys(EXPORT) as Signal[]

describe('success', () => {
  test.for(SIGNALS)('%s, compressed or not, arrive byte for byte', async (signal) => {
    const { port, received, statuses } = await serve()
    const body = Buffer.from([0, 255, 1, 254, 10])
    for (const isGzip of [false, true]) {
      const answer = await send({ port, path: EXPORT[signal], body, isGzip })
      expect(answer).toEqual({ code: 'OK', reason: '', body: Buffer.alloc(0) })
    }
    const seen = { signal, encoding: 'protobuf' }
    expect(received).toMatchObject([seen, seen])
    expect(received.map(({ body }) => Buffer.compare(body, received[0]?.body ?? body))).toEqual([
      0, 0,
    ])
    expect(received[0]?.body).toEqual(body)
    expect(statuses).toEqual(['OK', 'OK'])
  })

  test('is told of an empty request too', async () => {
    const { port, received } = await serve()
    expect((await send({ port })).code).toBe('OK')
    expect(received[0]?.body).toHaveLength(0)
  })

  test.for<[string, Partial<Extract<OtlpAnswer, { status: 'ok' }>>]>([
    ['partial', { rejectedCount: 3, message: 'too old' }],
    ['partial, of very many', { rejectedCount: 2 ** 40, message: 'too old' }],
    ['with a warning', { message: 'your clock is late' }],
    ['with a long warning', { message: 'ü'.repeat(2_000) }],
  ])('%s', async ([, said]) => {
    const { rejectedCount = 0, message = '' } = said
    const { port } = await serve({ ingest: async () => ({ status: 'ok', rejectedCount, message }) })
    for (const signal of SIGNALS) {
      const answer = await send({ port, path: EXPORT[signal] })
      expect(answer.code).toBe('OK')
      expect(parse('Response', answer.body)).toEqual({
        partialSuccess: { rejected: rejectedCount, errorMessage: message },
      })
    }
  })
})

describe('refusals', () => {
  test.for<[string, OtlpAnswer, object]>([
    [
      'bad data',
      { status: 'bad', reason: 'wrong id' },
      {
        code: 'INVALID_ARGUMENT',
        reason: 'wrong id',
        details: {
          code: 3,
          message: 'wrong id',
          retryAfterS: undefined,
          violations: [{ field: '', description: 'wrong id' }],
        },
      },
    ],
    [
      'what may pass',
      { status: 'retry', reason: 'log full', afterS: 3 },
      {
        code: 'UNAVAILABLE',
        reason: 'log full',
        details: { code: 14, message: 'log full', retryAfterS: 3, violations: undefined },
      },
    ],
    [
      'one sender that is too fast',
      { status: 'limited', reason: 'slower', afterS: 2 },
      { code: 'RESOURCE_EXHAUSTED', reason: 'slower', details: { code: 8, retryAfterS: 2 } },
    ],
    [
      'a reason that no header can hold as it is',
      { status: 'bad', reason: `\u{d800} grüße\r\n${'長'.repeat(9_000)}` },
      { code: 'INVALID_ARGUMENT', reason: `\ufffd grüße\r\n${'長'.repeat(291)}` },
    ],
  ])('%s', async ([, answer, seen]) => {
    const { port, statuses } = await serve({ ingest: async () => answer })
    for (const signal of SIGNALS)
      expect(await send({ port, path: EXPORT[signal], body: 'x' })).toMatchObject(seen)
    expect(new Set(statuses)).toEqual(new Set([(seen as { code: string }).code]))
  })

  test('by token, before the message is looked at', async () => {
    const authorize: OtlpGrpcServerOptions['authorize'] = (header, scope) => {
      if (header === undefined) return { status: 'unauthenticated', reason: 'no token' }
      if (header !== 'Bearer good') return { status: 'forbidden', reason: `lacks ${scope}` }
      return { status: 'ok', actor: 'sender' }
    }
    const { port, received } = await serve({ authorize, limits: { bodyBytesMax: 10 } })
    const body = Buffer.alloc(1_000)
    expect(await send({ port, body })).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'no token',
      details: { code: 16, message: 'no token', retryAfterS: undefined },
    })
    expect(await send({ port, body, token: 'Bearer bad' })).toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'lacks ingest',
      details: { code: 7, message: 'lacks ingest', retryAfterS: undefined },
    })
    expect((await send({ port, token: 'Bearer good' })).code).toBe('OK')
    expect(received).toHaveLength(1)
  })

  test.for([
    '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export',
    '/opentelemetry.proto.collector.trace.v1.TraceService/export',
    '/grpc.health.v1.Health/Check',
    '/v1/traces',
  ])('unknown: %s', async (path) => {
    const { port, received } = await serve()
    expect((await send({ port, path })).code).toBe('UNIMPLEMENTED')
    expect(received).toEqual([])
  })

  test('a fault of ours is never INTERNAL, which would make senders drop', async () => {
    const { port, faults } = await serve({ ingest: () => Promise.reject(new Error('bug')) })
    const answer = await send({ port })
    expect(answer).toMatchObject({ code: 'UNAVAILABLE', details: { retryAfterS: 2 } })
    expect(faults).toEqual([new Error('bug')])
  })

  test('a pipeline that hangs is answered before exporters give up', async () => {
    const { port } = await serve({
      ingest: () => new Promise(() => {}),
      limits: { handleMsMax: 20 },
    })
    expect(await send({ port })).toMatchObject({
      code: 'UNAVAILABLE',
      details: { retryAfterS: 2 },
    })
  })
})

describe('bytes that no library sends', () => {
  test.for([
    ['an unknown coding', 'snappy', frame(1, Buffer.from('x')), '12'],
    ['a broken coding', 'gzip', frame(1, Buffer.from('no gzip')), '3'],
    ['a cut coding', 'gzip', frame(1, gzipSync('hello').subarray(0, 15)), '3'],
    ['two messages', 'identity', Buffer.concat([frame(0, 'a'), frame(0, 'b')]), '12'],
    ['no message', 'identity', Buffer.alloc(0), '12'],
    ['uncompressed in spite of the coding', 'gzip', frame(0, Buffer.from('x')), '0'],
    ['deflate is not expected, and taken', 'deflate', frame(0, Buffer.from('x')), '0'],
  ] as const)('%s', async ([, coding, bytes, code]) => {
    const { port, statuses } = await serve()
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    const stream = session.request({
      ':method': 'POST',
      ':path': EXPORT.traces,
      'content-type': 'application/grpc',
      'grpc-encoding': coding,
      te: 'trailers',
    })
    const headers: Record<string, unknown> = {}
    for (const event of ['response', 'trailers'])
      stream.on(event, (some: object) => Object.assign(headers, some))
    stream.resume().end(bytes)
    await once(stream, 'close')
    session.close()
    expect(headers).toMatchObject({ ':status': 200, 'grpc-status': code })
    expect((await send({ port })).code).toBe('OK')
    expect(statuses).toHaveLength(2)
  })
})

describe('size', () => {
  const limits = { bodyBytesMax: 1_000 }

  test.for([
    ['at the limit', 1_000, 'OK'],
    ['one over', 1_001, 'RESOURCE_EXHAUSTED'],
  ] as const)('%s', async ([, byteCount, code]) => {
    const { port, received } = await serve({ limits })
    const body = Buffer.alloc(byteCount, 65)
    for (const isGzip of [false, true]) {
      const answer = await send({ port, body, isGzip })
      expect(answer.code).toBe(code)
      // With RetryInfo it would be sent again, for ever.
      expect(answer.details?.retryAfterS).toBeUndefined()
    }
    expect(received.map((request: OtlpRequest) => request.body.length)).toEqual(
      code === 'OK' ? [byteCount, byteCount] : [],
    )
  })

  test('a bomb is stopped at the limit', async () => {
    const { port, received } = await serve({ limits: { bodyBytesMax: 100_000 } })
    const answer = await send({ port, body: Buffer.alloc(50_000_000), isGzip: true })
    expect(answer.code).toBe('RESOURCE_EXHAUSTED')
    expect(received).toEqual([])
  })

  test('all messages together are bounded while they come; others go on', async () => {
    const { port, received } = await serve({ limits: { memoryBytesMax: 100_000 } })
    const answer = await send({ port, body: Buffer.alloc(1_000_000) })
    expect(answer).toMatchObject({ code: 'UNAVAILABLE', details: { retryAfterS: 1 } })
    const gzip = await send({ port, body: Buffer.alloc(1_000_000), isGzip: true })
    expect(gzip).toMatchObject({ code: 'UNAVAILABLE', details: { retryAfterS: 1 } })
    for (let i = 0; i < 3; i++)
      expect((await send({ port, body: Buffer.alloc(80_000) })).code).toBe('OK')
    expect(received).toHaveLength(3)
  })
})

/** One message as gRPC frames it. */
function frame(isCompressed: 0 | 1, message: Buffer | string): Buffer {
  const bytes = Buffer.from(message)
  const head = Buffer.from([isCompressed, 0, 0, 0, 0])
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}
