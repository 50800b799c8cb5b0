import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { LineReport, OtlpAnswer } from '../../src/model/otlp.ts'
import { createIngest } from '../../src/receive/ingest.ts'
import { send, serve } from './http-fixture.ts'

const path = '/ingest/ndjson'
const NDJSON = { 'content-type': 'application/x-ndjson' }
const lines: LineReport = {
  acceptedCount: 2,
  refusedCount: 1,
  refused: [{ line: 3, reason: 'not JSON' }],
}
const parsed = ({ body }: { readonly body: Buffer }) => JSON.parse(body.toString()) as unknown

test.for([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/json-lines',
  'Application/JSON; charset=utf-8',
  'text/plain',
])('lines come as %s, and go on as they are', async (type) => {
  const { port, received } = await serve()
  const headers = { 'content-type': type, 'content-encoding': 'gzip' }
  const answer = await send({ port, path, headers, body: gzipSync('{"msg":"a"}\n') })
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json'])
  expect(received).toMatchObject([{ signal: 'logs', encoding: 'ndjson' }])
  expect(Buffer.from(received[0]?.body ?? []).toString()).toBe('{"msg":"a"}\n')
})

test.for<[string, OtlpAnswer, number]>([
  ['some lines', { status: 'ok', rejectedCount: 1, message: '', lines }, 200],
  ['no line', { status: 'bad', reason: 'line 3: not JSON', lines }, 400],
])('the answer says what became of %s', async ([, answer, status]) => {
  const { port } = await serve({ ingest: async () => answer })
  const answered = await send({ port, path, headers: NDJSON, body: 'x' })
  expect(answered.status).toBe(status)
  expect(parsed(answered)).toEqual({
    accepted: 2,
    refused: [{ line: 3, reason: 'not JSON' }],
    refused_count: 1,
  })
})

test.for([
  ['another type', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415],
  ['protobuf', {}, 415],
  [
    'plain text of a web page',
    { headers: { 'content-type': 'text/plain', origin: 'http://a.b' } },
    415,
  ],
  ['GET', { method: 'GET', headers: NDJSON }, 405],
  ['an unknown coding', { headers: { ...NDJSON, 'content-encoding': 'zstd' } }, 400],
  ['too much', { headers: NDJSON, body: 'x'.repeat(1_001) }, 413],
] as const)('%s is refused in JSON', async ([, sent, status]) => {
  const { port, received } = await serve({ limits: { bodyBytesMax: 1_000 } })
  const answer = await send({ port, path, body: 'x', ...sent })
  expect([answer.status, parsed(answer)]).toEqual([
    status,
    expect.objectContaining({ message: expect.stringMatching(/./) }),
  ])
  expect(received).toEqual([])
})

test('it needs the authority to ingest, and is told to wait like any other', async () => {
  const closed = await serve({ authorize: (_, scope) => ({ status: 'forbidden', reason: scope }) })
  const refused = await send({ port: closed.port, path, headers: NDJSON, body: 'x' })
  expect([refused.status, parsed(refused)]).toEqual([403, { code: 7, message: 'ingest' }])
  const full = await serve({
    ingest: async () => ({ status: 'retry', reason: 'log full', afterS: 3 }),
  })
  const later = await send({ port: full.port, path, headers: NDJSON, body: 'x' })
  expect([later.status, later.headers['retry-after']]).toEqual([503, '3'])
})

test('what became of the lines goes through the pipeline with the batch', async () => {
  const batch = {
    ...{ observations: [], withheld: [], itemCount: 2, rejectedCount: 1, rejectedReason: '' },
    ...{ rowCount: 2, byteCount: 1, discard: () => {} },
  }
  const ingest = createIngest({
    nextSeenAt: () => 1n,
    decode: () => ({ status: 'ok', batch: { ...batch, lines } }),
    observe: () => {},
    append: async () => ({ status: 'ok' }),
    events: { decoded: () => {}, withheld: () => {} },
  })
  const request = {
    signal: 'logs',
    encoding: 'ndjson',
    body: new Uint8Array(),
    receivedUnixMs: 0,
  } as const
  expect(await ingest(request)).toMatchObject({ status: 'ok', lines })
})
