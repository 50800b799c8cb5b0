import { once } from 'node:events'
import { connect } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { encode } from '../decode/otlp-builder.ts'
import { EXPORT } from '../receive/grpc-fixture.ts'
import { parse } from '../receive/http-fixture.ts'
import { paddedTo, SIGNALS, small, smallBytes, startServer } from './otlp-fixture.ts'

// OTLP/gRPC against the whole server.

const server = startServer()
const LIMIT = 64 * 2 ** 20

describe('success', () => {
  test.for(SIGNALS)('%s, compressed or not: an empty response', async (signal) => {
    for (const isGzip of [false, true]) {
      const body = smallBytes(signal, `grpc ${isGzip}`)
      const answer = await server.call({ path: EXPORT[signal], body, isGzip })
      expect(answer).toEqual({ code: 'OK', reason: '', body: Buffer.alloc(0) })
    }
  })

  test.for(SIGNALS)('an empty request of %s', async (signal) => {
    expect((await server.call({ path: EXPORT[signal] })).code).toBe('OK')
  })

  test.for(SIGNALS)('partial %s: told how many and why', async (signal) => {
    const body = encode(signal, small(signal, 'old', Date.UTC(1999, 0)), 'protobuf')
    const answer = await server.call({ path: EXPORT[signal], body })
    expect(answer.code).toBe('OK')
    expect(parse('Response', answer.body)).toEqual({
      partialSuccess: { rejected: 1, errorMessage: expect.stringContaining('retention') },
    })
  })

  test('many calls at once over one connection', async () => {
    const bodies = Array.from({ length: 200 }, (_, n) => smallBytes('traces', `many ${n}`))
    const answers = await Promise.all(bodies.map((body) => server.call({ body })))
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['OK']))
  })
})

describe('refusals', () => {
  test.for([
    ['garbage', Buffer.from([0xff, 0xff, 0xff, 0x7b])],
    ['a cut message', smallBytes('traces', 'cut').subarray(0, -1)],
    ['another message', Buffer.from('{"resourceSpans":[]}')],
  ] as const)('%s is INVALID_ARGUMENT with a BadRequest', async ([, body]) => {
    const answer = await server.call({ body })
    expect(answer).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { code: 3, message: answer.reason, retryAfterS: undefined },
    })
    expect(answer.details?.violations).toEqual([{ field: '', description: answer.reason }])
  })

  // The library answers these itself, before any call is made: without a `google.rpc.Status`.
  test.for([
    '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export',
    '/opentelemetry.proto.collector.trace.v1.TraceService/Exports',
    '/opentelemetry.proto.collector.trace.v1.TraceService/export',
  ])('%s is UNIMPLEMENTED', async (path) => {
    const answer = await server.call({ path })
    expect([answer.code, answer.details]).toEqual(['UNIMPLEMENTED', undefined])
    expect(answer.reason).toContain(path)
  })

  test.for([
    ['a broken coding', 'gzip', frame(1, 'no gzip'), '3', 'broken gzip stream'],
    ['a cut coding', 'gzip', frame(1, gzipSync('hello').subarray(0, 15)), '3', 'broken'],
    ['a broken zlib stream', 'deflate', frame(1, 'no zlib'), '3', 'broken deflate stream'],
    ['an unknown coding', 'zstd', frame(1, 'x'), '12', 'unsupported encoding'],
    ['no message', 'identity', Buffer.alloc(0), '12', 'no request message'],
    ['two messages', 'identity', Buffer.concat([frame(0, ''), frame(0, '')]), '12', 'second'],
  ] as const)('%s has details too', async ([, coding, bytes, code, says]) => {
    const headers = await callRaw({ 'grpc-encoding': coding }, bytes)
    expect(headers).toMatchObject({ ':status': 200, 'grpc-status': code })
    expect(decodeURI(headers['grpc-message'] ?? '')).toContain(says)
    const status = parse('Status', Buffer.from(headers['grpc-status-details-bin'] ?? '', 'base64'))
    expect([status.code, status.message]).toEqual([
      Number(code),
      decodeURI(headers['grpc-message'] ?? ''),
    ])
  })

  test('a deadline that cannot be read is the fault of the call, not ours', async () => {
    const headers = await callRaw({ 'grpc-timeout': 'soon' }, frame(0, ''))
    expect(headers['grpc-status']).toBe('3')
  })

  test('another content type is 415, as gRPC over HTTP has it', async () => {
    const headers = await callRaw({ 'content-type': 'application/json' }, frame(0, ''))
    expect(headers[':status']).toBe(415)
  })
})

describe('size, after inflating', () => {
  test.for([
    [LIMIT, 'OK'],
    [LIMIT + 1, 'RESOURCE_EXHAUSTED'],
  ] as const)('%i bytes are %s, compressed or not', async ([byteCount, code]) => {
    const body = paddedTo(byteCount)
    for (const isGzip of [false, true]) {
      const answer = await server.call({ body, isGzip })
      expect(answer.code).toBe(code)
      // With RetryInfo it would be sent again, for ever.
      const details = { code: 8, message: expect.stringContaining(`${LIMIT}`) }
      if (code !== 'OK')
        expect(answer.details).toMatchObject({ ...details, retryAfterS: undefined })
    }
  })

  test('a bomb is stopped at the limit', async () => {
    const answer = await server.call({ body: Buffer.alloc(2 * LIMIT), isGzip: true })
    expect(answer).toMatchObject({ code: 'RESOURCE_EXHAUSTED', details: { code: 8 } })
  })
})

test('every refusal was counted by its cause', async () => {
  const metrics = await (await server.get('/metrics')).text()
  for (const cause of ['coding', 'unreadable', 'too_large'])
    expect(metrics).toMatch(new RegExp(`signalbox_receive_refused_total{cause="${cause}"} [1-9]`))
  expect(metrics).toMatch(/signalbox_receive_requests_total{status="RESOURCE_EXHAUSTED"} 3/)
  expect(metrics).toContain('signalbox_receive_open_requests{transport="grpc"} 0')
  expect(metrics).toContain('signalbox_receive_open_bytes{transport="grpc"} 0')
})

/** Bytes that no library sends. Resolves to the headers and trailers of the answer. */
async function callRaw(more: Record<string, string>, bytes: Buffer) {
  const session = connect(`http://${server.addresses.otlp_grpc}`)
  const stream = session.request({
    ...{ ':method': 'POST', ':path': EXPORT.traces, te: 'trailers' },
    ...{ 'content-type': 'application/grpc', ...more },
  })
  const headers: Record<string, string> & { ':status'?: number } = {} as never
  for (const event of ['response', 'trailers'])
    stream.on(event, (some: object) => Object.assign(headers, some))
  stream.resume().end(bytes)
  await once(stream, 'close')
  session.close()
  return headers
}

/** One message as gRPC frames it. */
function frame(isCompressed: 0 | 1, message: Buffer | string): Buffer {
  const bytes = Buffer.from(message)
  const head = Buffer.from([isCompressed, 0, 0, 0, 0])
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}
