import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTestDecoder } from './decoder-fixture.ts'
import {
  createOpenDecoder,
  RECEIVED_MS,
  referenceRows,
  sealRows,
  telemetryOf,
} from './equality-fixture.ts'
import { bytesField, doubleField, messageField, varint, varintField } from './protobuf-bytes.ts'

// Attributes that stand again as the item before had them are not read again, and what they became
// in the row before is copied. Nothing of that may show: neither where a repeat ends, nor what other
// fields are alike, nor which item was refused in between.

const ATTRIBUTES = 9
const TRACE_STATE = 3

/** The content of a `KeyValue`. */
const pair = (key: string, ...fields: readonly Buffer[]) =>
  Buffer.concat([bytesField(1, key), messageField(2, ...fields)])
const text = (value: string | Uint8Array) => bytesField(1, value)
const attribute = (content: Uint8Array) => bytesField(ATTRIBUTES, content)

const bodyOf = (spans: readonly (readonly Uint8Array[])[]) =>
  messageField(1, messageField(2, ...spans.map((fields) => messageField(2, ...fields))))

function expectAsReference(spans: readonly (readonly Uint8Array[])[]) {
  const request = { signal: 'traces', encoding: 'protobuf', body: bodyOf(spans) } as const
  const decoder = createOpenDecoder()
  const result = decoder.decode({ ...request, receivedUnixMs: RECEIVED_MS })
  const rows = telemetryOf(sealRows(decoder))
  expect(rows.otel_traces).toEqual(referenceRows(request)?.otel_traces)
  return { result, rows: rows.otel_traces ?? [] }
}

const A = pair('a', text('one'))
const B = pair('b', text('two'))

test('another field that is alike ends a repeat', () => {
  const state = bytesField(TRACE_STATE, B)
  const { rows } = expectAsReference([
    [attribute(A), attribute(B)],
    [attribute(A), state],
    [attribute(A), attribute(B)],
  ])
  expect(rows.map((row) => row.TraceState)).toEqual(['', B.toString('latin1'), ''])
})

test('in another kind of data point the same tag is another field', () => {
  // Field 7: attributes of a number's point; bounds, eight bytes each, of a histogram's.
  const eightfold = pair('k', text('123456789'))
  expect(eightfold.length % 8).toBe(0)
  const number = messageField(1, bytesField(7, A), bytesField(7, eightfold))
  const histogram = messageField(1, bytesField(9, A), bytesField(7, eightfold))
  const metrics = [messageField(5, number), messageField(9, histogram), messageField(5, number)]
  const body = messageField(1, messageField(2, ...metrics.map((one) => messageField(2, one))))
  const request = { signal: 'metrics', encoding: 'protobuf', body } as const
  const decoder = createOpenDecoder()
  decoder.decode({ ...request, receivedUnixMs: RECEIVED_MS })
  expect(telemetryOf(sealRows(decoder))).toEqual(referenceRows(request))
})

test('a field between two attributes stays where it is', () => {
  const between = [attribute(A), bytesField(5, 'name'), attribute(B)]
  const { rows } = expectAsReference([between, between, [attribute(A), attribute(B)], between])
  expect(rows.map((row) => row.SpanName)).toEqual(['name', 'name', '', 'name'])
})

test('a repeat of a span that was cut short ends with it', () => {
  const long = [attribute(A), attribute(B), attribute(pair('c', doubleField(4, 0.5)))]
  expectAsReference([long, long.slice(0, 2), long, long.slice(0, 1), long])
})

test('a tag in two bytes is a tag', () => {
  const longTag = (content: Buffer) =>
    Buffer.concat([varint(ATTRIBUTES * 8 + 2, 1), varint(content.length), content])
  const span = [attribute(A), longTag(B), attribute(A)]
  expectAsReference([span, span, [longTag(A), attribute(B)], span])
})

test('after a refused span nothing is copied from it', () => {
  const other = attribute(pair('b', text('other')))
  const tooLong = attribute(pair('k'.repeat(1_025), text('')))
  const spans = [
    [attribute(A), attribute(B)],
    [attribute(A), other, tooLong],
    [attribute(A), other],
  ]
  const decoder = createOpenDecoder()
  const body = bodyOf(spans)
  const request = { signal: 'traces', encoding: 'protobuf', body } as const
  const result = decoder.decode({ ...request, receivedUnixMs: RECEIVED_MS })
  expect(result).toMatchObject({ batch: { rowCount: 2, rejectedCount: 1 } })
  expect(sealRows(decoder).otel_traces?.map((row) => row.SpanAttributes)).toEqual([
    { a: 'one', b: 'two' },
    { a: 'one', b: 'other' },
  ])
})

test('a secret inside a list is counted each time that it comes', () => {
  const secret = messageField(6, bytesField(1, pair('password', text('hush'))))
  const body = bodyOf(Array(3).fill([attribute(A), attribute(pair('list', secret)), attribute(B)]))
  const decoder = createTestDecoder({ retentionMs: 2 * RECEIVED_MS })
  const request = { signal: 'traces', encoding: 'protobuf', body } as const
  const result = decoder.decode({ ...request, receivedUnixMs: RECEIVED_MS })
  const withheld = [{ action: 'drop', reason: 'credential', count: 3 }]
  expect(result).toMatchObject({ batch: { rowCount: 3, withheld } })
})

/** Few of each, so that most of what comes next was there before. */
const contents = fc.constantFrom(
  A,
  B,
  pair('a', text('two')),
  pair('a', varintField(3, 404)),
  pair('c', doubleField(4, 0)),
  pair('c', doubleField(4, 0.25)),
  pair('c', text(Buffer.from([0xff, 0x61]))),
  pair('d', text('x'.repeat(90))),
  pair('d', messageField(5, bytesField(1, text('in a list')))),
  pair('e'),
  pair('e', text('first'), text('second')),
  pair('', text('no key')),
)
const fields = fc.oneof(
  { weight: 8, arbitrary: contents.map(attribute) },
  { weight: 1, arbitrary: contents.map((content) => bytesField(TRACE_STATE, content)) },
  { weight: 1, arbitrary: fc.constant(bytesField(5, 'name')) },
)
/** Spans, and how often each stands there. */
const runs = fc.array(
  fc.tuple(fc.array(fields, { maxLength: 9 }), fc.integer({ min: 1, max: 3 })),
  {
    maxLength: 9,
  },
)

test('any spans of few different fields are as the reference reads them', () => {
  fc.assert(
    fc.property(runs, (all) => {
      expectAsReference(all.flatMap(([span, times]) => Array(times).fill(span)))
    }),
    { numRuns: 500 },
  )
})
