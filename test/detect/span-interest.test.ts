import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Rule } from '../../src/config/rules.ts'
import { compileWhere } from '../../src/detect/kinds.ts'
import { createKeysRead, createSpanInterest } from '../../src/detect/span-interest.ts'
import type { Observation } from '../../src/model/observation.ts'
import { createTestDecoder, decodeOk, NOW_MS } from '../decode/decoder-fixture.ts'
import { request, type SpanInput, traces } from '../decode/otlp-builder.ts'
import { rulesOf } from './play.ts'

const interestOf = (rules: readonly Rule[]) => createSpanInterest(() => rules)()
const count = (where: string, on = 'spans') => `
  - id: rule
    kind: count
    on: ${on}
    where: ${where}
    window: 60s
    trip: { at_least: 1 }
`

test.for<[string, string, readonly (readonly string[])[]]>([
  ['all spans, without a condition', count('{}'), [[]]],
  ['a value', count('{ a: x }'), [['a']]],
  ['one of a list', count('{ a: [x, y], b: 1 }'), [['a', 'b']]],
  [
    'presence, ranges and patterns',
    count('{ a: { exists: true }, b: { gte: 1 }, c: { match: x } }'),
    [['a', 'b', 'c']],
  ],
  ['nothing that may be absent', count('{ a: { exists: false }, b: { not: x }, c: y }'), [['c']]],
  [
    'both, where both are asked',
    count('{ a: { not: x, exists: true }, b: { not: x, lt: 3 } }'),
    [['a', 'b']],
  ],
  [
    'nothing of other units',
    ['attempts', 'requests', 'logs', 'metrics', 'routers']
      .map((on) => count('{ a: x }', on).replace('rule', on))
      .join(''),
    [],
  ],
  [
    'what it counts different ones of',
    `
  - id: rule
    kind: distinct
    on: spans
    of: pod
    where: { a: x }
    window: 60s
    trip: { at_least: 2 }
`,
    [['a', 'pod']],
  ],
  [
    'what it waits for',
    `
  - id: rule
    kind: silence
    expect: { a: x }
    trip: { for: 60s }
`,
    [['a']],
  ],
  [
    'nothing, when it waits for routers: each sender is heard anyway',
    `
  - id: rule
    kind: silence
    expect: routers
    trip: { for: 60s }
`,
    [],
  ],
])('a rule wants %s', ([, text, expected]) => {
  expect(interestOf(rulesOf(text))).toEqual(expected)
})

test('the same rules give the same array, and others another', () => {
  let rules = rulesOf(count('{ a: x }'))
  const interest = createSpanInterest(() => rules)
  const first = interest()
  expect(interest()).toBe(first)
  rules = rulesOf(count('{ b: x }'))
  expect(interest()).toEqual([['b']])
  expect(interest()).not.toBe(first)
  rules = []
  expect(interest()).toEqual([])
})

// What is left out must make no difference to any rule.

const KEYS = [
  'a',
  'b',
  'name',
  'status',
  'http.response.status_code',
  'exception.type',
  'resource.r',
]
const matcher = fc.constantFrom(
  ...['x', '[x, "500"]', '{ not: x }', '{ not: [x, y], exists: true }', '{ exists: true }'],
  ...['{ exists: false }', '{ gte: 1 }', '{ match: "x|rror" }', '{ lt: 600, not: x }'],
)
const where = fc.dictionary(fc.constantFrom(...KEYS), matcher, { maxKeys: 3 }).map(
  (all) =>
    `{ ${Object.entries(all)
      .map(([key, text]) => `${key}: ${text}`)
      .join(', ')} }`,
)
const value = fc.constantFrom('x', 'y', 500, true)
const span = fc.record({
  name: fc.constantFrom('x', 'other'),
  isFailed: fc.boolean(),
  attributes: fc.dictionary(fc.constantFrom('a', 'b', 'http.status_code'), value),
  exception: fc.option(fc.constantFrom('x', 'E')),
})

test('every rule takes the same spans as if all had been shown to it', () => {
  let interest: readonly (readonly string[])[] = []
  const watching = createTestDecoder({ spanInterest: () => interest })
  const all = createTestDecoder()
  fc.assert(
    fc.property(fc.array(where, { maxLength: 3 }), fc.array(span), (conditions, contents) => {
      const text = conditions.map((one, n) => count(one).replace('rule', `rule-${n}`)).join('')
      const rules = conditions.length === 0 ? [] : rulesOf(text)
      interest = interestOf(rules)
      const spans = contents.map(({ name, attributes, isFailed, exception }, n): SpanInput => {
        const event = {
          name: 'exception',
          atMs: NOW_MS,
          attributes: { 'exception.type': exception },
        }
        const events = exception === null ? [] : [event]
        const ids = { traceId: 'a1'.repeat(16), spanId: String(n + 1).padStart(16, '0') }
        return {
          ...ids,
          name,
          attributes,
          events,
          startMs: NOW_MS + n,
          ...(isFailed && { error: true }),
        }
      })
      const given = request('traces', traces({ r: 'x' }, spans), { receivedUnixMs: NOW_MS })
      const taken = (observations: readonly Observation[]) =>
        rules.map((rule) => {
          const takes = compileWhere(rule)
          const own = observations.filter(
            ({ unit, field, source }) => unit === 'span' && takes({ read: field, source } as never),
          )
          return [...new Set(own.map(({ once }) => once))].sort()
        })
      const expected = taken(decodeOk(all, given).observations)
      expect(taken(decodeOk(watching, given).observations)).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})

/** Of attempts, whatever the rules; see `ATTEMPT` there. */
const ALWAYS = ['outcome', 'role', 'route', 'target']

const keysOf = (rules: readonly Rule[]) => createKeysRead(() => rules)('traces')

test.for<[string, string, readonly string[]]>([
  ['what it asks', count('{ a: x }'), ['a']],
  ['nothing of units that are no spans', count('{ a: x }', 'logs'), []],
  [
    'what makes a pair older',
    count('{ generation_behind: 1 }', 'attempts'),
    ['generation', 'generation_behind'],
  ],
])('a rule reads %s, and what attempts are told apart by', ([, text, expected]) => {
  expect(keysOf(rulesOf(text))).toEqual([...expected, ...ALWAYS])
})

test('of log records they read what rules on logs ask', () => {
  const rules = rulesOf(count('{ a: x }', 'logs'))
  expect(createKeysRead(() => rules)('logs')).toEqual(['a'])
})

test('the same rules read the same array', () => {
  let rules = rulesOf(count('{ a: x }'))
  const keysRead = createKeysRead(() => rules)
  const before = keysRead('traces')
  expect(keysRead('traces')).toBe(before)
  rules = rulesOf(count('{ b: x }'))
  expect(keysRead('traces')).toEqual(['b', ...ALWAYS])
  expect(keysRead('logs')).toEqual([])
})
