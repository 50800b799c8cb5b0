import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TwoHashes } from '../../src/lib/two-hashes.ts'

const hashes = new TwoHashes()
const viewOf = (text: string) => new DataView(Uint8Array.from(Buffer.from(text)).buffer)

function hashOf(...texts: readonly string[]): string {
  hashes.start()
  for (const text of texts) hashes.addBytes(viewOf(text), 0, Buffer.byteLength(text))
  return `${hashes.low} ${hashes.high}`
}

test('the same bytes in the same pieces are the same, all else is not', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (one, other) => {
      const isSame = one.length === other.length && one.every((text, i) => text === other[i])
      expect(hashOf(...one) === hashOf(...other)).toBe(isSame)
    }),
  )
  expect(hashOf('ab', 'c')).not.toBe(hashOf('a', 'bc'))
  expect(hashOf('abcd')).not.toBe(hashOf('abcd', ''))
})

test('either half alone tells tens of thousands apart', () => {
  const all = Array.from({ length: 20_000 }, (_, n) => hashOf(`value-${n}`).split(' '))
  // By chance half a pair of 20,000 would share 32 bits by 0.05.
  for (const half of [0, 1])
    expect(new Set(all.map((one) => one[half])).size).toBeGreaterThan(19_990)
})

test('two of them are seeded differently', () => {
  const other = new TwoHashes()
  other.start()
  hashes.start()
  expect([other.low, other.high]).not.toEqual([hashes.low, hashes.high])
})
