import fc from 'fast-check'
import { expect, test } from 'vitest'
import { viewOf } from '../../src/lib/growing-bytes.ts'
import { createInterner, type Interner } from '../../src/lib/interner.ts'

const idOf = (interner: Interner, text: string | Buffer) => {
  const bytes = Buffer.from(text)
  return interner.idOf({ bytes, view: viewOf(bytes) }, 0, bytes.length)
}
const texts = (count: number) => Array.from({ length: count }, (_, n) => `key-${n}`)

test('the same bytes have the same number, wherever they stand', () => {
  const interner = createInterner({ countMax: 1_000, bytesMax: 100_000 })
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary', maxLength: 20 })),
      fc.nat(5),
      (all, before) => {
        interner.makeRoom(all.length, 100 * all.length)
        const numbers = new Map<string, number>()
        for (const text of [...all, ...all]) {
          const own = Buffer.from(text)
          const bytes = Buffer.concat([Buffer.alloc(before, 1), own])
          const source = { bytes, view: viewOf(bytes) }
          const id = interner.idOf(source, before, bytes.length)
          expect(id).toBe(numbers.get(own.toString('hex')) ?? id)
          numbers.set(own.toString('hex'), id)
          expect([interner.text(id), interner.lengthOf(id)]).toEqual([own.toString(), own.length])
          expect(interner.isAt(id, source, before)).toBe(true)
        }
        expect(new Set(numbers.values()).size).toBe(numbers.size)
      },
    ),
  )
})

test('one byte makes another string, first or last, of any length', () => {
  const interner = createInterner({ countMax: 1_000, bytesMax: 100_000 })
  for (let length = 1; length < 20; length++) {
    const id = idOf(interner, 'a'.repeat(length))
    for (const at of [0, length - 1]) {
      const bytes = Buffer.alloc(length, 'a')
      bytes[at] = 0x62
      expect(interner.isAt(id, { bytes, view: viewOf(bytes) }, 0)).toBe(false)
      expect(idOf(interner, bytes)).not.toBe(id)
    }
  }
})

test('bytes that are no UTF-8 are told apart, and U+FFFD as text', () => {
  const interner = createInterner({ countMax: 10, bytesMax: 100 })
  const [one, other] = [0xff, 0xfe].map((byte) => idOf(interner, Buffer.from([byte])))
  expect(one).not.toBe(other)
  expect([interner.text(one ?? 0), interner.text(other ?? 0)]).toEqual(['\ufffd', '\ufffd'])
})

test.for([
  ['strings', { countMax: 3, bytesMax: 1_000 }],
  ['bytes', { countMax: 1_000, bytesMax: 3 * 'key-0'.length }],
] as const)('one too many %s and all are forgotten: numbers start again', ([, options]) => {
  const interner = createInterner(options)
  expect(texts(3).map((text) => idOf(interner, text))).toEqual([0, 1, 2])
  expect([idOf(interner, 'key-0'), interner.epoch]).toEqual([0, 0])
  expect([idOf(interner, 'key-3'), interner.epoch]).toEqual([0, 1])
  expect(interner.text(0)).toBe('key-3')
  expect(idOf(interner, 'key-0')).toBe(1)
})

test.for([
  [{ count: 7, bytes: 10 }, 0],
  [{ count: 8, bytes: 10 }, 1],
  [{ count: 7, bytes: 86 }, 1],
] as const)('room is made, for %j, only if there is none', ([{ count, bytes }, epoch]) => {
  const interner = createInterner({ countMax: 10, bytesMax: 100 })
  for (const text of texts(3)) idOf(interner, text)
  interner.makeRoom(count, bytes)
  expect(interner.epoch).toBe(epoch)
})

test('as many strings as it may have are all found again', () => {
  const countMax = 5_000
  const interner = createInterner({ countMax, bytesMax: 1 << 20 })
  const ids = texts(countMax).map((text) => idOf(interner, text))
  expect(texts(countMax).map((text) => idOf(interner, text))).toEqual(ids)
  expect(ids.map((id) => interner.text(id))).toEqual(texts(countMax))
  expect(interner.epoch).toBe(0)
})
