import type { Meaning, Meanings } from '../config/meanings.ts'
import { VARYING_KEYS } from '../model/observation.ts'
import { OLDER_NAMES } from './older-names.ts'
import { ATTEMPT_COLUMNS, REQUEST_COLUMNS } from './recorded-keys.ts'

// What tells spans apart to rules: the attributes under which the keys that they read may be found.

export interface TraitNames {
  /** Keys that are alike where traits are: those that rules read, without the varying ones. */
  readonly fixed: ReadonlySet<string>
  /** Keys that rules read of which attempts and requests say more than their span. */
  readonly served: readonly string[]
  readonly readsName: boolean
  readonly readsEvent: boolean
  /**
   * Of an attribute of a span or its exception: above 0, it counts by its value; below, only by
   * whether it is there, and empty or not; 0, no rule reads it. No two have the same number.
   */
  numberOf(attribute: string): number
}

export function createTraitNames(keys: readonly string[], meanings: Meanings): TraitNames {
  const fixed = new Set(keys.filter((key) => !VARYING_KEYS.has(key)))
  const byValue = new Set([...fixed].flatMap((key) => namesOf(key, meanings)))
  const all = new Set([...byValue, ...keys.flatMap((key) => namesOf(key, meanings))])
  const numbers = new Map(
    [...all].map((name, index) => [name, byValue.has(name) ? index + 1 : -index - 1]),
  )
  return {
    fixed,
    served: keys.filter((key) => SERVED.has(key)),
    readsName: fixed.has('name'),
    readsEvent: fixed.has('event'),
    numberOf: (attribute) => numbers.get(attribute) ?? 0,
  }
}

const SERVED = new Set([...Object.keys(ATTEMPT_COLUMNS), ...Object.keys(REQUEST_COLUMNS)])
const RESOURCE = 'resource.'

/** Those on the resource are alike anyway. */
function namesOf(key: string, meanings: Meanings): readonly string[] {
  const meant = Object.hasOwn(meanings, key) ? meanings[key as Meaning] : [key]
  const own = meant.filter((name) => !name.startsWith(RESOURCE))
  return own.flatMap((name) => [name, OLDER_NAMES.get(name) ?? []].flat())
}
