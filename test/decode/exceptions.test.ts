import { expect, test } from 'vitest'
import { createTestDecoder, decodeDocument, NOW_MS, unitOf } from './decoder-fixture.ts'
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
