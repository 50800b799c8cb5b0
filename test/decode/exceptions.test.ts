import { expect, test } from 'vitest'
import { createPrivateNames } from '../../src/config/private-names.ts'
import { createPrivacyTally } from '../../src/decode/privacy.ts'
import { createTestDecoder, decodeDocument, NOW_MS, PRIVACY, unitOf } from './decoder-fixture.ts'
import { type SpanInput, traces } from './otlp-builder.ts'

// Events are read from the bytes when a rule asks, the only one of a span without reading the span.

const exception = (message: string) => ({
  name: 'exception',
  atMs: NOW_MS,
  attributes: { 'exception.type': `type of ${message}`, 'exception.message': message },
})
const other = { name: 'other', atMs: NOW_MS, attributes: { 'exception.message': 'no exception' } }

const spanOf = (number: number, events: SpanInput['events'] = []): SpanInput => ({
  traceId: String(number).padStart(32, '0'),
  spanId: String(number).padStart(16, '0'),
  name: `span-${number}`,
  startMs: NOW_MS,
  durationMs: 1,
  attributes: { number },
  events,
})

const GIVEN: readonly (readonly [events: SpanInput['events'], message: string | undefined])[] = [
  [[exception('first')], 'first'],
  [[], undefined],
  [[other], undefined],
  [[exception('early'), exception('late')], 'late'],
  [[exception('second')], 'second'],
  [[exception('hidden'), other], 'hidden'],
]

test('the exception of each span is its own, in whatever order spans and events are read', () => {
  const decoder = createTestDecoder()
  const spans = GIVEN.map(([events], index) => spanOf(index, events))
  // The same places in other bytes: nothing of the first request is taken for the second's.
  for (const service of ['one', 'two']) {
    const batch = decodeDocument('traces', traces({ 'service.name': service }, spans), decoder)
    const seen = unitOf(batch, 'span')
    expect(seen).toHaveLength(GIVEN.length)
    for (const order of [
      [0, 1, 2, 3, 4, 5],
      [5, 0, 4, 0, 3, 1, 2, 0],
      [4, 4, 0, 4],
    ])
      for (const index of order) {
        const { field } = seen[index] as (typeof seen)[0]
        const message = GIVEN[index]?.[1]
        expect([index, field('exception.message')]).toEqual([index, message])
        expect(field('number')).toBe(index)
        expect(field('exception.type')).toBe(message && `type of ${message}`)
        // Between the two, another span is read.
        const beside = (index + 1) % GIVEN.length
        expect(seen[beside]?.field('number')).toBe(beside)
        expect(field('exception.message')).toBe(message)
      }
  }
})

test('an event is read from the bytes of its own span, also when others were looked at since', () => {
  const decoder = createTestDecoder()
  const seenOf = (service: string, message: string) => {
    const document = traces({ 'service.name': service }, [spanOf(1, [exception(message)])])
    return unitOf(decodeDocument('traces', document, decoder), 'span')[0]
  }
  const [one, two] = [seenOf('one', 'own'), seenOf('two', 'not')]
  expect(one?.field('exception.message')).toBe('own')
  expect(two?.field('number')).toBe(1)
  expect(one?.field('exception.message')).toBe('own')
})

test('a message is that of the last exception, or none', () => {
  const silent = { name: 'exception', atMs: NOW_MS, attributes: { 'exception.type': 'silent' } }
  const counted = { name: 'exception', atMs: NOW_MS, attributes: { 'exception.message': 7 } }
  const given: readonly (readonly [events: SpanInput['events'], message: unknown])[] = [
    [[exception('spoken')], 'spoken'],
    [[exception('early'), silent], undefined],
    [[silent, exception('late'), other], 'late'],
    [[exception('early'), counted], 7],
    [[], undefined],
  ]
  const spans = given.map(([events], index) => spanOf(index, events))
  const document = traces({ 'service.name': 'one' }, spans)
  const seen = unitOf(decodeDocument('traces', document, createTestDecoder()), 'span')
  expect(seen.map(({ field }) => field('exception.message'))).toEqual(
    given.map(([, message]) => message),
  )
})

test.for([
  ['dropped', { drop: ['exception.message'], hash: [] }, undefined],
  ['hashed', { drop: [], hash: ['exception.message'] }, 'hmac:6'],
] as const)('a message that is %s is not shown as it stands', ([, names, shown]) => {
  const { find, isPromptEvent } = createPrivateNames({
    drop: [...names.drop],
    hash: [...names.hash],
  })
  const privacy = { ...PRIVACY, find, isPromptEvent, tally: createPrivacyTally() }
  const document = traces({ 'service.name': 'one' }, [spanOf(1, [exception('secret')])])
  const [seen] = unitOf(decodeDocument('traces', document, createTestDecoder({ privacy })), 'span')
  expect(seen?.field('exception.type')).toBe('type of secret')
  expect(seen?.field('exception.message')).toBe(shown)
})
