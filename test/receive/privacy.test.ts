import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PrivacySettings } from '../../src/config/privacy.ts'
import { createPrivateNames } from '../../src/config/private-names.ts'
import { createPrivacyTally } from '../../src/decode/privacy.ts'
import type { Row } from '../../src/model/batch.ts'
import type { Observation } from '../../src/model/observation.ts'
import type { OtlpRequest } from '../../src/model/otlp.ts'
import type { WithheldCount } from '../../src/model/withheld.ts'
import { createDoor } from '../../src/receive/door.ts'
import { createKeyedHash, loadHashKey, openKeyedHash } from '../../src/receive/keyed-hash.ts'
import { createPrivacy } from '../../src/receive/privacy.ts'
import { createTestDecoder, NOW_MS, sealRows } from '../decode/decoder-fixture.ts'

// Plain lines, which are cleaned before they are read, and the key of all hashes.
// What becomes of OTLP is in test/decode/privacy.test.ts.

const hash = createKeyedHash(Buffer.alloc(32, 7))

const lineRequest = (text: string): OtlpRequest => ({
  ...{ signal: 'logs', encoding: 'ndjson', body: Buffer.from(text), receivedUnixMs: NOW_MS },
})
const textOf = ({ body }: OtlpRequest) => Buffer.from(body).toString()

function createCase(settings: Parameters<typeof PrivacySettings.parse>[0] = {}) {
  const names = createPrivateNames(PrivacySettings.parse(settings))
  const counts: Record<string, number> = {}
  const withheld = ({ action, reason, count }: WithheldCount) => {
    counts[`${action} ${reason}`] = (counts[`${action} ${reason}`] ?? 0) + count
  }
  const clean = createPrivacy({ names, hash, withheld })
  return { names, clean, counts, withheld }
}

/** The way of a request, with nothing behind it but a record of what came through. */
function createWay(settings: Parameters<typeof PrivacySettings.parse>[0] = {}) {
  const { names, counts, withheld } = createCase(settings)
  const decoder = createTestDecoder({ privacy: { ...names, hash, tally: createPrivacyTally() } })
  const rows: Row[] = []
  const observations: Observation[] = []
  const door = createDoor({
    nextSeenAt: () => 1n,
    ...{ names, hash, taken: [], decode: decoder.decode },
    observe: (batch) => void observations.push(...batch.observations),
    append: async () => {
      rows.push(...(sealRows(decoder).get('otel_logs') ?? []))
      return { status: 'ok' }
    },
    events: { withheld, decoded: () => {}, repeated: () => {}, forgotten: () => {} },
  })
  return { door, rows, observations, counts }
}

test('plain lines: private members are gone, the other lines stay as they are', () => {
  const { clean, counts } = createCase({ hash: ['user.id'] })
  const lines = [
    '{"message":"got prompt","id":12345678901234567890}',
    '{"message":"a","prompt":"SECRET","trace":12345678901234567890}',
    '{"message":"b","gen_ai":{"input":{"messages":["SECRET"]}},"Password":"SECRET"}',
    '{"event_name":"gen_ai.user.message","message":"SECRET","user":{"id":42}}',
    '{"prompt":"SECRET',
    'got prompt',
    '{"attributes":{"http.request.header.cookie":"SECRET"},"level":"info"}',
  ]
  expect(textOf(clean(lineRequest(lines.join('\n')))).split('\n')).toEqual([
    lines[0],
    '{"message":"a","trace":"12345678901234567890"}',
    '{"message":"b","gen_ai":{"input":{}}}',
    `{"event_name":"gen_ai.user.message","user":{"id":"${hash('42')}"}}`,
    // Those are refused when they are read, and so go nowhere.
    lines[4],
    lines[5],
    '{"attributes":{},"level":"info"}',
  ])
  expect(counts).toEqual({ 'drop prompt': 3, 'drop credential': 2, 'hash setting': 1 })
})

test('plain lines: an array, and one object over many lines', () => {
  const { clean } = createCase()
  const list = [{ message: 'a', prompt: 'SECRET' }, { message: 'b' }]
  const cleaned = textOf(clean(lineRequest(JSON.stringify(list))))
  expect(JSON.parse(cleaned)).toEqual([{ message: 'a' }, { message: 'b' }])
  const one = textOf(clean(lineRequest(JSON.stringify(list[0], null, 2))))
  expect(JSON.parse(one)).toEqual({ message: 'a' })
  const untouched = lineRequest('{"message":"a"}\n{"message":"b"}')
  expect(clean(untouched).body).toBe(untouched.body)
})

test('OTLP goes on as it came: its decoder leaves out what is private', () => {
  const { clean } = createCase()
  for (const encoding of ['json', 'protobuf'] as const) {
    const request = { ...lineRequest('{"prompt":"a"}'), encoding }
    expect(clean(request)).toBe(request)
  }
})

test.for<[string, string]>([
  ['cut off', '{"prompt":"SECRET'],
  ['no JSON', '{"prompt":SECRET}'],
  ['no object', '"SECRET"'],
  ['text', 'SECRET at position 5'],
  ['nested too deeply', `{"prompt":"a","x":${'['.repeat(300)}"SECRET"${']'.repeat(300)}}`],
])('a line that is %s is refused, and its text appears nowhere', async ([, line]) => {
  const { door, rows, observations } = createWay()
  for (const body of [line, `{"message":"kept"}\n${line}`, `${line}\n{"message":"kept"}`]) {
    const answer = await door(lineRequest(body))
    const isMixed = body !== line
    expect(answer).toMatchObject({
      status: isMixed ? 'ok' : 'bad',
      lines: { acceptedCount: isMixed ? 1 : 0, refusedCount: 1 },
    })
    expect(JSON.stringify(answer)).not.toContain('SECRET')
  }
  expect(rows.map(({ Body }) => Body)).toEqual(['kept', 'kept'])
  expect(observations.map(({ field }) => field('body'))).toEqual(['kept', 'kept'])
})

test('plain lines are hashed, and counted, once', async () => {
  const { door, rows, observations, counts } = createWay({ hash: ['user.id'], drop: ['x.own'] })
  await door(
    lineRequest('{"message":"a","user":{"id":42},"prompt":"SECRET","x":{"own":"SECRET"},"y":1}'),
  )
  expect(rows.map(({ LogAttributes }) => LogAttributes)).toEqual([
    { 'user.id': hash('42'), y: '1' },
  ])
  expect(observations.map(({ field }) => field('user.id'))).toEqual([hash('42')])
  expect(counts).toEqual({ 'drop prompt': 1, 'drop setting': 1, 'hash setting': 1 })
})

test('a hash is 128 bits of its text and key, and its own hash', () => {
  expect(hash('anna')).toMatch(/^hmac:[0-9a-f]{32}$/)
  expect(hash('anna')).not.toBe(hash('bo'))
  expect(hash('anna')).not.toBe(createKeyedHash(Buffer.alloc(32, 8))('anna'))
  expect(hash(hash('anna'))).toBe(hash('anna'))
  for (const text of ['hmac:', ` ${hash('anna')}`, hash('anna').toUpperCase()])
    expect(hash(text)).not.toBe(text)
})

test('the key of an installation is made once, for its owner only', () => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-key-'))
  const file = join(dir, 'privacy.key')
  const own = openKeyedHash(dir)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(Buffer.from(loadHashKey(file)).equals(readFileSync(file))).toBe(true)
  expect(openKeyedHash(dir)('anna')).toBe(own('anna'))
  expect(createKeyedHash(loadHashKey(file))('anna')).toBe(own('anna'))
  writeFileSync(file, 'short')
  expect(() => openKeyedHash(dir)).toThrow(file)
})

test.for(['a*', '**', 'with space', 'a/b/c', 'x"yz'])('%s is no name for the settings', (name) => {
  expect(PrivacySettings.safeParse({ drop: [name] }).success).toBe(false)
})
