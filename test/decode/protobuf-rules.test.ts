import { expect, test } from 'vitest'
import type { Row } from '../../src/model/batch.ts'
import type { Signal } from '../../src/model/otlp.ts'
import { createTestDecoder } from './decoder-fixture.ts'
import {
  createOpenDecoder,
  RECEIVED_MS,
  referenceRows,
  sealRows,
  telemetryOf,
} from './equality-fixture.ts'
import {
  bytesField,
  fixed64Field,
  groupField,
  messageField,
  tag,
  varint,
  varintField,
} from './protobuf-bytes.ts'

// What the encoding's own rules say of bytes that no SDK writes: pieces of one message are merged,
// 32-bit numbers cut, lengths and tags bounded, groups closed by their own number.

const pair = (number: number, key: string, ...values: readonly Buffer[]) =>
  messageField(number, bytesField(1, key), ...values.map((value) => bytesField(2, value)))
const text = (value: string) => bytesField(1, value)
const resource = (key: string) => messageField(1, pair(1, key, text(key)))
const list = (...values: readonly string[]) =>
  messageField(5, ...values.map((value) => bytesField(1, text(value))))
const map = (key: string) => messageField(6, pair(1, key, text(key)))

/** One resource, one scope, one item, of any signal: they have the same numbers. */
const bodyOf = (...fields: readonly Buffer[]) =>
  messageField(1, messageField(2, messageField(2, ...fields)))
const nested = (depth: number) => {
  let value = text('deep')
  for (let i = 0; i < depth; i++) value = messageField(5, bytesField(1, value))
  return value
}

function decode(signal: Signal, body: Buffer) {
  const request = { signal, body, encoding: 'protobuf' as const }
  const decoder = createOpenDecoder()
  const result = decoder.decode({ ...request, receivedUnixMs: RECEIVED_MS })
  return { result, rows: telemetryOf(sealRows(decoder)), reference: referenceRows(request) }
}

const READ: readonly (readonly [string, Signal, Buffer, Row])[] = [
  [
    'a resource in two pieces has the attributes of both',
    'traces',
    messageField(1, resource('a'), messageField(2, bytesField(2, '')), resource('b')),
    { ResourceAttributes: { a: 'a', b: 'b' } },
  ],
  [
    'a status in two pieces keeps what the second does not say',
    'traces',
    bodyOf(messageField(15, bytesField(2, 'why')), messageField(15, varintField(3, 2))),
    { StatusCode: 'Error', StatusMessage: 'why' },
  ],
  [
    'a value in two pieces is the last that was set',
    'traces',
    bodyOf(pair(9, 'k', text('first'), Buffer.alloc(0))),
    { SpanAttributes: { k: 'first' } },
  ],
  [
    'a list in two pieces is one list',
    'traces',
    bodyOf(pair(9, 'k', list('a'), list('b'))),
    { SpanAttributes: { k: '["a","b"]' } },
  ],
  [
    'a map twice in one value is one map',
    'logs',
    bodyOf(messageField(5, map('a'), map('b'))),
    { Body: '{"a":"a","b":"b"}' },
  ],
  [
    'a body in two pieces is one body',
    'logs',
    bodyOf(messageField(5, list('a')), messageField(5, list('b'))),
    { Body: '["a","b"]' },
  ],
  [
    'a number that is not negative in 64 bits may be in 32',
    'logs',
    bodyOf(varintField(2, 2n ** 32n - 1n)),
    { SeverityNumber: 0 },
  ],
  ['a severity below zero is none', 'logs', bodyOf(varintField(2, -1n)), { SeverityNumber: 0 }],
  [
    'an enum is cut to 32 bits',
    'traces',
    bodyOf(varintField(6, 2n ** 32n + 2n)),
    { SpanKind: 'Server' },
  ],
  [
    'points of the same kind in two pieces are together, with the temporality of both',
    'metrics',
    bodyOf(
      messageField(7, varintField(2, 2)),
      messageField(7, messageField(1, fixed64Field(6, 7n)), varintField(3, 1)),
    ),
    { Value: 7, AggregationTemporality: 2, IsMonotonic: true },
  ],
  [
    'buckets in two pieces are one list',
    'metrics',
    bodyOf(
      messageField(
        10,
        messageField(
          1,
          messageField(8, varintField(1, 3), varintField(2, 1)),
          messageField(8, bytesField(2, Buffer.from([2, 3]))),
        ),
      ),
    ),
    { PositiveOffset: -2, PositiveBucketCounts: ['1', '2', '3'] },
  ],
  [
    'a tag may be written in more bytes than it needs',
    'traces',
    bodyOf(messageField(9, Buffer.from([0x8a, 0x00, 1, 0x6b]), bytesField(2, text('v')))),
    { SpanAttributes: { k: 'v' } },
  ],
  [
    'groups within groups are stepped over',
    'traces',
    bodyOf(groupField(300, groupField(301), varintField(302, 1)), bytesField(5, 'name')),
    { SpanName: 'name' },
  ],
]

test.for([
  [40, 'ok'],
  [60, 'bad'],
  [10_000, 'bad'],
] as const)('%i lists within each other are %s', ([depth, status]) => {
  const { result, reference, rows } = decode('traces', bodyOf(pair(9, 'k', nested(depth))))
  expect(result.status).toBe(status)
  if (status === 'ok') expect(rows).toEqual(reference)
})

test.for(READ)('%s', ([, signal, body, row]) => {
  const { result, rows, reference } = decode(signal, body)
  expect(result).toMatchObject({ status: 'ok' })
  expect(Object.values(rows)).toMatchObject([[row]])
  expect(rows).toEqual(reference)
})

test('of two kinds of data the last one counts, also when the first comes again', () => {
  const gauge = messageField(5, messageField(1, fixed64Field(6, 1n)))
  const sum = messageField(7, messageField(1, fixed64Field(6, 2n)))
  const { rows } = decode('metrics', bodyOf(gauge, sum, gauge))
  expect(rows).toMatchObject({ otel_metrics_gauge: [{ Value: 1 }] })
  expect(rows.otel_metrics_gauge).toHaveLength(1)
})

const REFUSED: readonly (readonly [string, Buffer])[] = [
  ['a field of number 0', Buffer.from([0x02, 0x00])],
  ['a group that ends with another number', Buffer.concat([tag(300, 3), tag(301, 4)])],
  ['the end of a group that did not begin', tag(300, 4)],
  ['a group without its end', tag(300, 3)],
  ['a tag of more than 32 bits', Buffer.concat([varint(2n ** 32n + 8n), varint(1)])],
  [
    'a length of more than five bytes',
    Buffer.from([0x2a, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 0x61]),
  ],
  ['a length beyond its message', Buffer.from([0x2a, 0x05, 0x61])],
  ['wire type 6', Buffer.from([0x06 + 8 * 15])],
  ['a number of eleven bytes', Buffer.concat([tag(300, 0), Buffer.alloc(10, 0x80), varint(1)])],
  [
    'a hundred groups',
    Buffer.concat([...Array(101).fill(tag(300, 3)), ...Array(101).fill(tag(300, 4))]),
  ],
]

test.for(REFUSED)('%s is refused', ([, field]) => {
  const { result, rows } = decode('traces', bodyOf(field))
  expect(result.status).toBe('bad')
  expect(rows).toEqual({})
})

test.for([
  ['that a later one of its key replaces', 'k'],
  ['that privacy drops', 'password'],
] as const)('a value %s is refused when it is damaged', ([, key]) => {
  const damaged = pair(9, key, messageField(5, Buffer.from([0x0a, 0x7f])))
  const body = bodyOf(damaged, pair(9, 'k', text('v')))
  const decoder = createTestDecoder({ retentionMs: 2 * RECEIVED_MS })
  const request = { signal: 'traces', encoding: 'protobuf', body } as const
  const result = decoder.decode({ ...request, receivedUnixMs: RECEIVED_MS })
  expect(result).toMatchObject({ status: 'bad', reason: expect.stringContaining('at byte') })
  expect(referenceRows(request)).toBeUndefined()
})

test('a value in pieces is itself again in the item after it', () => {
  const attribute = pair(9, 'k', list('a'), list('b'))
  const items = [1, 2, 3].map((kind) => messageField(2, varintField(6, kind), attribute))
  const { rows, reference } = decode('traces', messageField(1, messageField(2, ...items)))
  expect(rows.otel_traces?.map((row) => row.SpanAttributes)).toEqual(
    Array(3).fill({ k: '["a","b"]' }),
  )
  expect(rows).toEqual(reference)
})

test.for([
  ['a name over the limit', pair(9, 'x'.repeat(1_025), varintField(3, 1))],
  ['too many attributes', Buffer.concat(Array(1_001).fill(pair(9, 'x', varintField(3, 1))))],
] as const)('an item with %s leaves its neighbours as they are', ([, many]) => {
  const plain = messageField(2, pair(9, 'k', text('v')), pair(9, 'l', text('w')))
  const refused = messageField(2, many, pair(9, 'l', text('w')))
  const body = messageField(1, messageField(2, plain, refused, plain, refused, plain))
  const { result, rows } = decode('traces', body)
  expect(result).toMatchObject({ batch: { rowCount: 3, rejectedCount: 2 } })
  expect(rows.otel_traces?.map((row) => row.SpanAttributes)).toEqual(
    Array(3).fill({ k: 'v', l: 'w' }),
  )
})
