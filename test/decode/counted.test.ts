import { expect, test } from 'vitest'
import { createPrivateNames } from '../../src/config/private-names.ts'
import { COUNTED_KEYS } from '../../src/decode/counted.ts'
import type { DecoderOptions } from '../../src/decode/decoder.ts'
import { createPrivacyTally } from '../../src/decode/privacy.ts'
import { createTestDecoder, decodeOk, NOW_MS, PRIVACY, unitOf } from './decoder-fixture.ts'
import { request, traces, type Value, type Values } from './otlp-builder.ts'

// Numbers that are noted when a span comes by must be what a look at the span finds.

const VALUES: readonly [string, Value, unknown][] = [
  ['a small number', 7, 7],
  ['nothing', 0, 0],
  ['the largest of four bytes', 2 ** 28 - 1, 2 ** 28 - 1],
  ['the next one', 2 ** 28, 2 ** 28],
  ['a large one', 2 ** 40, 2 ** 40],
  ['a negative one', -3, -3],
  ['a fraction', { double: 12.5 }, 12.5],
  ['a text', '12', '12'],
  ['a truth', true, true],
]

/** The first of two spans of one request, looked at after both were read. */
function observe(attributes: Values, options: Partial<DecoderOptions> = {}) {
  const decoder = createTestDecoder(options)
  const other = { ...attributes, [COUNTED_KEYS[0]]: 99, [COUNTED_KEYS[1]]: 98 }
  const spans = [attributes, other].map((own) => ({ startMs: NOW_MS - 100, attributes: own }))
  const document = traces({ 'service.name': 'sd-worker' }, spans)
  const batch = decodeOk(decoder, request('traces', document, { receivedUnixMs: NOW_MS }))
  return unitOf(batch, 'span')[0]
}

test.for(COUNTED_KEYS.flatMap((key) => VALUES.map((one) => [key, ...one] as const)))(
  '%s: %s is read as it stands',
  ([key, , value, expected]) => {
    expect(observe({ a: 'x', [key]: value, z: 'y' })?.field(key)).toBe(expected)
    expect(observe({ [key]: value })?.field(key)).toBe(expected)
  },
)

test('what nobody says is absent, whatever other spans say', () => {
  const span = observe({ a: 'x', [COUNTED_KEYS[0]]: 7 })
  expect(span?.field(COUNTED_KEYS[1])).toBeUndefined()
})

test('what is private stays so', () => {
  const [hidden, hashed] = COUNTED_KEYS
  const names = createPrivateNames({ drop: [hidden], hash: [hashed] })
  const { hash } = PRIVACY
  const privacy = { ...names, hash, tally: createPrivacyTally() }
  const span = observe({ [hidden]: 7, [hashed]: 8 }, { privacy })
  expect(span?.field(hidden)).toBeUndefined()
  expect(span?.field(hashed)).toBe(hash('8'))
})
