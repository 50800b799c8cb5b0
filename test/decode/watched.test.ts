import { expect, test } from 'vitest'
import { createWatch, ROUTE_BIT, type SpanInterest } from '../../src/decode/watched.ts'
import { createTestDecoder, decodeOk, NOW_MS, unitOf } from './decoder-fixture.ts'
import { request, traces, type Values } from './otlp-builder.ts'

const bitsOf = (interest: SpanInterest, attributes: readonly string[], isSaid = true) => {
  const watch = createWatch(interest)
  return watch.wants(
    attributes.reduce((bits, one) => bits | watch.bitOf(one), 0),
    isSaid,
  )
}

test.for<[string, SpanInterest, string[], boolean]>([
  ['nobody wants anything', [], ['a'], false],
  ['a rule without attributes wants every span', [[]], [], true],
  ['a rule wants spans that carry its attribute', [['a']], ['a', 'x'], true],
  ['and none without it', [['a']], ['x'], false],
  ['all of its attributes', [['a', 'b']], ['a'], false],
  ['in any order, with others', [['a', 'b']], ['c', 'b', 'a'], true],
  ['one rule is enough', [['a', 'b'], ['c']], ['c'], true],
  [
    'attributes of two rules are not those of one',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
    ['a', 'c'],
    false,
  ],
  ['what is no plain attribute is not waited for', [['route', 'kind', 'resource.x']], [], true],
  ['an older name of an attribute may stand for it', [['http.response.status_code']], [], true],
  ['a route is an attribute too', [['signalbox.route']], ['signalbox.route'], true],
])('%s', ([, interest, attributes, expected]) => {
  expect(bitsOf(interest, attributes)).toBe(expected)
})

test('rules that ask what a sender is take nothing of one that does not say', () => {
  const interest = [['a', 'resource.signalbox.component']]
  expect(bitsOf(interest, ['a'])).toBe(true)
  expect(bitsOf(interest, ['a'], false)).toBe(false)
  expect(bitsOf([...interest, ['b']], ['b'], false)).toBe(true)
})

test('who names a route is known, whether a rule asks for it or not', () => {
  for (const interest of [[], [['signalbox.route']]])
    expect(createWatch(interest).bitOf('signalbox.route') & ROUTE_BIT).not.toBe(0)
  expect(createWatch([['a']]).bitOf('a') & ROUTE_BIT).toBe(0)
})

test('of more attributes than there are bits, the last are taken for carried', () => {
  const names = Array.from({ length: 40 }, (_, n) => `a${n}`)
  const interest = names.map((name) => [name])
  expect(bitsOf(interest.slice(0, 30), ['x'])).toBe(false)
  for (const name of names) expect(bitsOf(interest, [name])).toBe(true)
  expect(bitsOf([names], names)).toBe(true)
  expect(bitsOf([names], names.slice(1))).toBe(false)
})

/** Names of the spans that are shown. The last one always is, so that its sender is heard. */
function shown(
  decoder: ReturnType<typeof createTestDecoder>,
  spans: Readonly<Record<string, Values>>,
) {
  const document = traces(
    { 'service.name': 'any' },
    [...Object.entries(spans), ['last', {}] as const].map(([name, attributes], n) => ({
      ...{ name, attributes, startMs: NOW_MS + n },
    })),
  )
  const batch = decodeOk(decoder, request('traces', document, { receivedUnixMs: NOW_MS }))
  return unitOf(batch, 'span').map(({ field }) => field('name'))
}

test('only the spans that a rule may take are shown, and the newest', () => {
  const interest = [['a', 'b']]
  const decoder = createTestDecoder({ spanInterest: () => interest })
  const spans = { none: {}, one: { a: 1 }, both: { b: 1, a: '' }, more: { x: 1, a: 1, b: 1 } }
  expect(shown(decoder, spans)).toEqual(['both', 'more', 'last'])
})

test('another interest, once rules are reloaded, holds for keys that are known', () => {
  let interest: SpanInterest = []
  const decoder = createTestDecoder({ spanInterest: () => interest })
  const spans = { a: { a: 1 }, b: { b: 1 } }
  expect(shown(decoder, spans)).toEqual(['last'])
  interest = [['a']]
  expect(shown(decoder, spans)).toEqual(['a', 'last'])
  interest = [['b']]
  expect(shown(decoder, spans)).toEqual(['b', 'last'])
  interest = [[]]
  expect(shown(decoder, spans)).toEqual(['a', 'b', 'last'])
})

test('an attribute of an event counts as carried', () => {
  const interest = [['exception.type']]
  const decoder = createTestDecoder({ spanInterest: () => interest })
  const events = [{ name: 'exception', atMs: NOW_MS, attributes: { 'exception.type': 'E' } }]
  const spans = [
    { name: 'failed', startMs: NOW_MS, events },
    { name: 'fine', startMs: NOW_MS },
    { name: 'last', startMs: NOW_MS + 1 },
  ]
  const batch = decodeOk(decoder, request('traces', traces({}, spans), { receivedUnixMs: NOW_MS }))
  expect(unitOf(batch, 'span').map(({ field }) => field('name'))).toEqual(['failed', 'last'])
})

test('of attempts and requests the span is shown only where a rule wants it, or it is the newest', () => {
  const own = { 'service.name': 'gateway' }
  const route = { 'signalbox.route': 'preview' }
  const target = { ...route, 'signalbox.target': 'cloud-eu' }
  const spans = [
    { name: 'request', kind: 'server', attributes: route, startMs: NOW_MS },
    { name: 'attempt', kind: 'client', attributes: target, startMs: NOW_MS + 1 },
    { name: 'wanted', kind: 'client', attributes: { ...target, a: 1 }, startMs: NOW_MS + 2 },
    { name: 'inner', startMs: NOW_MS + 3 },
    { name: 'newest', kind: 'client', attributes: target, startMs: NOW_MS + 4 },
  ] as const
  const decoder = createTestDecoder({ spanInterest: () => INTEREST })
  const document = request('traces', traces(own, spans), { receivedUnixMs: NOW_MS })
  const { observations } = decodeOk(decoder, document)
  const namesOf = (unit: string) =>
    observations.filter((one) => one.unit === unit).map(({ field }) => field('name'))
  expect(namesOf('span')).toEqual(['newest', 'wanted', 'inner'])
  expect(namesOf('attempt')).toEqual(['attempt', 'wanted', 'newest'])
  expect(namesOf('request')).toEqual(['request'])
})

test('the newest span of a sender is shown once, whether a rule wants it or not', () => {
  const decoder = createTestDecoder({ spanInterest: () => INTEREST })
  for (const attributes of [{}, { a: 1 }]) {
    const body = traces({ 'service.name': 'any' }, [{ startMs: NOW_MS, attributes }])
    const { observations } = decodeOk(decoder, request('traces', body, { receivedUnixMs: NOW_MS }))
    // Where no rule wants it, it says no more than that its sender is there.
    expect(observations.map(({ isPresence = false }) => isPresence)).toEqual([!('a' in attributes)])
  }
})

const INTEREST = [['a']]
