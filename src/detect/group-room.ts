import type { Rule } from '../config/rules.ts'
import { VARYING_KEYS } from '../model/observation.ts'
import type { Group as GroupKey } from '../model/verdict.ts'
import type { Group } from './group.ts'
import type { Judgement } from './judgement.ts'

// How the groups of a rule are called, and which of them makes room for a new one.

/** Equal for equal values; absent ones are empty. */
export function keyOf(values: readonly (string | undefined)[]): string {
  return values.map((value) => value ?? '').join('\u0000')
}

/** What an item does not say stands in no group's name: such a group says nothing of that key. */
export function toBy(keys: readonly string[], values: readonly (string | undefined)[]): GroupKey {
  return Object.fromEntries(
    keys.flatMap((key, index) => {
      const value = values[index]
      return value === undefined || value === '' ? [] : [[key, value]]
    }),
  )
}

/**
 * Whether its groups are ids (of requests, of sessions): there is no end to them, each is over after a
 * while, and many of them in one group would look like one that does what no single one did.
 */
export function isOfIds({ by }: Pick<Rule, 'by'>): boolean {
  return by.some((key) => VARYING_KEYS.has(key))
}

interface Held {
  readonly group: Pick<Group, 'effect' | 'heardMs'>
  readonly judgement?: Judgement
}

/** The group that was idle longest, of those that neither fire nor are about to. */
export function longestIdle(groups: ReadonlyMap<string, Held>): string | undefined {
  let found: string | undefined
  let leastMs = Number.POSITIVE_INFINITY
  for (const [key, { group, judgement }] of groups) {
    if (group.effect === 'firing' || judgement?.state === 'pending') continue
    if (group.heardMs >= leastMs) continue
    found = key
    leastMs = group.heardMs
  }
  return found
}
