import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PrivacySettings } from '../../src/config/privacy.ts'
import { createPrivateNames } from '../../src/config/private-names.ts'
import type { Decoder } from '../../src/decode/decoder.ts'
import { createPrivacyTally } from '../../src/decode/privacy.ts'
import type { OtlpRequest, Signal } from '../../src/model/otlp.ts'
import { createKeyedHash } from '../../src/receive/keyed-hash.ts'
import {
  createTestDecoder,
  type DecodedRows,
  decodeOk,
  NOW_MS,
  rowsOf,
  sealRows,
} from './decoder-fixture.ts'
import { anyValue, keyValues, logs, request, traces, type Values } from './otlp-builder.ts'

// What is private is in no row, and in nothing that rules or routes see.

type Json = Parameters<typeof request>[1]

const hash = createKeyedHash(Buffer.alloc(32, 7))

function createDecoder(settings: Parameters<typeof PrivacySettings.parse>[0] = {}): Decoder {
  const names = createPrivateNames(PrivacySettings.parse(settings))
  return createTestDecoder({ privacy: { ...names, hash, tally: createPrivacyTally() } })
}

/** One to whom nothing is private. */
function createOpenDecoder(): Decoder {
  const names = { find: () => undefined, isPromptEvent: () => false }
  return createTestDecoder({ privacy: { ...names, hash, tally: createPrivacyTally() } })
}

const ENCODINGS = ['protobuf', 'json'] as const
const SIGNALS = ['traces', 'logs', 'metrics'] as const
const CASES = SIGNALS.flatMap((signal) => ENCODINGS.map((encoding) => [signal, encoding] as const))

const encoded = (signal: Signal, document: Json, encoding: OtlpRequest['encoding'] = 'protobuf') =>
  request(signal, document, { encoding, receivedUnixMs: NOW_MS })
const countsOf = ({ withheld }: Pick<DecodedRows, 'withheld'>) =>
  Object.fromEntries(withheld.map(({ action, reason, count }) => [`${action} ${reason}`, count]))

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
/** What one place with all of them twice is counted as. */
const WITHHELD = { 'drop prompt': 10, 'drop credential': 10, 'drop image': 2 }
const PLAIN: Values = {
  'gen_ai.prompt.name': 'cat-template',
  'exception.message': 'the prompt was too long',
  'signalbox.route': 'preview',
  'signalbox.target': 'cloud-eu',
  'session.id': 's1',
  list: [1, 2.5, true, { map: { 'nested.prompt.tokens': 7 } }],
}

/** A document with these attributes in every place that has any. */
function everywhere(signal: Signal, values: Values): Json {
  const attributes = keyValues(values)
  const resource = {
    attributes: [...keyValues({ 'signalbox.component': 'router' }), ...attributes],
  }
  const scope = { name: 's', attributes }
  const ids = { traceId: 'a1'.repeat(16), spanId: 'b2'.repeat(8) }
  const at = String(BigInt(NOW_MS) * 1_000_000n)
  const point = { timeUnixNano: at, attributes }
  const measured = {
    ...point,
    exemplars: [{ ...ids, timeUnixNano: at, filteredAttributes: attributes }],
  }
  const times = { startTimeUnixNano: at, endTimeUnixNano: at }
  const events = [{ name: 'exception', timeUnixNano: at, attributes }]
  const span = {
    ...ids,
    ...times,
    attributes,
    events,
    links: [{ ...ids, attributes }],
    name: 'got prompt',
  }
  const spans = [
    { ...span, kind: 3, status: { code: 2, message: 'cookie jar full' } },
    { ...span, spanId: 'c3'.repeat(8), kind: 2 },
  ]
  const record = { timeUnixNano: at, attributes, body: anyValue({ map: values }), eventName: 'e' }
  const metrics = [
    { name: 'g', gauge: { dataPoints: [{ ...measured, asDouble: 1 }] } },
    { name: 's', sum: { dataPoints: [{ ...measured, asInt: 1 }] } },
    { name: 'h', histogram: { dataPoints: [measured] } },
    { name: 'e', exponentialHistogram: { dataPoints: [measured] } },
    { name: 'q', summary: { dataPoints: [point] } },
  ]
  switch (signal) {
    case 'traces':
      return { resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] }
    case 'logs':
      return { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: [record] }] }] }
    case 'metrics':
      return { resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics }] }] }
  }
}

/** Resource, scope, and two spans with their event and link; or the body; or points and exemplars. */
const PLACES: Readonly<Record<Signal, number>> = { traces: 8, logs: 4, metrics: 11 }

const OTHER_FIELDS = [
  'body',
  'name',
  'event',
  'content',
  'session',
  'route',
  'nested',
  'request_id',
]

/** Every field that a rule could ask for by a name that occurs here. */
function fieldsOf({ observations }: DecodedRows, values: Values): unknown[] {
  const keys = [...Object.keys({ ...SECRETS, ...values }), ...OTHER_FIELDS]
  const all = keys.flatMap((key) => [key, `resource.${key}`])
  return observations.map(({ unit, field }) => [unit, all.map((key) => [key, field(key) ?? null])])
}

test.for(CASES)('%s, %s: secrets are gone from every place, and counted', ([signal, encoding]) => {
  const withSecrets = { ...PLAIN, ...SECRETS, nested: { map: { deep: [{ map: SECRETS }] } } }
  const without: Values = { ...PLAIN, nested: { map: { deep: [{ map: {} }] } } }
  const document = everywhere(signal, withSecrets)
  expect(JSON.stringify([...readAll(createOpenDecoder(), signal, document)])).toContain('SECRET')
  const decoder = createDecoder()
  // Again, since what is known of senders and of their attributes is kept.
  for (let i = 0; i < 2; i++) {
    const batch = decodeOk(decoder, encoded(signal, document, encoding))
    const expected = decodeOk(createDecoder(), encoded(signal, everywhere(signal, without)))
    expect(JSON.stringify([...batch.rows])).not.toContain('SECRET')
    expect(batch.rows).toEqual(expected.rows)
    expect(JSON.stringify(fieldsOf(batch, withSecrets))).not.toContain('SECRET')
    expect(fieldsOf(batch, withSecrets)).toEqual(fieldsOf(expected, withSecrets))
    expect(batch.observations.length).toBeGreaterThan(0)
    expect(countsOf(batch)).toEqual(
      Object.fromEntries(
        Object.entries(WITHHELD).map(([name, count]) => [name, count * PLACES[signal]]),
      ),
    )
    expect(expected.withheld).toEqual([])
  }
})

const readAll = (decoder: Decoder, signal: Signal, document: Json) =>
  decodeOk(decoder, encoded(signal, document)).rows

test.for(CASES)('%s, %s: rows without secrets are equal with and without privacy', (one) => {
  const [signal, encoding] = one
  const given = encoded(signal, everywhere(signal, PLAIN), encoding)
  const closed = decodeOk(createDecoder({ drop: ['x.own'], hash: ['y.own'] }), given)
  const open = decodeOk(createOpenDecoder(), given)
  expect(closed.rows).toEqual(open.rows)
  expect(fieldsOf(closed, PLAIN)).toEqual(fieldsOf(open, PLAIN))
  expect(closed.withheld).toEqual([])
})

test.for(ENCODINGS)('%s: any attributes decode as if secrets had not come', (encoding) => {
  const [decoder, other] = [createDecoder(), createDecoder()]
  const plainOnes = fc.dictionary(
    fc.string({ minLength: 1 }),
    fc.oneof(fc.string(), fc.integer(), fc.boolean()),
  )
  fc.assert(
    fc.property(
      plainOnes,
      fc.subarray(Object.keys(SECRETS)),
      fc.boolean(),
      (plain, chosen, isFirst) => {
        const secrets = Object.fromEntries(chosen.map((key) => [key, SECRETS[key] ?? '']))
        const mixed = isFirst ? { ...secrets, ...plain } : { ...plain, ...secrets }
        const ids = { traceId: 'a1'.repeat(16), spanId: 'b2'.repeat(8), startMs: NOW_MS }
        const build = (attributes: Values) =>
          encoded('traces', traces({ k: 1, ...attributes }, [{ ...ids, attributes }]), encoding)
        const batch = decodeOk(decoder, build(mixed))
        expect(batch.rows).toEqual(decodeOk(other, build(plain)).rows)
        const count = batch.withheld.reduce((sum, one) => sum + one.count, 0)
        expect(count).toBe(2 * chosen.length)
      },
    ),
  )
})

test('hashes are the same for the same value, in both encodings and in lists', () => {
  const decoder = createDecoder({ hash: ['session.id', 'user.*'], drop: ['x.internal'] })
  const attributes = {
    'session.id': 'anna',
    'user.id': 42,
    'user.score': 2.5,
    'user.names': ['anna', 'bo'],
    'user.map': { map: { first: 'anna' } },
    'result.image_url': 'https://cdn/x.png?sig=1',
    'x.internal': 'SECRET',
    plain: { map: { 'user.id': 42, other: 1 } },
  }
  const expected = {
    'session.id': hash('anna'),
    'user.id': hash('42'),
    'user.score': hash('2.5'),
    'user.names': JSON.stringify([hash('anna'), hash('bo')]),
    'user.map': JSON.stringify({ first: hash('anna') }),
    'result.image_url': hash('https://cdn/x.png?sig=1'),
    plain: JSON.stringify({ other: 1, 'user.id': hash('42') }),
  }
  for (const encoding of ENCODINGS) {
    const one = encoded('traces', traces(attributes, [{ startMs: NOW_MS, attributes }]), encoding)
    const batch = decodeOk(decoder, one)
    expect(rowsOf(batch, 'otel_traces')).toMatchObject([
      { SpanAttributes: expected, ResourceAttributes: expected },
    ])
    const [observation] = batch.observations
    for (const [key, value] of Object.entries({ ...expected, 'x.internal': undefined })) {
      expect(observation?.field(key)).toBe(value)
      expect(observation?.field(`resource.${key}`)).toBe(value)
    }
    // Of the resource and of the span; the resource is counted also where it is known by now.
    expect(countsOf(batch)).toEqual({ 'hash setting': 12, 'hash image': 2, 'drop setting': 2 })
  }
})

test('what requests are read by is hashed too', () => {
  const document = everywhere('traces', { ...PLAIN, 'session.id': 'anna' })
  const batch = decodeOk(createDecoder({ hash: ['session.id'] }), encoded('traces', document))
  for (const table of ['signalbox_attempts', 'signalbox_requests'])
    expect(rowsOf(batch, table)).toMatchObject([{ Session: hash('anna') }])
  for (const { unit, field } of batch.observations)
    expect([unit, field('session')]).toEqual([unit, hash('anna')])
})

test.for(ENCODINGS)('%s: events of what people typed lose their text, and stay', (encoding) => {
  const decoder = createDecoder()
  const content = { content: 'SECRET', role: 'user' }
  const record = { atMs: NOW_MS, body: { map: { content: 'SECRET' } }, attributes: content }
  const document = logs({}, [
    { ...record, eventName: 'gen_ai.user.message' },
    { ...record, body: 'SECRET', attributes: { 'event.name': 'gen_ai.choice', ...content } },
    { atMs: NOW_MS, body: 'stays', eventName: 'other', attributes: { content: 'stays' } },
  ])
  const logged = decodeOk(decoder, encoded('logs', document, encoding))
  expect(rowsOf(logged, 'otel_logs')).toMatchObject([
    { Body: '', LogAttributes: { role: 'user' }, EventName: 'gen_ai.user.message' },
    { Body: '', LogAttributes: { 'event.name': 'gen_ai.choice', role: 'user' } },
    { Body: 'stays', LogAttributes: { content: 'stays' } },
  ])
  expect(JSON.stringify([...logged.rows])).not.toContain('SECRET')
  const seen = logged.observations.map(({ field }) =>
    ['body', 'content', 'role', 'event'].map(field),
  )
  expect(seen).toEqual([
    ['', undefined, 'user', 'gen_ai.user.message'],
    ['', undefined, 'user', 'gen_ai.choice'],
    ['stays', 'stays', undefined, 'other'],
  ])
  expect(countsOf(logged)).toEqual({ 'drop prompt': 4 })
  const events = ['gen_ai.content.prompt', 'gone', 'g'].map((name) => ({
    ...{ name, atMs: NOW_MS, attributes: content },
  }))
  const traced = decodeOk(
    decoder,
    encoded('traces', traces({}, [{ startMs: NOW_MS, events }]), encoding),
  )
  expect(rowsOf(traced, 'otel_traces')).toMatchObject([
    { 'Events.Attributes': [{ role: 'user' }, content, content] },
  ])
  expect(countsOf(traced)).toEqual({ 'drop prompt': 1 })
})

test('in JSON no name hides behind escapes', () => {
  const one = encoded('traces', traces(SECRETS, [{ startMs: NOW_MS, attributes: SECRETS }]), 'json')
  const body = Buffer.from(Buffer.from(one.body).toString().replaceAll('gen_ai', 'g\\u0065n_ai'))
  const { rows } = decodeOk(createDecoder(), { ...one, body })
  expect(JSON.stringify([...rows])).not.toContain('SECRET')
})

test.for(ENCODINGS)('%s: what cannot be read is refused, and nothing of it is kept', (encoding) => {
  const decoder = createDecoder()
  const good = encoded('traces', traces({}, [{ startMs: NOW_MS, attributes: SECRETS }]), encoding)
  for (let cut = 1; cut < good.body.length; cut += 7) {
    const result = decoder.decode({ ...good, body: good.body.subarray(0, -cut) })
    expect(result.status).toBe('bad')
    expect(JSON.stringify(result)).not.toContain('SECRET')
  }
  const plain = decodeOk(decoder, encoded('traces', traces({}, [{ startMs: NOW_MS }]), encoding))
  expect([rowsOf(plain, 'otel_traces').length, plain.withheld]).toEqual([1, []])
})

test('a change of one byte never faults', () => {
  const decoder = createDecoder({ hash: ['list'] })
  const attributes = { ...SECRETS, ...PLAIN }
  const one = encoded('logs', logs(attributes, [{ atMs: NOW_MS, attributes }]))
  fc.assert(
    fc.property(fc.nat(one.body.length - 1), fc.nat(255), (at, byte) => {
      const body = Buffer.from(one.body)
      body[at] = byte
      const result = decoder.decode({ ...one, body })
      expect(['ok', 'bad']).toContain(result.status)
      if (result.status === 'bad') expect(sealRows(decoder).size).toBe(0)
      else for (const { field } of result.batch.observations) field('list')
      sealRows(decoder)
    }),
    { numRuns: 3_000 },
  )
})
