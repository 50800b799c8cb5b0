import fc from 'fast-check'
import { expect, test } from 'vitest'
import { identityOf } from '../../src/lib/identity.ts'
import { createRecentKeys } from '../../src/lib/recent-keys.ts'

test('a key is new once per flag, for at least as many keys as are kept', () => {
  const recent = createRecentKeys({ countMax: 2 })
  const keys = { isNew: (name: string, flag: number) => recent.isNew(identityOf(name), flag) }
  expect(keys.isNew('a', 1)).toBe(true)
  expect(keys.isNew('a', 1)).toBe(false)
  expect(keys.isNew('a', 2)).toBe(true)
  keys.isNew('b', 1)
  keys.isNew('c', 1)
  expect(keys.isNew('a', 3)).toBe(false)
  for (const key of ['d', 'e', 'f', 'g', 'h', 'i']) keys.isNew(key, 1)
  expect(keys.isNew('a', 1)).toBe(true)
})

/** The same with two maps of whole keys. */
function createReference(countMax: number) {
  let young = new Map<number, number>()
  let old = new Map<number, number>()
  return (identity: number, flag: number): boolean => {
    const flags = young.get(identity) ?? old.get(identity) ?? 0
    if ((flags & flag) !== 0) return false
    if (!young.has(identity) && young.size >= countMax) {
      old = young
      young = new Map()
    }
    young.set(identity, flags | flag)
    return true
  }
}

test('a key beside its line is known when its further flag began the generation', () => {
  const recent = createRecentKeys({ countMax: 7 })
  const keyOfLine = (n: number) => n * 2 ** 47
  // Seven and one more fill the line; the ninth goes beside it, young.
  for (let n = 0; n < 9; n++) recent.isNew(keyOfLine(n), 1)
  // Elsewhere, until the generation of the ninth is the one before, and the next is full.
  for (let n = 0; n < 12; n++) recent.isNew(n * 4 + 1, 1)
  expect(recent.isNew(keyOfLine(8), 2)).toBe(true)
  expect(recent.isNew(keyOfLine(8), 1)).toBe(false)
})

// Few lines and many keys: lines overflow, generations pass by the dozen.
const key = fc.record({
  identity: fc.oneof(
    fc.integer({ min: 0, max: 60 }).map((n) => identityOf(`key-${n}`)),
    // All of one line, told apart by their highest bits only.
    fc.integer({ min: 0, max: 60 }).map((n) => n * 2 ** 47),
  ),
  flag: fc.constantFrom(1, 2, 4, 128),
})

test.for([1, 2, 7, 30, 200])(
  'keys are known as in two maps of whole keys, %i at a time',
  (countMax) => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 2_000, size: 'max' }), (keys) => {
        const recent = createRecentKeys({ countMax })
        const isNewInMaps = createReference(countMax)
        const got = keys.map(({ identity, flag }) => recent.isNew(identity, flag))
        expect(got).toEqual(keys.map(({ identity, flag }) => isNewInMaps(identity, flag)))
      }),
      { numRuns: 30, endOnFailure: true },
    )
  },
)
