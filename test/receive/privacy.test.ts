import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PrivacySettings } from '../../src/config/privacy.ts'
import type { OtlpRequest, Signal } from '../../src/model/otlp.ts'
import { createKeyedHash, loadHashKey } from '../../src/receive/keyed-hash.ts'
import { createPrivacy } from '../../src/receive/privacy.ts'
import { createTestDecoder, decodeOk, NOW_MS, rowsOf } from '../decode/decoder-fixture.ts'
import { logs, metrics, request, traces, type Values } from '../decode/otlp-builder.ts'

const hash = createKeyedHash(Buffer.alloc(32, 7))

function createCase(settings: Parameters<typeof PrivacySettings.parse>[0] = {}) {
  const counts: Record<string, number> = {}
  const clean = createPrivacy({
    settings: PrivacySettings.parse(settings),
    hash,
    events: {
      withheld: ({ action, reason, count }) => {
        counts[`${action} ${reason}`] = (counts[`${action} ${reason}`] ?? 0) + count
      },
    },
  })
  const cleanOk = (given: OtlpRequest) => {
    const cleaned = clean(given)
    if (cleaned.status === 'bad') throw new Error(cleaned.reason)
    return cleaned.request
  }
  return { clean, cleanOk, counts }
}

const ENCODINGS = ['protobuf', 'json'] as const
type Encoding = (typeof ENCODINGS)[number]
const encoded = (signal: Signal, document: Parameters<typeof request>[1], encoding: Encoding) =>
  request(signal, document, { encoding, receivedUnixMs: NOW_MS })
const textOf = ({ body }: OtlpRequest) => Buffer.from(body).toString('latin1')
const rows = (given: OtlpRequest, table: string) =>
  rowsOf(decodeOk(createTestDecoder(), given), table) as Record<string, never>[]

const SECRETS: Values = {
  'gen_ai.prompt': 'a SECRET cat',
  'gen_ai.prompt.0.content': 'SECRET',
  'gen_ai.input.messages': ['SECRET', { map: { content: 'SECRET' } }],
  'gen_ai.output.messages': 'SECRET',
  'LLM.Prompts.0.Content': 'SECRET',
  'http.request.header.authorization': ['Bearer SECRET'],
  'http.response.header.set-cookie': 'SECRET',
  'X-API-Key': 'SECRET',
  openai_api_key: 'SECRET',
  'db.password': 'SECRET',
  init_image: 'SECRET',
}
const PLAIN: Values = {
  'gen_ai.prompt.name': 'cat-template',
  'exception.message': 'the prompt was too long',
  list: [1, 2.5, true, { map: { 'nested.prompt.tokens': 7 } }],
}

test.for(ENCODINGS)('%s: prompts and credentials are gone from every place', (encoding) => {
  const { cleanOk, counts } = createCase()
  const attributes = { ...SECRETS, ...PLAIN, nested: { map: { deep: [{ map: { ...SECRETS } }] } } }
  const event = { name: 'e', atMs: NOW_MS, attributes }
  const given = [
    encoded(
      'traces',
      traces(attributes, [{ startMs: NOW_MS, attributes, events: [event] }]),
      encoding,
    ),
    encoded(
      'logs',
      logs(attributes, [{ atMs: NOW_MS, body: { map: attributes }, attributes }]),
      encoding,
    ),
    encoded(
      'metrics',
      metrics(attributes, [
        { name: 'm', kind: 'gauge', points: [{ atMs: NOW_MS, value: 1, attributes }] },
        { name: 's', kind: 'sum', points: [{ atMs: NOW_MS, value: 1, attributes }] },
      ]),
      encoding,
    ),
  ]
  for (const one of given) {
    expect(textOf(one)).toContain('SECRET')
    const cleaned = cleanOk(one)
    expect(textOf(cleaned)).not.toContain('SECRET')
    // Everything else is as if the secrets had never been sent.
    const batch = decodeOk(createTestDecoder(), cleaned)
    for (const table of batch.rows.keys())
      expect(JSON.stringify(rowsOf(batch, table))).toContain('cat-template')
  }
  expect(counts['drop credential']).toBeGreaterThan(0)
  expect(counts['drop prompt']).toBeGreaterThan(counts['drop image'] ?? 0)
})

test.for(ENCODINGS)('%s: what is not private stays as it is, byte for byte', (encoding) => {
  const { cleanOk, counts } = createCase()
  const span = { startMs: NOW_MS, name: 'got prompt', attributes: PLAIN, error: 'cookie jar full' }
  const one = encoded('traces', traces({ 'service.name': 'a' }, [span, span]), encoding)
  expect(cleanOk(one).body).toBe(one.body)
  expect(counts).toEqual({})
})

test.for(ENCODINGS)(
  '%s: without private attributes it decodes as if they had not come',
  (encoding) => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }),
          fc.oneof(fc.string(), fc.integer(), fc.boolean()),
        ),
        fc.subarray(Object.keys(SECRETS)),
        (plain, chosen) => {
          const { cleanOk } = createCase()
          const secrets = Object.fromEntries(chosen.map((key) => [key, SECRETS[key] ?? '']))
          const ids = { traceId: 'a1'.repeat(16), spanId: 'b2'.repeat(8), startMs: NOW_MS }
          const build = (attributes: Values) =>
            encoded('traces', traces({ k: 1, ...attributes }, [{ ...ids, attributes }]), encoding)
          const cleaned = cleanOk(build({ ...plain, ...secrets }))
          expect(rows(cleaned, 'otel_traces')).toEqual(rows(cleanOk(build(plain)), 'otel_traces'))
        },
      ),
    )
  },
)

test('hashes are the same for the same value, in both encodings and in lists', () => {
  const { cleanOk, counts } = createCase({ hash: ['session.id', 'user.*'], drop: ['x.internal'] })
  const attributes = {
    'session.id': 'anna',
    'user.id': 42,
    'user.score': 2.5,
    'user.names': ['anna', 'bo'],
    'user.map': { map: { first: 'anna' } },
    'result.image_url': 'https://cdn/x.png?sig=1',
    'x.internal': 'SECRET',
  }
  const found = ENCODINGS.map((encoding) => {
    const one = cleanOk(encoded('traces', traces({}, [{ startMs: NOW_MS, attributes }]), encoding))
    expect(textOf(one)).not.toMatch(/anna|SECRET|cdn/)
    return rows(one, 'otel_traces')[0]?.SpanAttributes
  })
  expect(found[0]).toEqual(found[1])
  expect(found[0]).toEqual({
    'session.id': hash('anna'),
    'user.id': hash('42'),
    'user.score': hash('2.5'),
    'user.names': JSON.stringify([hash('anna'), hash('bo')]),
    'user.map': JSON.stringify({ first: hash('anna') }),
    'result.image_url': hash('https://cdn/x.png?sig=1'),
  })
  expect(counts).toEqual({ 'hash setting': 10, 'hash image': 2, 'drop setting': 2 })
})

test.for(ENCODINGS)('%s: events of what people typed lose their text, and stay', (encoding) => {
  const { cleanOk } = createCase()
  const content = { content: 'SECRET', role: 'user' }
  const record = { atMs: NOW_MS, body: { map: { content: 'SECRET' } } }
  const logged = cleanOk(
    encoded(
      'logs',
      logs({}, [
        { ...record, eventName: 'gen_ai.user.message' },
        { ...record, attributes: { 'event.name': 'gen_ai.choice', ...content } },
        { atMs: NOW_MS, body: 'stays', eventName: 'other' },
      ]),
      encoding,
    ),
  )
  expect(textOf(logged)).not.toContain('SECRET')
  expect(rows(logged, 'otel_logs').map(({ Body }) => Body)).toEqual(['', '', 'stays'])
  const events = [{ name: 'gen_ai.content.prompt', atMs: NOW_MS, attributes: content }]
  const traced = cleanOk(encoded('traces', traces({}, [{ startMs: NOW_MS, events }]), encoding))
  expect(textOf(traced)).not.toContain('SECRET')
  expect(rows(traced, 'otel_traces')[0]?.['Events.Attributes']).toEqual([{ role: 'user' }])
})

const lineRequest = (text: string): OtlpRequest => ({
  ...{ signal: 'logs', encoding: 'ndjson', body: Buffer.from(text), receivedUnixMs: NOW_MS },
})

test('plain lines: private members are gone, the other lines stay as they are', () => {
  const { cleanOk, counts } = createCase({ hash: ['user.id'] })
  const lines = [
    '{"message":"got prompt","id":12345678901234567890}',
    '{"message":"a","prompt":"SECRET","trace":12345678901234567890}',
    '{"message":"b","gen_ai":{"input":{"messages":["SECRET"]}},"Password":"SECRET"}',
    '{"event_name":"gen_ai.user.message","message":"SECRET","user":{"id":42}}',
    '{"prompt":"SECRET',
    'got prompt',
    '{"attributes":{"http.request.header.cookie":"SECRET"},"level":"info"}',
  ]
  const cleaned = Buffer.from(cleanOk(lineRequest(lines.join('\n'))).body)
    .toString()
    .split('\n')
  expect(cleaned).toEqual([
    lines[0],
    '{"message":"a","trace":"12345678901234567890"}',
    '{"message":"b","gen_ai":{"input":{}}}',
    `{"event_name":"gen_ai.user.message","user":{"id":"${hash('42')}"}}`,
    '#',
    '#',
    '{"attributes":{},"level":"info"}',
  ])
  expect(counts).toEqual({ 'drop prompt': 3, 'drop credential': 2, 'hash setting': 1 })
})

test('plain lines: an array, and one object over many lines', () => {
  const { cleanOk } = createCase()
  const list = [{ message: 'a', prompt: 'SECRET' }, { message: 'b' }]
  const cleaned = textOf(cleanOk(lineRequest(JSON.stringify(list))))
  expect(JSON.parse(cleaned)).toEqual([{ message: 'a' }, { message: 'b' }])
  const one = textOf(cleanOk(lineRequest(JSON.stringify(list[0], null, 2))))
  expect(JSON.parse(one)).toEqual({ message: 'a' })
  const untouched = lineRequest('{"message":"a"}\n{"message":"b"}')
  expect(cleanOk(untouched).body).toBe(untouched.body)
})

test('in JSON no name hides behind escapes', () => {
  const { cleanOk } = createCase()
  const one = encoded('traces', traces({}, [{ startMs: NOW_MS, attributes: SECRETS }]), 'json')
  const body = Buffer.from(Buffer.from(one.body).toString().replaceAll('gen_ai', 'g\\u0065n_ai'))
  expect(textOf(cleanOk({ ...one, body }))).not.toContain('SECRET')
})

test('what looks private and cannot be read is refused', () => {
  const { clean } = createCase()
  for (const encoding of ENCODINGS) {
    const one = encoded('traces', traces({}, [{ startMs: NOW_MS, attributes: SECRETS }]), encoding)
    expect(clean({ ...one, body: one.body.subarray(0, -9) }).status).toBe('bad')
  }
})

test('any change of the bytes is cleaned or refused, and never faults', () => {
  const { clean } = createCase({ hash: ['list'] })
  const attributes = { ...SECRETS, ...PLAIN }
  const one = encoded('logs', logs(attributes, [{ atMs: NOW_MS, attributes }]), 'protobuf')
  fc.assert(
    fc.property(fc.nat(one.body.length - 1), fc.nat(255), fc.nat(1), (at, byte, cut) => {
      const body = Buffer.from(one.body.subarray(0, cut === 1 ? at : undefined))
      if (cut === 0) body[at] = byte
      expect(['ok', 'bad']).toContain(clean({ ...one, body }).status)
    }),
    { numRuns: 3_000 },
  )
})

test('the key of an installation is made once, for its owner only', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'signalbox-key-')), 'privacy.key')
  const key = loadHashKey(file)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(Buffer.from(loadHashKey(file)).equals(readFileSync(file))).toBe(true)
  expect(createKeyedHash(key)('anna')).toBe(createKeyedHash(loadHashKey(file))('anna'))
  writeFileSync(file, 'short')
  expect(() => loadHashKey(file)).toThrow(file)
})

test.for(['a*', '**', 'with space', 'a/b/c', 'x"yz'])('%s is no name for the settings', (name) => {
  expect(PrivacySettings.safeParse({ drop: [name] }).success).toBe(false)
})
