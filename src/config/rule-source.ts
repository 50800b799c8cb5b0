import { z } from 'zod'

// Where a rule on attempts takes them from: spans, or the counters in the status of each router.

/** All that counters know of an attempt. */
export const COUNTED_KEYS: ReadonlySet<string> = new Set([
  ...['route', 'target', 'router', 'role', 'outcome'],
])

/**
 * `auto` (the default): spans, and of a router whose spans fall short of its counters these, where
 * the rule reads nothing that counters do not know. Only in schemas of kinds that count items.
 */
export const SOURCE = { source: z.enum(['auto', 'spans', 'counters']).default('auto') }

type Keyed = Readonly<Record<string, unknown>>

/** What the kinds that count have in common. */
interface SourcedRule {
  readonly source: 'auto' | 'spans' | 'counters'
  readonly on: string
  readonly where: Keyed
  readonly by: readonly string[]
  readonly bad?: Keyed | undefined
  readonly per?: Keyed | undefined
  readonly key?: string
  readonly of?: string
  readonly trip: { readonly for: number; readonly min_distinct?: Keyed }
}

/** A refinement: `source` fits what the rule is on, and `counters` all that it reads. */
export function checkSource(rule: SourcedRule, context: z.RefinementCtx): void {
  if (rule.source === 'auto') return
  const problem = (path: PropertyKey[], message: string) =>
    context.addIssue({ code: 'custom', path, message })
  if (rule.on !== 'attempts') problem(['source'], 'goes with on: attempts')
  if (rule.source !== 'counters') return
  for (const [key, path] of readKeys(rule))
    if (!COUNTED_KEYS.has(key))
      problem(path, `counters know ${[...COUNTED_KEYS].join(', ')}, not ${key}`)
}

type Read = readonly [key: string, path: PropertyKey[]]

/** Every field that the rule reads, with where it says so. */
function readKeys(rule: SourcedRule): readonly Read[] {
  const { where, by, bad = {}, per = {}, key, of, trip } = rule
  const named = (part: Keyed, path: PropertyKey[]) =>
    Object.keys(part).map((one): Read => [one, [...path, one]])
  return [
    ...named(where, ['where']),
    ...by.map((one, index): Read => [one, ['by', index]]),
    ...named(bad, ['bad']),
    ...named(per, ['per']),
    ...named(trip.min_distinct ?? {}, ['trip', 'min_distinct']),
    ...(key === undefined ? [] : [[key, ['key']] satisfies Read]),
    ...(of === undefined || of === 'volume' ? [] : [[of, ['of']] satisfies Read]),
  ]
}

/** Under the name that code uses; absent is `auto`, so that saved state of older rules still fits. */
export function toSource(source: SourcedRule['source']) {
  return source === 'auto' ? {} : { source }
}
