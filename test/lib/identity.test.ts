import fc from 'fast-check'
import { expect, test } from 'vitest'
import { identityOf, identityOfIds } from '../../src/lib/identity.ts'

const viewOf = (bytes: Uint8Array) => new DataView(Uint8Array.from(bytes).buffer)
const ids = fc.uint8Array({ minLength: 24, maxLength: 24 })

test('ids have one identity wherever they stand, in 53 bits', () => {
  fc.assert(
    fc.property(ids, fc.uint8Array({ maxLength: 9 }), (bytes, before) => {
      const identity = identityOfIds(viewOf(bytes), 0, 16)
      const apart = [...before, ...bytes.subarray(16), ...before, ...bytes.subarray(0, 16)]
      const moved = viewOf(Uint8Array.from(apart))
      expect(identityOfIds(moved, 8 + 2 * before.length, before.length)).toBe(identity)
      expect(Number.isSafeInteger(identity) && identity >= 0).toBe(true)
    }),
  )
})

test('neighbouring ids, and texts, have different ones', () => {
  const bytes = new Uint8Array(24)
  const found = new Set<number>()
  for (let place = 0; place < 24; place++)
    for (let value = 1; value < 256; value++) {
      bytes[place] = value
      found.add(identityOfIds(viewOf(bytes), 0, 16))
      bytes[place] = 0
    }
  expect(found.size).toBe(24 * 255)
  const texts = Array.from({ length: 20_000 }, (_, n) => identityOf(`request ${n}`))
  expect(new Set(texts).size).toBe(texts.length)
})
