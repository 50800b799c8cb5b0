import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Mappable } from '../../src/decode/mapped.ts'
import { cpuMs } from '../lib/cpu-time.ts'
import { brief, mapperOf } from './mappable.ts'

const NOW_NS = 1_768_140_000_000_000_000n
const S = 1_000_000_000n

const itemOf = (given: Partial<Mappable>, values: Readonly<Record<string, string | number>> = {}) =>
  ({
    ...{ signal: 'log', name: '', kind: '', service: 'edge', isError: false, body: '' },
    ...{ startUnixNs: NOW_NS, endUnixNs: NOW_NS, value: undefined, temporality: 2 },
    ...{ startOfSeriesUnixNs: 0n, seriesKey: () => JSON.stringify(values) },
    get: (key: string) => values[key],
    ...given,
  }) as Mappable

const LOG_RULE = { on: 'logs', unit: 'attempt', route: 'preview', target: { from: 'to' } }
const mapLog = (rule: object, values: Readonly<Record<string, string | number>>, body = '') =>
  mapperOf({ map: [{ ...LOG_RULE, ...rule }] }).map(itemOf({ body }, values))

test.for([
  ['a constant', 'cloud-eu', { to: 'x' }, 'cloud-eu'],
  ['the first field that says something', { from: ['a', 'b', 'c'] }, { a: '-', b: '', c: 7 }, '7'],
  ['a capture', { from: 'to', match: '^(\\w+)\\.' }, { to: 'eu.gpu:80' }, 'eu'],
  ['what matched, without a capture', { from: 'to', match: '\\d+' }, { to: 'eu-12' }, '12'],
  ['nothing, without a match', { from: 'to', match: '^x' }, { to: 'eu' }, undefined],
  [
    'the next place, without a match',
    [{ from: 'to', match: '^x' }, { from: 'b' }],
    { to: 'eu', b: 'us' },
    'us',
  ],
  ['an entry of a table', { from: 'to', table: { eu: 'cloud-eu' } }, { to: 'eu' }, 'cloud-eu'],
  ['itself, unlisted', { from: 'to', table: { eu: 'cloud-eu' } }, { to: 'us' }, 'us'],
  [
    'something else, unlisted',
    { from: 'to', table: { eu: 'cloud-eu' }, else: 'other' },
    { to: 'us' },
    'other',
  ],
  [
    'nothing, unlisted',
    { from: 'to', table: { eu: 'cloud-eu' }, else: '' },
    { to: 'us' },
    undefined,
  ],
  [
    'an entry by a star',
    { from: 'to', table: { '10.*:80': 'cloud-eu' } },
    { to: '10.0.0.1:80' },
    'cloud-eu',
  ],
  [
    'no entry where a star fits not',
    { from: 'to', table: { '10.*:80': 'a' }, else: 'b' },
    { to: '10.1:81' },
    'b',
  ],
  [
    'the exact name before a star',
    { from: 'to', table: { '1*': 'a', '12': 'b' } },
    { to: '12' },
    'b',
  ],
  [
    'a star for nothing at all',
    { from: 'to', table: { 'a*a': 'x' }, else: 'y' },
    { to: 'aa' },
    'x',
  ],
  [
    'pieces that do not overlap',
    { from: 'to', table: { 'a*a': 'x' }, else: 'y' },
    { to: 'a' },
    'y',
  ],
] as const)('a target is %s', ([, target, values, expected]) => {
  const [mapped] = mapLog({ target }, values)
  expect(mapped?.target).toBe(expected)
})

test.for([
  [{ status_code: { from: 's' } }, { s: 503 }, 'failed'],
  [{ status_code: { from: 's' } }, { s: 413 }, 'rejected'],
  [{ status_code: { from: 's' } }, { s: '000' }, 'ok'],
  [{ status_code: { from: 's' } }, { s: 499 }, 'cancelled'],
  [{ error: { s: 'aborted' } }, { s: 'aborted' }, 'failed'],
  [{ error: { s: 'aborted' } }, { s: 'done' }, 'ok'],
  [{ error_type: { from: 'e' } }, { e: 'hedge_lost' }, 'cancelled'],
  [{ response_flags: { from: 'f' } }, { f: 'UF,DC' }, 'cancelled'],
  [{ outcome: { from: 'o', table: { bad: 'failed' } } }, { o: 'bad' }, 'failed'],
  [{ outcome: { from: 'o' }, status_code: { from: 's' } }, { o: 'nonsense', s: 500 }, 'failed'],
] as const)('%j of %j is %s', ([rule, values, outcome]) => {
  expect(mapLog(rule, { to: 'eu', ...values })[0]?.outcome).toBe(outcome)
})

test('an attempt needs a target and a route, and a record that fits', () => {
  expect(mapLog({}, {})).toEqual([])
  expect(mapLog({ route: { from: 'r' } }, { to: 'eu' })).toEqual([])
  expect(mapLog({ where: { kind_of: 'access' } }, { to: 'eu' })).toEqual([])
  expect(mapLog({ where: { service: 'edge' }, unless: { to: 'eu' } }, { to: 'eu' })).toEqual([])
  expect(mapLog({ where: { service: 'edge' }, unless: { to: 'us' } }, { to: 'eu' })).toHaveLength(1)
})

test('an item is read anew each time: a decoder may give the same object again', () => {
  const mapper = mapperOf({ map: [{ ...LOG_RULE, parse: '^to (?<to>\\w+)' }] })
  const item = { ...itemOf({}), body: 'to eu' }
  const targets = ['to eu', 'to us', '{"to":"it"}', '{"to":"fr"}'].map((body) => {
    item.body = body
    return mapper.map(item)[0]?.target
  })
  expect(targets).toEqual(['eu', 'us', 'it', 'fr'])
})

test('a text is parsed into fields by the first pattern that matches, or read as JSON', () => {
  const rule = {
    parse: ['^A (?<to>\\S+)', '^B (?<to>\\S+) (?<gen>\\S+)'],
    generation: { from: 'gen' },
  }
  expect(mapLog(rule, {}, 'B eu 3.57')[0]).toMatchObject({ target: 'eu', generation: '3.57' })
  expect(mapLog(rule, {}, 'A us 3.57')[0]).toMatchObject({ target: 'us', generation: '' })
  expect(mapLog(rule, {}, '{"to": "eu", "gen": "not a pair"}')[0]).toMatchObject({
    target: 'eu',
    generation: '',
  })
  expect(mapLog(rule, {}, '{"to": broken')).toEqual([])
})

test.for([
  ['end', 'ms', '250', NOW_NS - S / 4n, NOW_NS],
  ['start', 'ms', '250', NOW_NS, NOW_NS + S / 4n],
  ['end', 's', '0.250', NOW_NS - S / 4n, NOW_NS],
  ['end', 'us', '250000', NOW_NS - S / 4n, NOW_NS],
  ['end', 'ns', '-5', NOW_NS, NOW_NS],
  ['end', 's', '1e30', NOW_NS, NOW_NS],
  ['end', 's', 'never', NOW_NS, NOW_NS],
] as const)(
  'a record whose time is its %s, with a duration in %s of %s',
  ([time, unit, d, start, end]) => {
    const [mapped] = mapLog({ time, duration: { from: 'd', unit } }, { to: 'eu', d })
    expect([mapped?.startUnixNs, mapped?.endUnixNs]).toEqual([start, end])
    expect(mapped?.ending.durationMs).toBe(Number(end - start) / 1e6)
  },
)

test('tries follow each other from the start of the record, up to 32', () => {
  const each = { fields: ['to', 'd'], split: ', ', duration: { from: 'd', unit: 's' } }
  const rule = { each, duration: { from: 'all', unit: 's' } }
  const mapped = mapLog(rule, { to: 'a, b, c', d: '1, 0.5, -', all: 3 })
  expect(mapped.map((one) => [one.target, one.startUnixNs, one.endUnixNs])).toEqual([
    ['a', NOW_NS - 3n * S, NOW_NS - 2n * S],
    ['b', NOW_NS - 2n * S, NOW_NS - (3n * S) / 2n],
    ['c', NOW_NS - (3n * S) / 2n, NOW_NS],
  ])
  expect(mapLog(rule, { to: Array(1_000).fill('a').join(', ') })).toHaveLength(32)
})

test('rules of map stand before profiles, and of one unit only the first that fits counts', () => {
  const own = { on: 'logs', unit: 'request', where: { status: 200 }, route: 'mine' }
  const mapper = mapperOf({ map: [own], profiles: [{ use: 'nginx', route: 'theirs' }] })
  const record = { status: 200, upstream_addr: '10.0.0.1:80', upstream_status: '200' }
  expect(brief(mapper.map(itemOf({}, record)))).toEqual([
    'attempt theirs 10.0.0.1:80 ok 200',
    'request mine 10.0.0.1:80 ok',
  ])
})

test('a request whose tries all failed names no target, though its record does', () => {
  const target = { from: 'to' }
  const request = { on: 'logs', unit: 'request', route: 'preview', target }
  const attempt = {
    ...LOG_RULE,
    status_code: { from: 's' },
    retries: { from: 'n', match: '(\\d+)' },
  }
  const mapper = mapperOf({ map: [{ ...request, status_code: { from: 's' } }, attempt] })
  const map = (s: number) => brief(mapper.map(itemOf({}, { to: 'eu', s, n: '+1' })))
  expect(map(503)).toEqual([
    'attempt preview eu failed',
    'attempt preview eu failed 503',
    'request preview ? failed 503',
  ])
  expect(map(200).at(-1)).toBe('request preview eu ok 200')
})

const COUNTER = {
  on: 'metrics',
  unit: 'attempt',
  where: { name: 'rq' },
  route: 'preview',
  target: 'eu',
}
const another = () => 'b'
const feed = (points: readonly (Partial<Mappable> & { at: bigint; value: number })[]) => {
  const mapper = mapperOf({ map: [COUNTER] })
  return points.map(({ at, ...point }) => {
    const endUnixNs = NOW_NS + at * S
    const item = itemOf({
      signal: 'metric',
      name: 'rq',
      startUnixNs: endUnixNs,
      endUnixNs,
      ...point,
    })
    return mapper.map(item).reduce((sum, { count }) => sum + count, 0)
  })
}

test.for([
  [
    'growth',
    [
      { at: 0n, value: 100 },
      { at: 15n, value: 103 },
      { at: 30n, value: 103 },
    ],
    [0, 3, 0],
  ],
  [
    'a restart',
    [
      { at: 0n, value: 100 },
      { at: 15n, value: 4 },
      { at: 30n, value: 6 },
    ],
    [0, 4, 2],
  ],
  [
    'a restart that catches up',
    [
      { at: 0n, value: 5, startOfSeriesUnixNs: NOW_NS - 9n * S },
      { at: 15n, value: 8, startOfSeriesUnixNs: NOW_NS + 2n * S },
    ],
    [0, 8],
  ],
  [
    'points out of order',
    [
      { at: 0n, value: 1 },
      { at: 30n, value: 9 },
      { at: 15n, value: 4 },
      { at: 45n, value: 10 },
    ],
    [0, 8, 0, 1],
  ],
  [
    'the same point again',
    [
      { at: 0n, value: 1 },
      { at: 15n, value: 3 },
      { at: 15n, value: 3 },
    ],
    [0, 2, 0],
  ],
  [
    'deltas',
    [
      { at: 0n, value: 3, temporality: 1 },
      { at: 15n, value: 2, temporality: 1 },
    ],
    [3, 2],
  ],
  [
    'a series that began meanwhile',
    [
      { at: 0n, value: 1 },
      { at: 60n, value: 7, startOfSeriesUnixNs: NOW_NS + 50n * S, seriesKey: another },
    ],
    [0, 7],
  ],
  [
    'an old series that is new to us',
    [
      { at: 0n, value: 1 },
      { at: 60n, value: 7, startOfSeriesUnixNs: NOW_NS - 50n * S, seriesKey: another },
    ],
    [0, 0],
  ],
  [
    'a start that is not known',
    [
      { at: 0n, value: 1 },
      { at: 60n, value: 7, startOfSeriesUnixNs: NOW_NS + 60n * S, seriesKey: another },
    ],
    [0, 0],
  ],
  [
    'no numbers',
    [
      { at: 0n, value: 1 },
      { at: 15n, value: Number.NaN },
      { at: 30n, value: -1 },
      { at: 45n, value: Infinity },
      { at: 60n, value: 2 },
    ],
    [0, 0, 0, 0, 1],
  ],
] as const)('a counter with %s', ([, points, counts]) => {
  expect(feed(points)).toEqual(counts)
})

test('what is asked cheaply depends on signal, service and name alone', () => {
  const mapper = mapperOf({
    map: [{ ...COUNTER, where: { name: ['rq', 'rq_total'], service: 'edge' } }],
  })
  expect(mapper.mayMap('metric', 'edge', 'rq_total')).toBe(true)
  expect(mapper.mayMap('metric', 'edge', 'up')).toBe(false)
  expect(mapper.mayMap('metric', 'other', 'rq')).toBe(false)
  expect(mapper.mayMap('span', 'edge', 'rq')).toBe(false)
})

test('whatever a record holds, mapping answers', () => {
  const mapper = mapperOf({
    profiles: [
      'envoy',
      'nginx',
      'haproxy',
      { use: 'litellm', on: ['spans', 'metrics'] },
      'otel-http',
    ],
  })
  const names = fc.constantFrom(
    ...['upstream_addr', 'upstream_status', 'upstream_response_time', 'request_time', 'status'],
    ...[
      'response_code',
      'response_flags',
      'duration',
      'termination_state',
      'backend_name',
      'retries',
    ],
    ...['upstream_request_attempt_count', 'route', 'hidden_params', 'http.route', 'Ta', 'request'],
  )
  const value = fc.oneof(
    fc.string(),
    fc.double(),
    fc.constantFrom('-', 'CD--', '503, 200', '1e999', '{"a":'),
  )
  const item = fc.record({
    values: fc.dictionary(names, value),
    body: fc.oneof(fc.string(), fc.json()),
    signal: fc.constantFrom('span', 'log', 'metric'),
    kind: fc.constantFrom('server', 'client', ''),
    name: fc.constantFrom('', 'litellm_request', 'litellm_deployment_failure_responses'),
  })
  fc.assert(
    fc.property(item, ({ values, ...given }) => {
      const made = itemOf({ ...given, value: 1 } as Partial<Mappable>, values)
      for (const { startUnixNs, endUnixNs, count } of mapper.map(made)) {
        expect(endUnixNs >= startUnixNs).toBe(true)
        expect(count).toBeGreaterThan(0)
      }
    }),
    { numRuns: 3_000 },
  )
})

test('long and odd texts take milliseconds, whatever the pattern', () => {
  const mapper = mapperOf({ profiles: ['envoy', 'nginx', 'haproxy'] })
  const texts = [' ', '"', '[', 'a ', '- - - ', '1, ', '"" ', '(1)/', 'ua="'].map((one) =>
    one.repeat(20_000),
  )
  const heads = [
    '',
    '[t] "G / H" 200 - ',
    '1.1.1.1 - - [t] "G / H" 200 1 "-" "-" ',
    '1.1.1.1:1 [t] f b/s ',
  ]
  const startMs = cpuMs()
  for (const head of heads) for (const text of texts) mapper.map(itemOf({ body: head + text }))
  expect(cpuMs() - startMs).toBeLessThan(heads.length * texts.length * 250)
})
