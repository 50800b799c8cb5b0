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
  expect(keys.isNew('a', 1)).toBe(false)
  for (const key of ['d', 'e', 'f', 'g', 'h', 'i']) keys.isNew(key, 1)
  expect(keys.isNew('a', 1)).toBe(true)
})

test('of many keys at random, each is known until it is too old, and none before it came', () => {
  const countMax = 20_000
  const recent = createRecentKeys({ countMax })
  const nth = (n: number) => identityOf(`span-${n}`)
  for (let n = 0; n < 5 * countMax; n++) {
    if (!recent.isNew(nth(n), 1)) throw new Error(`span-${n} is taken for another`)
    const age = (n * 7_919) % countMax
    if (n >= age && recent.isNew(nth(n - age), 1)) throw new Error(`span-${n - age} is forgotten`)
  }
})

/** The same with two sets of whole keys. */
function createReference(countMax: number) {
  let young = new Set<string>()
  let old = new Set<string>()
  return (identity: number, flag: number): boolean => {
    const key = `${identity}/${flag}`
    if (young.has(key) || old.has(key)) return false
    if (young.size >= countMax) {
      old = young
      young = new Set()
    }
    young.add(key)
    return true
  }
}

// Few buckets and many keys: buckets and lists overflow, generations pass by the dozen.
const key = fc.record({
  identity: fc.oneof(
    fc.integer({ min: 0, max: 60 }).map((n) => identityOf(`key-${n}`)),
    // All of one bucket, told apart by their highest bits only.
    fc.integer({ min: 0, max: 60 }).map((n) => n * 2 ** 47),
  ),
  flag: fc.constantFrom(1, 2, 4, 128),
})

/** In pieces; what has no identity is always new. */
function areNew(
  recent: ReturnType<typeof createRecentKeys>,
  keys: readonly { readonly identity: number; readonly flag: number }[],
): boolean[] {
  const answers: boolean[] = []
  for (let from = 0; from < keys.length; from += 77) {
    const piece = keys.slice(from, from + 77)
    const identities = Float64Array.from([...piece.map(({ identity }) => identity), Number.NaN])
    const flags = Uint8Array.from([...piece.map(({ flag }) => flag), 1])
    const isNew = new Uint8Array(identities.length)
    recent.areNew({ length: identities.length, identities, flags, isNew })
    expect(isNew.at(-1)).toBe(1)
    answers.push(...[...isNew.subarray(0, -1)].map((one) => one === 1))
  }
  return answers
}

test.for([1, 2, 7, 30, 200])(
  'keys are known as in two sets of whole keys, %i at a time',
  (countMax) => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 2_000, size: 'max' }), (keys) => {
        const recent = createRecentKeys({ countMax })
        const isNewInSets = createReference(countMax)
        const got = keys.map(({ identity, flag }) => recent.isNew(identity, flag))
        const expected = keys.map(({ identity, flag }) => isNewInSets(identity, flag))
        expect(got).toEqual(expected)
        expect(areNew(createRecentKeys({ countMax }), keys)).toEqual(expected)
      }),
      { numRuns: 30, endOnFailure: true },
    )
  },
)
