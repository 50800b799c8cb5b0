import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPrivateNames } from '../../src/config/private-names.ts'
import type { Decoder, DecoderOptions } from '../../src/decode/decoder.ts'
import { createPrivacyTally } from '../../src/decode/privacy.ts'
import { type Observation, VARYING_KEYS } from '../../src/model/observation.ts'
import { createTestDecoder, decodeOk, NOW_MS } from './decoder-fixture.ts'
import { type LogInput, logs, request, type Value, type Values } from './otlp-builder.ts'

// The contract of `Observation.traits`, of log records: whoever has sorted one has sorted all with its
// traits.

const KEYS = [
  ...['name', 'event', 'severity', 'severity_number', 'service', 'body', 'request_id', 'session'],
  ...['worker', 'router', 'route', 'target', 'role', 'model', 'stage', 'a', 'resource.r'],
  ...['exception.type', 'exception.message', 'k8s.event.reason', 'count'],
]
const hashed = createPrivateNames({ drop: ['a'], hash: ['signalbox.stage'] })
const privacies = [
  {},
  { privacy: { ...hashed, hash: (text: string) => `#${text}`, tally: createPrivacyTally() } },
] as const

const decoderOf = (keys: readonly string[], options: Partial<DecoderOptions> = {}) =>
  createTestDecoder({ keysRead: () => keys, ...options })

const value = fc.constantFrom<Value>('x', 'y', '', 200, true, null, 0.5, ['x'], { map: { k: 'x' } })
const name = fc.constantFrom(
  ...['a', 'count', 'event.name', 'signalbox.stage', 'signalbox.route', 'signalbox.target'],
  ...['session.id', 'signalbox.request.id', 'exception.type', 'exception.message'],
  ...['k8s.event.reason', 'gen_ai.request.model', 'event', 'name', 'severity'],
)
const attributes = fc
  .array(fc.tuple(name, value), { maxLength: 4 })
  .map((pairs): Values => Object.fromEntries(pairs))
const kubernetes = { map: { object: { map: { reason: 'FailedScheduling', type: 'Warning' } } } }
const record: fc.Arbitrary<LogInput> = fc.record({
  atMs: fc.integer({ min: 0, max: 3 }).map((n) => NOW_MS + n),
  body: fc.constantFrom<Value>('', 'one', 'two', 'three', 7, kubernetes),
  severity: fc.constantFrom(0, 9, 10, 17),
  severityText: fc.constantFrom('', 'WARN', 'Error'),
  eventName: fc.constantFrom('', '', 'exception', 'signalbox.quality', 'gen_ai.user.message'),
  traceId: fc.constantFrom('', 'a1'.repeat(16), 'b2'.repeat(16)),
  attributes,
})
const resource = fc.constantFrom<Values>(
  { 'service.name': 'gateway' },
  { 'service.name': 'sd-worker', 'signalbox.target': 'cloud-eu' },
  { 'service.name': 'any', r: 'x' },
)
/** The same records again, most of them a little different. */
const records = fc.array(record, { minLength: 1, maxLength: 3 }).chain((originals) => {
  const changed = fc
    .record({
      original: fc.constantFrom(...originals),
      body: fc.option(fc.constantFrom<Value>('one', 'two', kubernetes)),
      isTurned: fc.boolean(),
      more: fc.option(fc.tuple(name, value)),
    })
    .map(({ original, body, isTurned, more }): LogInput => {
      const pairs = [...Object.entries(original.attributes ?? {}), ...(more ? [more] : [])]
      const own = Object.fromEntries(isTurned ? pairs.reverse() : pairs)
      return { ...original, ...(body !== null && { body }), attributes: own }
    })
  return fc.array(changed, { minLength: 1, maxLength: 12 })
})
const batch = fc.tuple(resource, records)

function observationsOf(decoder: Decoder, [own, all]: readonly [Values, readonly LogInput[]]) {
  const document = logs(own, all)
  return decodeOk(decoder, request('logs', document, { receivedUnixMs: NOW_MS + 10 })).observations
}

/** What rules could tell an observation by. */
const reading = ({ unit, source, field }: Observation) => ({
  ...{ unit, source },
  ...Object.fromEntries(
    KEYS.map((key) => [key, VARYING_KEYS.has(key) ? field(key) !== undefined : field(key)]),
  ),
})
const exactly = ({ unit, source, atUnixMs, field }: Observation) => ({
  ...{ unit, source, atUnixMs },
  values: KEYS.map((key) => field(key)),
})

test.for(privacies)('records with the same traits are alike to rules', (options) => {
  const [decoder, plain] = [decoderOf(KEYS, options), decoderOf([], options)]
  const readings = new WeakMap<object, ReturnType<typeof reading>>()
  const counts = { alone: 0, alike: 0, without: 0 }
  fc.assert(
    fc.property(batch, (given) => {
      const seen = observationsOf(decoder, given)
      // Of those whose keys nobody reads, each is read by itself.
      const read = observationsOf(plain, given)
      for (const [n, { traits }] of seen.entries()) {
        const own = reading(read[n] as Observation)
        const before = traits && readings.get(traits)
        counts[!traits ? 'without' : before ? 'alike' : 'alone']++
        expect(own).toEqual(before ?? own)
        if (traits) readings.set(traits, own)
      }
      expect(seen.map(exactly)).toEqual(read.map(exactly))
    }),
    { numRuns: 250, endOnFailure: true },
  )
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(20)
})

const WORKER = { 'service.name': 'sd-worker' }
const traitsOf = (decoder: Decoder, all: readonly Partial<LogInput>[], own: Values = WORKER) =>
  observationsOf(decoder, [own, all.map((one) => ({ atMs: NOW_MS, ...one }))]).map(
    ({ traits }) => traits,
  )

test('records that differ only in their text and in what no rule asks share their traits', () => {
  const decoder = decoderOf(KEYS)
  const all: Partial<LogInput>[] = [
    { body: 'step 1', severity: 9, attributes: { 'signalbox.stage': 'x', thread: 1 } },
    { body: 'step 22', severity: 9, attributes: { thread: 2, 'signalbox.stage': 'x' } },
  ]
  const [first, ...others] = [...traitsOf(decoder, all), ...traitsOf(decoder, all)]
  expect(first).toBeDefined()
  for (const one of others) expect(one).toBe(first)
})

test.for<[string, Partial<LogInput>]>([
  ['an object for a body', { body: kubernetes }],
  ['a number for a body', { body: 7 }],
  ['a verdict that does not say where', { eventName: 'signalbox.quality' }],
  ['one by its attribute', { attributes: { 'event.name': 'signalbox.quality' } }],
  [
    'one that says only a part of it',
    { eventName: 'signalbox.quality', attributes: { 'signalbox.route': 'preview' } },
  ],
  ['what people typed', { eventName: 'gen_ai.user.message', body: 'a cat' }],
])('%s has none', ([, one]) => {
  expect(traitsOf(decoderOf(KEYS), [one])).toEqual([undefined])
})

test('a verdict about quality that says where its request went has them', () => {
  const place = { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' }
  const [first, second] = [1, 2].map((n) => ({
    ...{
      eventName: 'signalbox.quality',
      attributes: { ...place, 'signalbox.request.id': `r${n}` },
    },
  }))
  const [one, other] = traitsOf(decoderOf(KEYS), [first, second] as Partial<LogInput>[])
  expect(one).toBeDefined()
  expect(other).toBe(one)
})
