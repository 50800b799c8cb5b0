import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { JSON_TYPE } from '../receive/http-fixture.ts'
import { newFolder } from '../scenario/served.ts'
import { paddedTo, readStatus, smallBytes, startServer } from './otlp-fixture.ts'

// Who may send, how much and how fast: the whole server with tokens and limits, over both
// transports in the same words.

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const tokensFile = join(newFolder(), 'tokens.yaml')
writeFileSync(
  tokensFile,
  [
    ...['one', 'two', 'three'].map((name) => ({ name, scopes: '[ingest]' })),
    { name: 'viewer', scopes: '[read]' },
  ]
    .map(
      ({ name, scopes }) =>
        `- { name: ${name}, hash: "sha256:${sha256(name)}", scopes: ${scopes} }\n`,
    )
    .join(''),
)
const server = startServer({
  env: {
    SIGNALBOX_TOKENS_FILE: tokensFile,
    SIGNALBOX_RECEIVE_MAX_BODY_BYTES: '10000',
    // So slow that no test waits for the next one.
    SIGNALBOX_RECEIVE_SENDER_MAX_RPS: '0.01',
  },
})
const withToken = (token: string) => ({ ...JSON_TYPE, authorization: `Bearer ${token}` })

test('without a token: 401 and UNAUTHENTICATED; without the scope: 403 and PERMISSION_DENIED', async () => {
  const none = await server.post({ headers: JSON_TYPE, body: '{}' })
  expect([none.status, none.headers['www-authenticate']]).toEqual([401, 'Bearer'])
  const unknown = await server.post({ headers: withToken('nobody'), body: '{}' })
  const viewer = await server.post({ headers: withToken('viewer'), body: '{}' })
  expect([unknown.status, viewer.status]).toEqual([401, 403])
  const calls = [
    { http: none, rpc: await server.call({}), code: 16, name: 'UNAUTHENTICATED' },
    {
      http: unknown,
      rpc: await server.call({ token: 'Bearer nobody' }),
      code: 16,
      name: 'UNAUTHENTICATED',
    },
    {
      http: viewer,
      rpc: await server.call({ token: 'Bearer viewer' }),
      code: 7,
      name: 'PERMISSION_DENIED',
    },
  ]
  for (const { http, rpc, code, name } of calls) {
    const { message } = readStatus(http.body, 'json')
    expect(readStatus(http.body, 'json')).toEqual({ code, message, violations: [] })
    expect(rpc).toMatchObject({ code: name, reason: message, details: { code, message } })
  }
})

test('the limit of bodies is a setting', async () => {
  const at = await server.post({ headers: { authorization: 'Bearer one' }, body: paddedTo(10_000) })
  expect(at.status).toBe(200)
  const over = await server.post({
    headers: { authorization: 'Bearer one' },
    body: paddedTo(10_001),
  })
  expect([over.status, over.headers['retry-after']]).toEqual([413, undefined])
  const call = await server.call({ token: 'Bearer two', body: paddedTo(10_001) })
  expect(call).toMatchObject({ code: 'RESOURCE_EXHAUSTED', details: { retryAfterS: undefined } })
  const { message } = readStatus(over.body, 'protobuf')
  expect(call.reason).toBe(message)
})

test('a sender above its rate: 429 with Retry-After, RESOURCE_EXHAUSTED with RetryInfo; others go on', async () => {
  // Both spent theirs in the test before.
  const post = await server.post({ headers: withToken('one'), body: '{}' })
  expect([post.status, post.headers['retry-after']]).toEqual([429, '3'])
  const { message } = readStatus(post.body, 'json')
  expect(readStatus(post.body, 'json')).toEqual({ code: 8, message, violations: [] })
  expect(await server.call({ token: 'Bearer one' })).toMatchObject({
    ...{
      code: 'RESOURCE_EXHAUSTED',
      reason: message,
      details: { code: 8, message, retryAfterS: 3 },
    },
  })
  const body = smallBytes('traces', 'three')
  expect((await server.call({ token: 'Bearer three', body })).code).toBe('OK')
})
