import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMeanings } from '../../src/config/meanings.ts'
import { createPrivateNames } from '../../src/config/private-names.ts'
import { createTopology, type Topology } from '../../src/config/topology.ts'
import type { Decoder, DecoderOptions } from '../../src/decode/decoder.ts'
import { createPrivacyTally } from '../../src/decode/privacy.ts'
import { type Observation, VARYING_KEYS } from '../../src/model/observation.ts'
import type { OtlpRequest } from '../../src/model/otlp.ts'
import { createTestDecoder, NOW_MS } from './decoder-fixture.ts'
import { request, type SpanInput, traces, type Value, type Values } from './otlp-builder.ts'

// The contract of `Observation.traits`: whoever has sorted one observation has sorted all with its
// traits.

const KEYS = [
  ...[
    'name',
    'kind',
    'status',
    'status_message',
    'service',
    'event',
    'duration',
    'worker',
    'router',
  ],
  ...['route', 'target', 'role', 'outcome', 'generation', 'stage', 'model', 'variant', 'session'],
  ...['request_id', 'cost', 'attempt_count', 'error.type', 'http.response.status_code', 'images'],
  ...['exception.type', 'exception.message', 'exception.stacktrace', 'a', 'body', 'resource.r'],
]

const hashed = createPrivateNames({ drop: ['a'], hash: ['signalbox.stage'] })
const privacies = [
  {},
  { privacy: { ...hashed, hash: (text: string) => `#${text}`, tally: createPrivacyTally() } },
] as const

const decoderOf = (options: Partial<DecoderOptions> = {}) => {
  const keys = [...KEYS]
  return createTestDecoder({ keysRead: () => keys, ...options })
}

/** Few enough of each that spans are often alike. */
const value = fc.oneof(
  fc.constantFrom<Value>('x', 'y', '', 200, 503, true, null, 0.5, ['x'], { map: { k: 'x' } }),
  fc.constantFrom<Value>(new Uint8Array(0), new Uint8Array([1]), -1, 1e9),
)
const name = fc.constantFrom(
  ...['a', 'b', 'body', 'http.status_code', 'http.response.status_code', 'error.type'],
  ...['signalbox.stage', 'signalbox.route', 'http.route', 'signalbox.target', 'server.address'],
  ...['user.id', 'session.id', 'signalbox.request.id', 'signalbox.cost.gpu_seconds'],
  ...['service.version', 'exception.type', 'exception.message', 'gen_ai.request.model', 'event'],
)
const known = fc.constantFrom<readonly [string, Value]>(
  ['signalbox.route', 'preview'],
  ['signalbox.target', 'cloud-eu'],
  ['signalbox.target', 'edge-local'],
  ['signalbox.stage', 'encode'],
)
const attributes = fc
  .array(fc.oneof(fc.tuple(name, value), known), { maxLength: 6 })
  .map((pairs): Values => Object.fromEntries(pairs))
const text = fc.constantFrom('', 'x', 'y')
const event = fc.record({
  name: fc.constantFrom('exception', 'other', 'another'),
  attributes: fc.dictionary(
    fc.constantFrom('exception.type', 'exception.message', 'exception.stacktrace', 'a'),
    text,
    { maxKeys: 2 },
  ),
})
const id = (bytes: number) =>
  fc.oneof(
    fc.constant(''),
    fc.integer({ min: 1, max: 9_999 }).map((n) => String(n).padStart(bytes * 2, '0')),
  )
const span: fc.Arbitrary<SpanInput> = fc
  .record({
    traceId: id(16),
    spanId: id(8),
    parentSpanId: id(8),
    traceState: fc.constantFrom('', 'ot=th:8'),
    name: fc.constantFrom('', 'one', 'two'),
    kind: fc.constantFrom('internal', 'server', 'client'),
    startMs: fc.integer({ min: 0, max: 3 }).map((n) => NOW_MS + n),
    durationMs: fc.integer({ min: 0, max: 3 }),
    attributes,
    error: fc.constantFrom<SpanInput['error'] | null>(null, true, 'bad'),
    events: fc.array(event, { maxLength: 2 }),
  })
  .map(({ error, events, ...rest }) => ({
    ...rest,
    ...(error !== null && { error }),
    events: events.map((one) => ({ ...one, atMs: NOW_MS })),
  })) as fc.Arbitrary<SpanInput>
/** Of a router: a request, or an attempt. */
const served = fc.tuple(span, fc.constantFrom('server', 'client')).map(
  ([own, kind]): SpanInput => ({
    ...{ ...own, kind },
    attributes: {
      ...{ 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' },
      ...own.attributes,
    },
  }),
)
const resource = fc.constantFrom<Values>(
  ...Array.from({ length: 3 }, () => ({ 'service.name': 'gateway' })),
  { 'service.name': 'sd-worker', 'signalbox.target': 'cloud-eu' },
  { 'service.name': 'any' },
  { 'service.name': 'any', 'service.version': 'v2' },
  { 'signalbox.component': 'router', r: 'x' },
  { 'service.name': 'any', long: 'x'.repeat(9_000) },
)
/** The same spans again, most of them a little different. */
const spans = fc
  .array(fc.oneof(span, served), { minLength: 1, maxLength: 3 })
  .chain((originals) => {
    const changed = fc
      .record({
        original: fc.constantFrom(...originals),
        ids: fc.record({ traceId: id(16), spanId: id(8) }),
        durationMs: fc.integer({ min: 0, max: 3 }),
        isTurned: fc.boolean(),
        more: fc.option(fc.tuple(name, value)),
      })
      .map(({ original, ids, durationMs, isTurned, more }): SpanInput => {
        const pairs = [...Object.entries(original.attributes ?? {}), ...(more ? [more] : [])]
        const attributes = Object.fromEntries(isTurned ? pairs.reverse() : pairs)
        return { ...original, ...ids, durationMs, attributes }
      })
    return fc.array(changed, { minLength: 1, maxLength: 12 })
  })
const batch = fc.array(fc.tuple(resource, spans), { minLength: 1, maxLength: 3 })

/** Without reading the rows back. */
function observationsOf(decoder: Decoder, body: OtlpRequest): readonly Observation[] {
  const result = decoder.decode(body)
  if (result.status === 'bad') throw new Error(result.reason)
  return result.batch.observations
}

/** What rules could tell an observation by. */
const reading = ({ unit, source, field }: Observation) => ({
  ...{ unit, source },
  ...Object.fromEntries(
    KEYS.map((key) => [key, VARYING_KEYS.has(key) ? field(key) !== undefined : field(key)]),
  ),
})

const bodyOf = (parts: readonly (readonly [Values, readonly SpanInput[]])[]) =>
  request(
    'traces',
    {
      resourceSpans: parts.flatMap(
        ([own, spans]) => traces(own, spans).resourceSpans as readonly unknown[],
      ),
    },
    { receivedUnixMs: NOW_MS + 10 },
  )

test.for(privacies)('observations with the same traits are alike to rules', (options) => {
  const [decoder, plain] = [decoderOf(options), decoderOf({ ...options, keysRead: () => [] })]
  // Held by the decoder, too, as long as it is the same one.
  const readings = new WeakMap<object, ReturnType<typeof reading>>()
  const counts = { alone: 0, span: 0, attempt: 0, request: 0 }
  fc.assert(
    fc.property(batch, (parts) => {
      const body = bodyOf(parts)
      const seen = observationsOf(decoder, body)
      const read = observationsOf(plain, body)
      // Of those without traits, since those with remember what the first of them answered.
      for (const [n, { traits, unit }] of seen.entries()) {
        if (traits === undefined || !read[n]) continue
        const own = reading(read[n])
        const before = readings.get(traits)
        counts[before ? (unit as 'span' | 'attempt' | 'request') : 'alone']++
        expect(own).toEqual(before ?? own)
        readings.set(traits, own)
      }
      expect(seen.map(exactly)).toEqual(read.map(exactly))
    }),
    { numRuns: 250 },
  )
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(20)
})

const exactly = ({ unit, source, atUnixMs, startUnixMs, weight, once, field }: Observation) => ({
  ...{ unit, source, atUnixMs, startUnixMs, weight, once },
  values: KEYS.map((key) => field(key)),
})

/** The same array each time: another one would start anew. */
const constant = (keys: readonly string[]) => () => keys
const WORKER = { 'service.name': 'sd-worker' }
const traitsOf = (
  decoder: ReturnType<typeof decoderOf>,
  spans: readonly Partial<SpanInput>[],
  own: Values = WORKER,
) => {
  const all = spans.map((one, n) => ({ startMs: NOW_MS + n, ...one }))
  return observationsOf(decoder, bodyOf([[own, all]])).map(({ traits }) => traits)
}

test('spans that differ only in what no rule tells them by share their traits', () => {
  const decoder = decoderOf()
  const spans: Partial<SpanInput>[] = [
    { attributes: { 'signalbox.stage': 'encode', 'user.id': 'u1', other: 1 } },
    { attributes: { other: 2, 'user.id': 'u2', 'signalbox.stage': 'encode' }, durationMs: 7 },
    { attributes: { 'signalbox.stage': 'encode', 'user.id': 'u3' }, links: [] },
  ]
  const [first, ...others] = [...traitsOf(decoder, spans), ...traitsOf(decoder, spans)]
  expect(first).toBeDefined()
  for (const one of others) expect(one).toBe(first)
  const [another] = traitsOf(decoder, [{ attributes: { 'signalbox.stage': 'x', 'user.id': 'u1' } }])
  const [without] = traitsOf(decoder, [{ attributes: { 'signalbox.stage': 'encode' } }])
  const [sender] = traitsOf(decoder, spans.slice(0, 1), { ...WORKER, r: 1 })
  expect(new Set([first, another, without, sender]).size).toBe(4)
})

test('how many tokens an attempt took tells none apart', () => {
  const key = 'gen_ai.usage.input_tokens'
  const decoder = createTestDecoder({ keysRead: constant([key]) })
  const spans = [{ [key]: 7 }, { [key]: 8 }, {}].map((attributes) => ({ attributes }))
  const [one, other, without] = traitsOf(decoder, spans)
  expect(one).toBe(other)
  expect(one).not.toBe(without)
})

test('names of spans and events tell them apart only where a rule reads them', () => {
  const spans = ['one', 'two'].map((own) => ({ name: own, events: [{ name: own, atMs: NOW_MS }] }))
  const countOf = (...keys: readonly string[]) =>
    new Set(traitsOf(decoderOf({ keysRead: () => keys }), spans)).size
  const keys = [['status'], ['status', 'name'], ['status', 'event']]
  expect(keys.map((one) => countOf(...one))).toEqual([1, 2, 2])
})

test('a key that no rule reads is read anew, and one that is read only once', () => {
  const decoder = decoderOf()
  const bodies = [1, 2].map((n) => bodyOf([[WORKER, [{ startMs: NOW_MS, attributes: { n } }]]]))
  const seen = bodies.map((body) => observationsOf(decoder, body)[0])
  expect(seen[0]?.traits).toBe(seen[1]?.traits)
  expect(seen.map((one) => one?.field('n'))).toEqual([1, 2])
})

test('another topology and other keys give other traits', () => {
  const topologyOf = (primary: string) =>
    createTopology({
      routes: [{ route: 'preview', primary, fallbacks: [] }],
    } as unknown as Parameters<typeof createTopology>[0])
  let topology: Topology = topologyOf('cloud-eu')
  let keys = ['role', 'target']
  const decoder = createTestDecoder({ topology: () => topology, keysRead: () => keys })
  const attributes = { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' }
  const attempt = { kind: 'client', attributes, startMs: NOW_MS } as const
  const seen = () => {
    const all = observationsOf(decoder, bodyOf([[{ 'service.name': 'gateway' }, [attempt]]]))
    const one = all.find(({ unit }) => unit === 'attempt')
    return { traits: one?.traits, role: one?.field('role') }
  }
  const before = seen()
  expect(before.role).toBe('primary')
  expect(seen().traits).toBe(before.traits)
  topology = topologyOf('edge-local')
  const after = seen()
  expect(after.role).toBe('unlisted')
  expect(after.traits).not.toBe(before.traits)
  keys = ['role', 'target', 'name']
  expect(seen().traits).not.toBe(after.traits)
})

test('a span, the attempt and the request that it is have traits of their own', () => {
  const keys = ['route']
  const attributes = { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' }
  const span = { kind: 'server', attributes, startMs: NOW_MS } as const
  const body = bodyOf([[{ 'service.name': 'gateway' }, [span, { ...span, attributes: {} }]]])
  const seen = observationsOf(createTestDecoder({ keysRead: () => keys }), body)
  expect(seen.map(({ unit }) => unit)).toEqual(['span', 'attempt', 'request', 'span'])
  for (const { traits } of seen) expect(traits).toBeDefined()
  expect(new Set(seen.map(({ traits }) => traits)).size).toBe(4)
})

test('a sender that turns out to be a router in the same request has no traits until the next', () => {
  const decoder = decoderOf()
  const own = { 'service.name': 'shy' }
  const spans = [{ attributes: { a: 1 } }, { attributes: { 'signalbox.route': 'preview' } }]
  const traitsSeen = () => {
    const document = bodyOf([[own, spans.map((one) => ({ startMs: NOW_MS, ...one }))]])
    return observationsOf(decoder, document).map(({ source, traits }) => ({
      component: source.component,
      has: traits !== undefined,
    }))
  }
  for (const one of traitsSeen()) expect(one).toEqual({ component: 'router', has: false })
  for (const one of traitsSeen()) expect(one).toEqual({ component: 'router', has: true })
})

test('there are bounded many: beyond them they start anew, and hold all the same', () => {
  const decoder = decoderOf()
  const many = (from: number) =>
    Array.from({ length: 12_000 }, (_, n) => ({ attributes: { a: from + n } }))
  const first = traitsOf(decoder, [{ attributes: { a: 0 } }])[0]
  expect(traitsOf(decoder, [{ attributes: { a: 0 } }])[0]).toBe(first)
  for (const from of [0, 12_000]) expect(new Set(traitsOf(decoder, many(from))).size).toBe(12_000)
  expect(traitsOf(decoder, [{ attributes: { a: 0 } }])[0]).not.toBe(first)
})

test('meanings of the settings are what counts', () => {
  const meanings = createMeanings({ telemetry: { attributes: { stage: ['phase', 'step'] } } })
  const decoder = createTestDecoder({ meanings, keysRead: () => ['stage'] })
  const spans = [{ phase: 'x' }, { step: 'x' }, { 'signalbox.stage': 'x' }]
  const seen = spans.map((attributes) => {
    const [one] = observationsOf(decoder, bodyOf([[WORKER, [{ startMs: NOW_MS, attributes }]]]))
    return one?.field('stage')
  })
  expect(seen).toEqual(['x', 'x', undefined])
})
