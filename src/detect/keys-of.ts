import type { Rule } from '../config/rules.ts'

/** Members of a rule whose own keys are fields, and those that name fields. */
const KEYED = ['where', 'bad', 'per', 'expect', 'distinctMin']
const NAMING = ['by', 'of', 'key', 'desired', 'actual', 'atMax']
const NESTED = ['trip', 'clear']
/** What roles and ages are found by, and what numbers of metrics are read from. */
const PLACE = ['route', 'target']
const POINT = ['metric', 'value']

/**
 * Every field that a rule may read of an observation, so that a back-test fetches those and no others.
 * By the names of a rule's members rather than by its kind; names of metrics come along, and do no
 * harm.
 */
export function keysOf(rule: Rule): ReadonlySet<string> {
  const keys = new Set<string>(rule.on === 'metrics' ? POINT : [])
  const collect = (part: object) => {
    for (const [name, value] of Object.entries(part)) {
      if (NAMING.includes(name)) for (const one of [value].flat()) keys.add(String(one))
      else if (typeof value !== 'object' || value === null) continue
      else if (KEYED.includes(name)) for (const key of Object.keys(value)) keys.add(key)
      else if (NESTED.includes(name)) collect(value)
    }
  }
  collect(rule)
  // How many items come is read from none of them.
  if (rule.kind === 'growth' && rule.of === 'volume') keys.delete('volume')
  if (keys.has('role') || rule.kind === 'inflight') for (const key of PLACE) keys.add(key)
  return keys
}
