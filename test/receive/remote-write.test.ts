import { expect, test } from 'vitest'
import type { OtlpAnswer } from '../../src/model/otlp.ts'
import { encodeWriteRequest, snappy } from '../decode/remote-write-builder.ts'
import { send, serve } from './http-fixture.ts'

const path = '/api/v1/write'
const HEADERS = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
  'user-agent': 'Prometheus/3.5.0',
}
const raw = encodeWriteRequest({ series: [{ labels: { __name__: 'up' }, samples: [] }] })
const body = snappy(raw)

test('a request goes on inflated, and is answered 204 without a body', async () => {
  const { port, received } = await serve()
  const answer = await send({ port, path, headers: HEADERS, body })
  expect([answer.status, answer.body.length]).toEqual([204, 0])
  expect(answer.headers).not.toHaveProperty('content-length')
  expect(received).toMatchObject([{ signal: 'metrics', encoding: 'remote-write' }])
  expect(Buffer.from(received[0]?.body ?? [])).toEqual(raw)
})

test.for<[string, OtlpAnswer, number, string]>([
  ['bad', { status: 'bad', reason: 'not a protobuf message' }, 400, 'not a protobuf message\n'],
  ['retry', { status: 'retry', reason: 'log full', afterS: 2 }, 503, 'log full\n'],
  ['limited', { status: 'limited', reason: 'slow down', afterS: 1 }, 429, 'slow down\n'],
  [
    'partly ok',
    { status: 'ok', rejectedCount: 3, message: 'too old' },
    400,
    '3 samples refused, all others taken: too old\n',
  ],
])('what is %s is answered in plain text', async ([, outcome, status, text]) => {
  const { port } = await serve({ ingest: async () => outcome })
  const answer = await send({ port, path, headers: HEADERS, body })
  expect([answer.status, answer.body.toString()]).toEqual([status, text])
  expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
})

const V2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request'
test.for<[string, Record<string, string>, number]>([
  ['version 2.0', { 'content-type': V2 }, 415],
  ['JSON', { 'content-type': 'application/json' }, 415],
  ['gzip', { 'content-encoding': 'gzip' }, 415],
  ['no compression', { 'content-encoding': '' }, 415],
  ['1.0 by its full name', { 'content-type': `${V2.split('=')[0]}=prometheus.WriteRequest` }, 204],
])('%s is answered', async ([, headers, status]) => {
  const { port } = await serve()
  expect((await send({ port, path, headers: { ...HEADERS, ...headers }, body })).status).toBe(
    status,
  )
})

test('what is no block is refused, and what inflates to too much', async () => {
  const { port, received } = await serve({ limits: { bodyBytesMax: 1_000 } })
  const broken = await send({ port, path, headers: HEADERS, body: Buffer.from('0500aa', 'hex') })
  expect([broken.status, broken.body.toString()]).toEqual([
    400,
    'broken snappy stream: shorter than it says\n',
  ])
  const large = await send({ port, path, headers: HEADERS, body: snappy(Buffer.alloc(1_001)) })
  expect(large.status).toBe(413)
  expect((await send({ port, path, method: 'GET', headers: HEADERS })).status).toBe(405)
  expect(received).toEqual([])
})

test('no other path takes snappy', async () => {
  const { port } = await serve()
  expect((await send({ port, path: '/v1/metrics', headers: HEADERS, body })).status).toBe(400)
})
