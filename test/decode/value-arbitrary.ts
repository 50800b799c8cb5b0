import fc from 'fast-check'
import {
  bytesField,
  doubleField,
  fixed32Field,
  fixed64Field,
  groupField,
  messageField,
  varintField,
} from './protobuf-bytes.ts'

// What messages of every signal are made of, as bytes: see otlp-arbitrary.ts.

/** Zero or more fields, each as its bytes. */
export type Fields = fc.Arbitrary<Buffer[]>

/** 0 to 2^64 − 1, and mostly of few bits, written in up to ten bytes. */
export const number64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 300n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n),
)
const padBytes = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.nat(9))

export const varintOf = (number: number, value: fc.Arbitrary<bigint | number> = number64) =>
  fc.tuple(value, padBytes).map(([own, pad]) => varintField(number, own, pad))
export const fixed64Of = (number: number) => number64.map((value) => fixed64Field(number, value))

const anyDouble = fc.oneof(
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    1e21,
    5e-324,
  ),
)
export const doubleOf = (number: number) => anyDouble.map((value) => doubleField(number, value))
export { anyDouble }

/** Bytes of a text: ASCII, beyond it, no UTF-8 at all, and longer than any shortcut reads. */
export const textBytes = fc.oneof(
  fc.string({ maxLength: 12 }).map((text) => Buffer.from(text)),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('', 'POST', '\uFEFF\u0000', 'é', '\u{1F600}', 'x'.repeat(2_000)).map(Buffer.from),
  fc
    .tuple(fc.nat(140), fc.uint8Array({ maxLength: 4 }))
    .map(([count, end]) => Buffer.concat([Buffer.alloc(count, 'a'), end])),
)
export const textOf = (number: number) => textBytes.map((bytes) => bytesField(number, bytes))

/** A field of a number that OTLP does not use, of any kind. */
export const unknownField: fc.Arbitrary<Buffer> = fc.letrec<{ field: Buffer }>((tie) => {
  const number = fc.integer({ min: 200, max: 2 ** 29 - 1 })
  const simple = fc.oneof(
    number.chain((own) => varintOf(own)),
    number.chain((own) => fixed64Of(own)),
    number.map((own) => fixed32Field(own, 7)),
    number.chain((own) => textOf(own)),
  )
  const group = fc
    .tuple(number, fc.array(tie('field'), { maxLength: 2 }))
    .map(([own, fields]) => groupField(own, ...fields))
  return { field: fc.oneof({ maxDepth: 3 }, simple, group) }
}).field

export const none: Fields = fc.constant([])
/** Mostly once, sometimes not at all or twice. */
export function sometimes(field: fc.Arbitrary<Buffer>): Fields {
  return fc.oneof(
    { weight: 6, arbitrary: fc.tuple(field) },
    { weight: 2, arbitrary: none },
    { weight: 1, arbitrary: fc.tuple(field, field) },
  )
}
export const many = (field: fc.Arbitrary<Buffer>, maxLength = 3): Fields =>
  fc.array(field, { maxLength })

/** The fields of a message in any order, with unknown ones among them, as its content. */
export function message(...parts: readonly Fields[]): fc.Arbitrary<Buffer> {
  const unknown = fc.oneof({ weight: 5, arbitrary: none }, many(unknownField, 2))
  return fc
    .tuple(...parts, unknown)
    .chain((lists) => {
      const fields = lists.flat()
      return fc.oneof(
        fc.constant(fields),
        fc.shuffledSubarray(fields, { minLength: fields.length, maxLength: fields.length }),
      )
    })
    .map((fields) => Buffer.concat(fields))
}

const scalar = fc.oneof(
  textOf(1),
  varintOf(2),
  varintOf(3),
  doubleOf(4),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => bytesField(7, bytes)),
)

export const KEY_BYTES_MAX = 1_024
const key = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('a', 'b', 'c', 'service.name', 'event.name', 'http.route', ''),
  },
  fc.constantFrom(
    '__proto__',
    '7',
    '10',
    'é',
    '\uFFFD',
    '\u{1F600}',
    'ﬀ',
    'k'.repeat(KEY_BYTES_MAX),
  ),
  textBytes.filter((bytes) => bytes.length <= KEY_BYTES_MAX),
)

const { value, pairContent } = fc.letrec<{ value: Buffer; pairContent: Buffer; list: Buffer }>(
  (tie) => {
    const item = tie('value').map((content) => bytesField(1, content))
    const pair = tie('pairContent').map((content) => bytesField(1, content))
    const list = fc.oneof(
      many(item).map((items) => messageField(5, ...items)),
      many(pair).map((pairs) => messageField(6, ...pairs)),
    )
    const one = fc.oneof({ weight: 5, arbitrary: scalar }, tie('list'))
    // Of several fields of the union the last counts, and the same message twice is one of both.
    // (A list, another value, and the list again: protobufjs joins the lists, the protocol does not.)
    const several = fc
      .tuple(many(scalar, 2), tie('list'), fc.boolean(), many(scalar, 1))
      .map(([before, own, isTwice, after]) =>
        Buffer.concat([...before, own, ...(isTwice ? [own] : []), ...after]),
      )
    const withUnknown = fc.tuple(many(unknownField, 1), one, many(unknownField, 1))
    return {
      list,
      value: fc.oneof(
        { maxDepth: 4 },
        { weight: 8, arbitrary: one },
        { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) },
        { weight: 1, arbitrary: withUnknown.map((parts) => Buffer.concat(parts.flat())) },
        { weight: 1, arbitrary: several },
      ),
      pairContent: message(
        sometimes(key.map((own) => bytesField(1, own as string))),
        fc.oneof(
          { weight: 8, arbitrary: fc.tuple(tie('value').map((own) => bytesField(2, own))) },
          { weight: 1, arbitrary: none },
          {
            weight: 1,
            arbitrary: fc.array(
              one.map((own) => bytesField(2, own)),
              { maxLength: 2 },
            ),
          },
        ),
      ),
    }
  },
)

/** The content of an `AnyValue`. */
export const anyValue = value

/** `repeated KeyValue` under this number. */
export const attributes = (number: number): Fields =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(plainAttributes(number)) },
    many(
      pairContent.map((content) => bytesField(number, content)),
      5,
    ),
  )

/** As most items of a sender have them. */
function plainAttributes(number: number): Buffer[] {
  const text = messageField(
    number,
    bytesField(1, 'http.route'),
    messageField(2, bytesField(1, '/a')),
  )
  const code = messageField(number, bytesField(1, 'code'), messageField(2, varintField(3, 200)))
  return [text, code]
}
