import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BadSnappy, inflateSnappy, snappyLength } from '../../src/lib/snappy.ts'
import { snappy } from '../decode/remote-write-builder.ts'

// What another implementation (cramjam, in Rust) made of the 60 lines
// `http_requests_total{pod="sd-${i % 7}",code="${i % 5 ? 200 : 503}"} ${i * i}`.
const FOREIGN =
  'khawaHR0cF9yZXF1ZXN0c190b3RhbHtwb2Q9InNkLTAiLGNvZGU9IjUwMyJ9IDAKbi0AADERLRwyMDAifSAxCm4t' +
  'AAAyNi0AADRyLQAAMzYtAAA5ci0AADQ2LQAEMTZyLgAANREuCeIEMjVyLgAANhEuCeMAM3ZcADU+CS4ANHa4ADo/' +
  'AQA2dhMBOkABADh2bgE1QQnmBDEwdsoBPkMBADJ2XgA1RAnoBDE0drsAOkUBBDE2dhgBOkYBBDE5dnUBNUcJ6wAy' +
  'etIBOkgBBDI1dl4ANUkJ6wQyOHa8ADpJAQQzMnYaATpJAQQzNnZ4ATVJCesANHrWATpJAQQ0NHZeADVJCesENDh2' +
  'vAA6SQEENTJ2GgE6SQEENTd2eAE1SQnrADZ61gE6SQEANnpeADVJCesAN3q8ADpJAQA3ehoBOkkBADh6eAE1SQnr' +
  'ADl61gE6SQEAOXo0AjVJCesEMTC2kwIEMTB68gI6SwEEMTF6UQM1TAnuADF+sAM6TQEEMTJ6DwQ1Tg3wADN6bgQ6' +
  'TwEEMTR6zQQ+UAEANZ4sBQ3wADZ63wE+UAEANnrqBTVQDfAAN3pIBj5QAQA4eqYGPlABADl6BAc1UAnwBDIweroD' +
  'OlABBDIxnsAHCfAIMjIwdngEOlABCDIzMHbXBDpQAQgyNDCaNgUN8AA1euABOlABBDI2emAANVAN8AA3esAAPlAB' +
  'ADh6IAE6OgUEMjl6gAE1UAnwADN+4AE6UAEEMzF6QAI6oAIEMzK2oAIEMzN6AAM6UAEQMzQ4MQo='
const LINES = Array.from(
  { length: 60 },
  (_, i) => `http_requests_total{pod="sd-${i % 7}",code="${i % 5 ? 200 : 503}"} ${i * i}\n`,
).join('')
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test('a block of another implementation inflates to what it was made of', () => {
  const block = Buffer.from(FOREIGN, 'base64')
  expect(snappyLength(block)).toBe(LINES.length)
  const bytes = inflateSnappy(block, 64 * 2 ** 20)
  expect(sha256(bytes)).toBe(sha256(Buffer.from(LINES)))
})

test('any bytes survive, in literals and copies', () => {
  const piece = fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.constant(Buffer.from('abcabcab')))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const bytes = Buffer.concat(pieces)
      expect(Buffer.from(inflateSnappy(snappy(bytes), 10_000))).toEqual(bytes)
    }),
  )
})

test.for([
  ['nothing', '', 'no length at its start'],
  ['a length without end', 'ffffffffffff', 'no length at its start'],
  ['a length above 32 bits', 'ffffffff7f', 'no length at its start'],
  ['a literal that is cut off', '0410aa', 'longer than it says'],
  ['a literal without its bytes', '0308aa', 'a literal is cut off'],
  ['a literal whose length is cut off', '64f4ff', 'it is cut off'],
  ['a copy without its offset', '0500aa0d', 'it is cut off'],
  ['a copy from before the start', '0500aa0108', 'a copy from before the start'],
  ['a copy with offset 0', '0500aa0100', 'a copy of nothing'],
  ['less than it says', '0500aa', 'shorter than it says'],
  ['a bomb that is only a length', '8080808008' + '00aa', 'shorter than it says'],
])('%s is refused', ([, hex = '', reason]) => {
  expect(() => inflateSnappy(Buffer.from(hex, 'hex'), 2 ** 32)).toThrow(new BadSnappy(reason))
})

test('more than is allowed is refused before memory is reserved for it', () => {
  const block = snappy(Buffer.alloc(1_000))
  expect(() => inflateSnappy(block, 999)).toThrow('inflates to 1000 bytes, at most 999')
})

test('an offset of four bytes is read, and a copy may overlap what it writes', () => {
  // "ab", then 10 bytes from 2 back, by a copy of the third kind.
  const block = Buffer.from('0c04616227' + '02000000', 'hex')
  expect(Buffer.from(inflateSnappy(block, 100)).toString()).toBe('abababababab')
})

test('whatever the bytes, they inflate to what they announce or are refused', () => {
  const random = fc.uint8Array({ maxLength: 200 })
  const broken = fc
    .tuple(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.nat(255))
    .map(([bytes, at, value]) => {
      const block = snappy(Buffer.concat([bytes, bytes]))
      block[at % block.length] = value
      return block
    })
  fc.assert(
    fc.property(fc.oneof(random, broken), (block) => {
      try {
        expect(inflateSnappy(block, 4_096).length).toBe(snappyLength(block))
      } catch (fault) {
        expect(fault).toBeInstanceOf(BadSnappy)
      }
    }),
    { numRuns: 5_000 },
  )
})
