import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMeanings } from '../../src/config/meanings.ts'
import { createPrivateNames } from '../../src/config/private-names.ts'
import { createTopology, type Topology } from '../../src/config/topology.ts'
import type { Decoder, DecoderOptions } from '../../src/decode/decoder.ts'
import { createPrivacyTally } from '../../src/decode/privacy.ts'
import { ALIKE_MAX } from '../../src/decode/routed-book.ts'
import { createTestDecoder, decodeDocument, NOW_MS, rowsOf, unitOf } from './decoder-fixture.ts'
import {
  newSpanId,
  newTraceId,
  request,
  type SpanInput,
  traces,
  type Value,
  type Values,
} from './otlp-builder.ts'

// What many spans of routers say alike is read from the first of them. Nobody may notice: each
// request decoded by one who has seen all before must be what one who has seen none makes of it.

const ROUTER = { 'service.name': 'gateway', 'service.instance.id': 'router-1' }
const PRIMARY = { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' }

const value = fc.constantFrom<Value>('x', 'y', '', 200, 202, 499, 503, '404', true, 0.5, ['x'])
const name = fc.constantFrom(
  ...['signalbox.route', 'http.route', 'signalbox.target', 'server.address', 'ai.backend'],
  ...['signalbox.async', 'http.response.status_code', 'http.status_code', 'error.type', 'other'],
  ...['user.id', 'session.id', 'signalbox.cost.gpu_seconds', 'signalbox.images', 'tenant.id'],
  ...['gen_ai.request.model', 'signalbox.class', 'signalbox.generation', 'response_flags'],
)
const known = fc.constantFrom<readonly [string, Value]>(
  ...Object.entries(PRIMARY),
  ['server.address', 'edge-local'],
  ['http.route', 'preview'],
  ['user.id', 'u1'],
  ['session.id', 's1'],
  ['signalbox.generation', '3.57'],
  ['response_flags', 'UH,DC'],
)
const event = fc.record({
  name: fc.constantFrom('exception', 'other', 'signalbox.request.end'),
  atMs: fc.constant(NOW_MS + 50),
  attributes: fc.dictionary(
    fc.constantFrom('exception.type', 'error.type'),
    fc.constantFrom('a', 'b'),
  ),
})
const span = fc.record({
  name: fc.constantFrom('one', 'two'),
  kind: fc.constantFrom('server', 'client', 'internal'),
  attributes: fc
    .array(fc.oneof(fc.tuple(name, value), known), { maxLength: 5 })
    .map((pairs): Values => ({ ...PRIMARY, ...Object.fromEntries(pairs) })),
  error: fc.boolean(),
  events: fc.array(event, { maxLength: 1 }),
  resource: fc.constantFrom<Values>(
    ROUTER,
    { ...ROUTER, 'cloud.region': 'eu' },
    { ...ROUTER, x: 's' },
  ),
})
/** What tells a span from the one before it. */
const change = fc.record(
  {
    name: fc.constantFrom('signalbox.request.end', 'signalbox.request.enx'),
    pair: fc.oneof(fc.tuple(name, value), known),
    without: fc.oneof(name, fc.constantFrom(...Object.keys(PRIMARY))),
    events: fc.array(event, { minLength: 1, maxLength: 2 }),
    requestId: fc.boolean(),
    isTurned: fc.boolean(),
  },
  { requiredKeys: [] },
)

const hashing = createPrivateNames({ drop: ['tenant.id'], hash: ['user.id', 'signalbox.class'] })
const session = ['resource.x', 'session.id', 'user.id']
const variants: readonly Partial<DecoderOptions>[] = [
  {},
  {
    privacy: { ...hashing, hash: (text) => `#${text}`, tally: createPrivacyTally() },
    meanings: createMeanings({ telemetry: { attributes: { session, tenant: ['user.id'] } } }),
  },
]

type Generated<A> = A extends fc.Arbitrary<infer T> ? T : never

/** Ids of no other request, so that nothing is joined with what came before. */
function toSpans(
  { attributes, error, events, ...own }: Generated<typeof span>,
  changed: Generated<typeof change>,
  n: number,
): SpanInput[] {
  const { pair, without, requestId, isTurned } = changed
  const id = requestId === undefined ? [] : [['signalbox.request.id', requestId ? `r${n}` : '']]
  const kept = Object.entries(attributes).filter(([key]) => key !== without)
  const all = [...kept, ...(pair ? [pair] : []), ...id]
  const ids = { traceId: newTraceId(), startMs: NOW_MS }
  return [
    // A router that sends attempts, whether or not it was seen before.
    { ...ids, spanId: newSpanId(), kind: 'client', attributes: PRIMARY },
    {
      ...{ ...own, ...ids, spanId: newSpanId(), name: changed.name ?? own.name },
      attributes: Object.fromEntries(isTurned ? all.reverse() : all),
      events: changed.events ?? events,
      ...(error && { error }),
    } as SpanInput,
  ]
}

test.for(variants)('a span says the same to who has seen others like it', (options) => {
  const warm = createTestDecoder(options)
  let count = 0
  const units = { attempt: 0, request: 0 }
  fc.assert(
    fc.property(span, fc.array(change, { minLength: 2, maxLength: 12 }), (one, changes) => {
      for (const changed of changes) {
        const document = traces(one.resource, toSpans(one, changed, count++))
        const [seen, fresh] = [warm, createTestDecoder(options)].map((decoder) => {
          const batch = decodeDocument('traces', document, decoder)
          for (const unit of ['attempt', 'request'] as const)
            units[unit] += unitOf(batch, unit).length
          return ['signalbox_attempts', 'signalbox_requests'].map((table) =>
            // Numbers of rows that say something anew go on where the last one ended.
            rowsOf(batch, table).map(({ Revision, ...row }) => [row, Revision === '0']),
          )
        })
        expect(seen).toEqual(fresh)
      }
    }),
    { numRuns: 100 },
  )
  for (const found of Object.values(units)) expect(found).toBeGreaterThan(40)
})

const attemptsOf = (decoder: Decoder, spans: readonly Partial<SpanInput>[]) => {
  const all = spans.map((one): SpanInput => ({ kind: 'client', startMs: NOW_MS, ...one }))
  const result = decoder.decode(request('traces', traces(ROUTER, all), { receivedUnixMs: NOW_MS }))
  if (result.status === 'bad') throw new Error(result.reason)
  return unitOf(result.batch, 'attempt').map(({ attempt }) => attempt)
}

test('each says for itself who asked, for which request, and what it cost', () => {
  const own = (n: number) => ({
    attributes: {
      ...PRIMARY,
      ...{ 'user.id': `u${n}`, 'signalbox.request.id': `r${n}`, 'signalbox.cost.gpu_seconds': n },
    },
  })
  const seen = attemptsOf(createTestDecoder(), [own(1), own(2), own(3)])
  expect(seen.map((one) => [one?.session, one?.requestId, one?.cost])).toEqual(
    [1, 2, 3].map((n) => [`u${n}`, `r${n}`, n]),
  )
})

test('with another topology they are read anew', () => {
  const topologyOf = (primary: string) =>
    createTopology({
      routes: [{ route: 'preview', primary, fallbacks: [] }],
    } as unknown as Parameters<typeof createTopology>[0])
  let topology: Topology = topologyOf('cloud-eu')
  const decoder = createTestDecoder({ topology: () => topology })
  const roles = () => attemptsOf(decoder, [{ attributes: PRIMARY }]).map((one) => one?.role)
  expect([...roles(), ...roles()]).toEqual(['primary', 'primary'])
  topology = topologyOf('edge-local')
  expect(roles()).toEqual(['unlisted'])
})

test('there are bounded many: beyond them they start anew, and hold all the same', () => {
  const decoder = createTestDecoder()
  const target = (n: number) => ({ attributes: { ...PRIMARY, 'signalbox.target': `t${n}` } })
  const step = 5_000
  for (let from = 0; from <= ALIKE_MAX; from += step) {
    const all = Array.from({ length: step }, (_, n) => target(from + n))
    expect(new Set(attemptsOf(decoder, all).map((one) => one?.target)).size).toBe(step)
  }
  expect(attemptsOf(decoder, [target(0)])).toMatchObject([{ target: 't0', role: 'unlisted' }])
})
