import fc from 'fast-check'
import type { Signal } from '../../src/model/otlp.ts'
import {
  BYTES,
  bytesField,
  double,
  fixed32Field,
  fixed64,
  fixed64Field,
  messageField,
  tag,
  varint,
} from './protobuf-bytes.ts'
import {
  anyDouble,
  anyValue,
  attributes,
  doubleOf,
  type Fields,
  fixed64Of,
  many,
  message,
  none,
  number64,
  sometimes,
  textOf,
  varintOf,
} from './value-arbitrary.ts'

// Export requests of all signals as bytes: everything that protobuf allows, and not only what an
// SDK would write.

/** A submessage with this content, mostly there, sometimes absent or in two pieces. */
const sub = (number: number, content: fc.Arbitrary<Buffer>): Fields =>
  sometimes(content.map((own) => bytesField(number, own)))
const list = (number: number, content: fc.Arbitrary<Buffer>, maxLength = 3): Fields =>
  many(
    content.map((own) => bytesField(number, own)),
    maxLength,
  )

/** Set, all zeros, or empty: the last two are no id. */
const id = (number: number, byteCount: number) =>
  sometimes(
    fc
      .oneof(
        { weight: 4, arbitrary: fc.uint8Array({ minLength: byteCount, maxLength: byteCount }) },
        fc.constantFrom(new Uint8Array(byteCount), new Uint8Array()),
      )
      .map((bytes) => bytesField(number, bytes)),
  )
const REAL_NS = 1_768_140_000_123_456_789n
const time = (number: number): Fields =>
  sometimes(
    fc.oneof(
      fc
        .constantFrom(0n, REAL_NS, REAL_NS + 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n)
        .map((ns) => fixed64Field(number, ns)),
      fc.bigInt({ min: REAL_NS, max: REAL_NS + 10n ** 10n }).map((ns) => fixed64Field(number, ns)),
      fixed64Of(number),
    ),
  )
/** An enum or a small number, also out of range, negative, and beyond 32 bits. */
const small = (number: number): Fields =>
  sometimes(
    varintOf(
      number,
      fc.oneof(fc.nat(26), fc.constantFrom(-1n, 255n, 256n, 2n ** 31n, 2n ** 32n + 2n), number64),
    ),
  )
const text = (number: number) => sometimes(textOf(number))

const event = message(time(1), text(2), attributes(3))
const link = message(id(1, 16), id(2, 8), text(3), attributes(4))
const status = message(text(2), small(3))
const span = message(
  id(1, 16),
  id(2, 8),
  text(3),
  id(4, 8),
  text(5),
  small(6),
  time(7),
  time(8),
  attributes(9),
  list(11, event),
  list(13, link, 2),
  sub(15, status),
)
const record = message(
  time(1),
  small(2),
  text(3),
  sub(5, anyValue),
  attributes(6),
  sometimes(fc.nat().map((flags) => fixed32Field(8, flags))),
  id(9, 16),
  id(10, 8),
  time(11),
  text(12),
)

const exemplar = message(
  time(2),
  sometimes(doubleOf(3)),
  id(4, 8),
  id(5, 16),
  sometimes(fixed64Of(6)),
  attributes(7),
)
/** Repeated numbers: one field each, or all of them in one, or both. */
function numbers(number: number, wireType: number, one: fc.Arbitrary<Buffer>): Fields {
  const loose = one.map((bytes) => Buffer.concat([tag(number, wireType), bytes]))
  const packed = fc.array(one, { maxLength: 5 }).map((all) => {
    const bytes = Buffer.concat(all)
    return Buffer.concat([tag(number, BYTES), varint(bytes.length), bytes])
  })
  return many(fc.oneof(loose, packed))
}
const uint64s = (number: number) =>
  numbers(
    number,
    0,
    number64.map((value) => varint(value)),
  )
const fixed64s = (number: number) => numbers(number, 1, number64.map(fixed64))
const doubles = (number: number) => numbers(number, 1, anyDouble.map(double))
const fixed = (number: number) => sometimes(fixed64Of(number))
const real = (number: number) => sometimes(doubleOf(number))

const point = message(
  time(2),
  time(3),
  real(4),
  list(5, exemplar, 2),
  fixed(6),
  attributes(7),
  small(8),
)
const histogramPoint = message(
  ...[time(2), time(3), fixed(4), real(5), fixed64s(6), doubles(7), list(8, exemplar, 2)],
  ...[attributes(9), small(10), real(11), real(12)],
)
const buckets = message(small(1), uint64s(2))
const exponentialPoint = message(
  ...[attributes(1), time(2), time(3), fixed(4), real(5), small(6), fixed(7), sub(8, buckets)],
  ...[sub(9, buckets), small(10), list(11, exemplar, 2), real(12), real(13)],
)
const quantile = message(real(1), real(2))
const summaryPoint = message(
  ...[time(2), time(3), fixed(4), real(5), list(6, quantile), attributes(7), small(8)],
)
const DATA = [
  message(list(1, point)).map((content) => bytesField(5, content)),
  message(list(1, point), small(2), small(3)).map((content) => bytesField(7, content)),
  message(list(1, histogramPoint), small(2)).map((content) => bytesField(9, content)),
  message(list(1, exponentialPoint), small(2)).map((content) => bytesField(10, content)),
  message(list(1, summaryPoint)).map((content) => bytesField(11, content)),
]
/** One kind; the same in two pieces; or two, of which the last counts. */
const data: Fields = fc.oneof(
  { weight: 8, arbitrary: fc.oneof(...DATA.map((kind) => fc.tuple(kind))) },
  { weight: 1, arbitrary: none },
  { weight: 1, arbitrary: fc.oneof(...DATA.map((kind) => fc.tuple(kind, kind))) },
  { weight: 1, arbitrary: fc.tuple(fc.oneof(...DATA), fc.oneof(...DATA)) },
)
const metric = message(text(1), text(2), text(3), data)

const resource = message(attributes(1))
const scope = message(text(1), text(2), attributes(3), small(4))
function request(item: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const scoped = message(sub(1, scope), list(2, item), text(3))
  return message(list(1, message(sub(1, resource), list(2, scoped, 2), text(3)), 2))
}

export const BODIES: Readonly<Record<Signal, fc.Arbitrary<Buffer>>> = {
  traces: request(span),
  logs: request(record),
  metrics: request(metric),
}

export interface SignalBody {
  readonly signal: Signal
  readonly body: Buffer
}
export const anyRequest: fc.Arbitrary<SignalBody> = fc
  .constantFrom<Signal>('traces', 'logs', 'metrics')
  .chain((signal) => BODIES[signal].map((body) => ({ signal, body })))

/** Of each signal an item that is bad, after a good one: an id of three bytes, a list cut off. */
const BAD_ITEMS: Readonly<Record<Signal, Buffer>> = {
  traces: bytesField(2, bytesField(1, 'abc')),
  logs: bytesField(2, bytesField(9, 'abc')),
  metrics: messageField(2, messageField(9, messageField(1, bytesField(6, 'abc')))),
}

/** The request, and behind it a resource that makes it bad at its very end. */
export function spoil({ signal, body }: SignalBody): SignalBody {
  return {
    signal,
    body: Buffer.concat([body, messageField(1, messageField(2, BAD_ITEMS[signal]))]),
  }
}
