import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readJson } from '../../src/bench/naive-json.ts'
import { BadTelemetry } from '../../src/decode/bad-telemetry.ts'
import { createJsonConverter } from '../../src/decode/json-to-protobuf.ts'
import { REQUEST_TYPES } from '../../src/decode/otlp-schema.ts'
import type { Signal } from '../../src/model/otlp.ts'
import { anyRequest } from './otlp-arbitrary.ts'
import { toJsonBody } from './otlp-json.ts'

// The converter against the library: by way of message objects, the same request, or the same word
// about what is wrong with it.

const converter = createJsonConverter()

function outcomeOf(toMessage: () => object): unknown {
  try {
    return toMessage()
  } catch (fault) {
    if (fault instanceof BadTelemetry) return fault.message
    throw fault
  }
}

function outcomes(signal: Signal, json: unknown) {
  const body = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json))
  const type = REQUEST_TYPES[signal]
  const read = (bytes: Uint8Array) =>
    type.toObject(type.decode(bytes), { longs: String, bytes: String })
  return {
    own: outcomeOf(() => read(Uint8Array.from(converter.toProtobuf({ signal, body })))),
    library: outcomeOf(() => read(type.encode(readJson(type, body) as object).finish())),
  }
}

type Json = unknown
const isObject = (json: Json): json is Record<string, Json> =>
  typeof json === 'object' && json !== null && !Array.isArray(json)

/** The document with one in so many of its keys or values replaced. */
function change(json: Json, by: (key: string, value: Json) => readonly [string, Json]): Json {
  if (Array.isArray(json)) return json.map((item) => change(item, by))
  if (!isObject(json)) return json
  return Object.fromEntries(Object.entries(json).map(([key, value]) => by(key, change(value, by))))
}

const snakeOf = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

test('generated requests, in either spelling', () => {
  fc.assert(
    fc.property(anyRequest, fc.array(fc.boolean(), { minLength: 1 }), ({ signal, body }, turns) => {
      let count = 0
      const document = JSON.parse(toJsonBody(signal, body).toString())
      const spelled = change(document, (key, value) => {
        const isSnake = turns[count++ % turns.length] && !key.includes('.')
        return [isSnake ? snakeOf(key) : key, value]
      })
      const { own, library } = outcomes(signal, spelled)
      expect(own).toEqual(library)
      expect(typeof own).toBe('object')
    }),
    { numRuns: 300 },
  )
})

test('anything in any place of a request', () => {
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<Json>(
      null,
      -1,
      0,
      1.5,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      2 ** 63,
      1.8446744073709552e19,
    ),
    fc.constantFrom<Json>('', '-1', '007', '9223372036854775808', '-9223372036854775809', '1e3'),
    fc.constantFrom<Json>(
      '18446744073709551615',
      '18446744073709551616',
      'NaN',
      'Infinity',
      'SPAN_KIND_SERVER',
    ),
    fc.constantFrom<Json>(
      'abc',
      'AbCd',
      '+/==',
      'AAAAA',

      'ü'.repeat(40),
      [],
      [null],
      [{}],
      {},
    ),
  )
  fc.assert(
    fc.property(anyRequest, fc.nat(200), odd, ({ signal, body }, at, value) => {
      let count = 0
      const document = JSON.parse(toJsonBody(signal, body).toString())
      const changed = change(document, (key, old) => [key, count++ === at ? value : old])
      const { own, library } = outcomes(signal, changed)
      expect(own).toEqual(library)
    }),
    { numRuns: 2_000 },
  )
})

test.for<[string, Json, Json]>([
  ['the later of two spellings', { traceState: 'a', trace_state: 'b' }, { traceState: 'b' }],
  ['also in the other order', { trace_state: 'b', traceState: 'a' }, { traceState: 'a' }],
  ['of which null is none', { traceState: 'a', trace_state: null }, { traceState: 'a' }],
  ['a list is replaced', { parent_span_id: 'aa', parentSpanId: 'bb' }, { parentSpanId: 'bb' }],
  ['null items of a list of messages', { events: [null, {}] }, { events: [{}, {}] }],
  ['a text beyond two bytes of length', { name: 'x'.repeat(20_000) }, { name: 'x'.repeat(20_000) }],
  ['unknown keys', { name: 'n', other: { deep: [1] } }, { name: 'n' }],
])('%s', (given) => {
  const [, span, expected] = given
  const request = (one: Json) => ({ resourceSpans: [{ scopeSpans: [{ spans: [one] }] }] })
  const { own, library } = outcomes('traces', request(span))
  expect(own).toEqual(library)
  expect(own).toEqual(outcomes('traces', request(expected)).library)
})

test('nesting beyond the limit, and what is no JSON', () => {
  let value: Json = { stringValue: 'deep' }
  for (let depth = 0; depth < 200; depth++) value = { arrayValue: { values: [value] } }
  const span = { attributes: [{ key: 'k', value }] }
  const deep = outcomes('traces', { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
  expect(deep).toEqual({ own: 'nested too deeply', library: 'nested too deeply' })
  for (const text of ['', '[', '[]', 'null', '1', '{"resourceSpans":{}}']) {
    const { own, library } = outcomes('traces', text)
    expect(own, text).toEqual(library)
  }
})

test('half a character is one that nobody knows', () => {
  const request = (name: string) => ({ resourceSpans: [{ scopeSpans: [{ spans: [{ name }] }] }] })
  const { own } = outcomes('traces', request('a\ud800b'))
  expect(own).toEqual(outcomes('traces', request('a\ufffdb')).library)
})
