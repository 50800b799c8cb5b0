import type { Meaning, Meanings } from '../config/meanings.ts'
import { VARYING_KEYS } from '../model/observation.ts'
import { OLDER_NAMES } from './older-names.ts'
import type { HashedNames } from './pair-hashes.ts'
import { ATTEMPT_COLUMNS, REQUEST_COLUMNS } from './recorded-keys.ts'

// What tells items apart to rules: the attributes under which the keys that they read may be found.

export interface TraitNames extends HashedNames {
  /** Keys that are alike where traits are: those that rules read, without the varying ones. */
  readonly fixed: ReadonlySet<string>
  /** Keys that rules read of which attempts and requests say more than their span. */
  readonly served: readonly ServedKey[]
  readonly readsName: boolean
}

export interface ServedKey {
  readonly key: string
  /** It is one of the fixed ones. */
  readonly isFixed: boolean
}

export function createTraitNames(
  keys: readonly string[],
  { meanings, also = [] }: { readonly meanings: Meanings; readonly also?: readonly string[] },
): TraitNames {
  const fixed = new Set(keys.filter((key) => !VARYING_KEYS.has(key)))
  return {
    fixed,
    served: keys.filter((key) => SERVED.has(key)).map((key) => ({ key, isFixed: fixed.has(key) })),
    readsName: fixed.has('name'),
    readsEvent: fixed.has('event'),
    numberOf: createNumbers([...fixed, ...also], keys, meanings),
  }
}

/**
 * Numbers for `HashedNames`.
 * @param byValue keys whose attributes count by their value; those of the others by being there
 */
export function createNumbers(
  byValue: Iterable<string>,
  others: Iterable<string>,
  meanings: Meanings,
): HashedNames['numberOf'] {
  const attributesOf = (keys: Iterable<string>) =>
    [...keys].flatMap((key) => namesOf(key, meanings))
  const valued = new Set(attributesOf(byValue))
  const all = new Set([...valued, ...attributesOf(others)])
  const numbers = new Map(
    [...all].map((name, index) => [name, valued.has(name) ? index + 1 : -index - 1]),
  )
  return (attribute) => numbers.get(attribute) ?? 0
}

const SERVED = new Set([...Object.keys(ATTEMPT_COLUMNS), ...Object.keys(REQUEST_COLUMNS)])
const RESOURCE = 'resource.'

/** Those on the resource are alike anyway. */
function namesOf(key: string, meanings: Meanings): readonly string[] {
  const meant = Object.hasOwn(meanings, key) ? meanings[key as Meaning] : [key]
  const own = meant.filter((name) => !name.startsWith(RESOURCE))
  return own.flatMap((name) => [name, OLDER_NAMES.get(name) ?? []].flat())
}
