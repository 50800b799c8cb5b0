import { hash, randomBytes } from 'node:crypto'
import type { ClientRequest } from 'node:http'
import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { OtlpAnswer, OtlpRequest } from '../../src/model/otlp.ts'
import type { OtlpHttpServerOptions } from '../../src/receive/otlp-http-server.ts'
import { JSON_TYPE, parse, send, serve } from './http-fixture.ts'

describe('success', () => {
  test.for([
    ['/v1/traces', 'traces'],
    ['/v1/logs', 'logs'],
    ['/v1/metrics?x=1', 'metrics'],
  ] as const)('%s takes %s in both encodings', async ([path, signal]) => {
    const { port, received } = await serve()
    const protobufAnswer = await send({ port, path, body: 'abc' })
    expect(protobufAnswer.status).toBe(200)
    expect(protobufAnswer.headers['content-type']).toBe('application/x-protobuf')
    expect(protobufAnswer.body).toHaveLength(0)
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' }
    const jsonAnswer = await send({ port, path, headers, body: '{}' })
    expect(jsonAnswer.headers['content-type']).toBe('application/json')
    expect(jsonAnswer.body.toString()).toBe('{}')
    expect(received.map((request) => [request.signal, request.encoding, text(request)])).toEqual([
      [signal, 'protobuf', 'abc'],
      [signal, 'json', '{}'],
    ])
  })

  test('is told of an empty request too', async () => {
    const { port, received } = await serve()
    expect((await send({ port })).status).toBe(200)
    expect(received[0]?.body).toHaveLength(0)
  })

  test.for([
    ['gzip', gzipSync('hello')],
    ['x-gzip', gzipSync('hello')],
    ['GZIP', gzipSync('hello')],
    ['deflate', deflateSync('hello')],
    ['identity', 'hello'],
  ] as const)('%s bodies are inflated', async ([coding, body]) => {
    const { port, received } = await serve()
    expect((await send({ port, headers: { 'content-encoding': coding }, body })).status).toBe(200)
    expect(received.map(text)).toEqual(['hello'])
  })

  test('a body may come in chunks, without a length', async () => {
    const { port, received } = await serve()
    const stream = (request: ClientRequest) => {
      request.write('one ')
      request.end('two')
    }
    expect((await send({ port, stream })).status).toBe(200)
    expect(received.map(text)).toEqual(['one two'])
  })

  test('large bodies that come at once, over and over, stay apart', async () => {
    const { port, received } = await serve()
    // Random, so that gzip leaves them as long.
    const bodies = Array.from({ length: 24 }, (_, index) => randomBytes(60_000 * (1 + (index % 8))))
    for (const at of [0, 8, 16]) {
      const sent = bodies.slice(at, at + 8).map((body, index) => {
        const isGzip = index % 2 === 1
        const headers: Record<string, string> = isGzip ? { 'content-encoding': 'gzip' } : {}
        return send({ port, headers, body: isGzip ? gzipSync(body) : body })
      })
      for (const { status } of await Promise.all(sent)) expect(status).toBe(200)
    }
    const digests = (all: readonly Uint8Array[]) => all.map((body) => hash('sha1', body)).sort()
    expect(digests(received.map(({ body }) => body))).toEqual(digests(bodies))
  })

  test('may be partial, and may carry a warning', async () => {
    let answer: OtlpAnswer = { status: 'ok', rejectedCount: 3, message: 'too old' }
    const { port } = await serve({ ingest: async () => answer })
    expect(parse('Response', (await send({ port })).body)).toEqual({
      partialSuccess: { rejected: 3, errorMessage: 'too old' },
    })
    for (const [path, name] of [
      ['/v1/traces', 'rejectedSpans'],
      ['/v1/logs', 'rejectedLogRecords'],
      ['/v1/metrics', 'rejectedDataPoints'],
    ] as const) {
      const { body, status } = await send({ port, path, headers: JSON_TYPE, body: '{}' })
      const partialSuccess = { [name]: '3', errorMessage: 'too old' }
      expect([status, JSON.parse(body.toString())]).toEqual([200, { partialSuccess }])
    }
    answer = { status: 'ok', rejectedCount: 0, message: 'your clock is late' }
    expect(parse('Response', (await send({ port })).body)).toEqual({
      partialSuccess: { rejected: 0, errorMessage: 'your clock is late' },
    })
  })
})

describe('refusals', () => {
  const authorize: OtlpHttpServerOptions['authorize'] = (header, scope) => {
    if (header === undefined) return { status: 'unauthenticated', reason: 'no token' }
    if (header !== 'Bearer good') return { status: 'forbidden', reason: `lacks ${scope}` }
    return { status: 'ok', actor: 'sender' }
  }

  test.for([
    ['an unknown path', { path: '/v1/profiles' }, 404, 12],
    ['a path that goes on', { path: '/v1/traces/' }, 404, 12],
    ['GET', { method: 'GET' }, 405, 12],
    ['OPTIONS: no CORS', { method: 'OPTIONS' }, 405, 12],
    ['an unknown coding', { headers: { 'content-encoding': 'snappy' } }, 400, 3],
    ['a broken coding', { headers: { 'content-encoding': 'gzip' }, body: 'no gzip' }, 400, 3],
    [
      'a cut coding',
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync('x').subarray(0, 15) },
      400,
      3,
    ],
  ] as const)('%s', async ([, sent, status, code]) => {
    const { port, received, statuses } = await serve()
    const answer = await send({ port, ...sent })
    expect(answer.status).toBe(status)
    expect(parse('Status', answer.body)).toMatchObject({
      code,
      message: expect.stringMatching(/./),
    })
    expect([received, statuses]).toEqual([[], [status]])
  })

  test.for(['text/plain', '', 'application/json2'])('Content-Type "%s"', async (type) => {
    const { port } = await serve()
    const answer = await send({ port, headers: { 'content-type': type }, body: 'x' })
    expect(answer.status).toBe(415)
    expect(answer.body.toString()).toContain('application/x-protobuf or application/json')
  })

  test('401 and 403 by token, before the body is looked at', async () => {
    const { port, received } = await serve({ authorize })
    const none = await send({ port, headers: JSON_TYPE, body: '{' })
    expect([none.status, none.headers['www-authenticate']]).toEqual([401, 'Bearer'])
    expect(JSON.parse(none.body.toString())).toEqual({ code: 16, message: 'no token' })
    const bad = await send({ port, headers: { authorization: 'Bearer bad' } })
    expect(parse('Status', bad.body)).toMatchObject({ code: 7, message: 'lacks ingest' })
    expect((await send({ port, headers: { authorization: 'Bearer good' } })).status).toBe(200)
    expect(received).toHaveLength(1)
  })

  test('what the pipeline finds bad is 400 with a BadRequest detail, in the request type', async () => {
    const { port } = await serve({ ingest: async () => ({ status: 'bad', reason: 'wrong id' }) })
    const json = await send({ port, headers: JSON_TYPE, body: '{}' })
    const type = 'type.googleapis.com/google.rpc.BadRequest'
    expect([json.status, JSON.parse(json.body.toString())]).toEqual([
      400,
      {
        code: 3,
        message: 'wrong id',
        details: [{ '@type': type, fieldViolations: [{ description: 'wrong id' }] }],
      },
    ])
    const answer = parse('Status', (await send({ port })).body)
    expect(answer).toMatchObject({ code: 3, message: 'wrong id', details: [{ typeUrl: type }] })
  })

  test('what may pass is 503 with Retry-After, never 500', async () => {
    const { port } = await serve({
      ingest: async () => ({ status: 'retry', reason: 'log full', afterS: 3 }),
    })
    const answer = await send({ port })
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '3'])
    expect(parse('Status', answer.body)).toMatchObject({ code: 14, message: 'log full' })
    const fast = await serve({
      ingest: async () => ({ status: 'limited', reason: 'slower', afterS: 2 }),
    })
    const limited = await send({ port: fast.port })
    expect([limited.status, limited.headers['retry-after']]).toEqual([429, '2'])
    expect(parse('Status', limited.body)).toMatchObject({ code: 8, message: 'slower' })
    const broken = await serve({ ingest: () => Promise.reject(new Error('bug')) })
    const faulted = await send({ port: broken.port })
    expect([faulted.status, faulted.headers['retry-after']]).toEqual([503, '2'])
    expect(broken.faults).toEqual([new Error('bug')])
  })

  test('a pipeline that hangs is answered before exporters give up', async () => {
    const { port } = await serve({
      ingest: () => new Promise(() => {}),
      limits: { handleMsMax: 20 },
    })
    expect((await send({ port })).status).toBe(503)
  })
})

describe('size', () => {
  const limits = { bodyBytesMax: 1_000 }

  test.for([
    ['at the limit', 1_000, 200],
    ['one over', 1_001, 413],
  ] as const)('%s', async ([, byteCount, status]) => {
    const { port } = await serve({ limits })
    const body = Buffer.alloc(byteCount, 65)
    expect((await send({ port, body })).status).toBe(status)
    const gzip = { 'content-encoding': 'gzip' }
    expect((await send({ port, headers: gzip, body: gzipSync(body) })).status).toBe(status)
    expect((await send({ port, stream: (request) => request.end(body) })).status).toBe(status)
  })

  test('a stream without end is cut off while it comes, and told why', async () => {
    const { port, received } = await serve({ limits })
    const answer = await send({
      port,
      headers: JSON_TYPE,
      stream: (request) => {
        const pour = () => {
          while (!request.destroyed && request.write(Buffer.alloc(600)));
        }
        request.on('drain', pour)
        pour()
      },
    })
    expect(answer.status).toBe(413)
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 8 })
    expect(received).toEqual([])
  })

  test('a bomb is stopped at the limit', async () => {
    const { port } = await serve({ limits: { bodyBytesMax: 100_000 } })
    const body = gzipSync(Buffer.alloc(50_000_000))
    expect(body.length).toBeLessThan(100_000)
    const before = process.memoryUsage().arrayBuffers
    const answer = await send({ port, headers: { 'content-encoding': 'gzip' }, body })
    expect(answer.status).toBe(413)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000)
  })

  test('all bodies together are bounded; others go on', async () => {
    const { port } = await serve({ limits: { ...limits, memoryBytesMax: 900 } })
    const answer = await send({ port, body: Buffer.alloc(1_000) })
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
    expect((await send({ port, body: Buffer.alloc(800) })).status).toBe(200)
    expect((await send({ port, body: Buffer.alloc(800) })).status).toBe(200)
  })
})

function text({ body }: OtlpRequest): string {
  return Buffer.from(body).toString()
}
