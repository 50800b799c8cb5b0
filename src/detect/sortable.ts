import { compileMatchers, type Matcher } from '../lib/matcher.ts'
import { type FieldValue, type ObservationUnit, VARYING_KEYS } from '../model/observation.ts'
import type { Cursor } from './cursor.ts'
import type { Item } from './kind.ts'
import { usableBy } from './kinds.ts'
import { type Reads, readsOf } from './reads.ts'
import type { RuleRun } from './rule-run.ts'

// What a rule asks of an item, key by key, so that items can be sorted by it.

export type Test = (read: (key: string) => FieldValue | undefined) => boolean

export interface Sortable {
  readonly run: RuleRun
  /** One test per key of `where`. */
  readonly where: ReadonlyMap<string, Test>
  readonly by: readonly string[]
  readonly reads: Reads | undefined
  /** One test per key of `bad`. */
  readonly bad: ReadonlyMap<string, Test>
  readonly isUsable: (item: Item) => boolean
}

export function toSortable(run: RuleRun, unit: ObservationUnit): Sortable {
  const { where, by } = run.rule
  const reads = readsOf(run.rule, unit)
  const conditions = new Map([...testsOf(where), ...presenceOf(where)])
  const bad = testsOf(reads?.bad ?? {})
  return { run, where: conditions, bad, by, reads, isUsable: usableBy(run.rule) }
}

/** Before a key that stands for whether there is a value. */
export const HAS = '?'

/** What must be there at all, of the keys that are not sorted by. */
function presenceOf(where: Readonly<Record<string, Matcher>>): ReadonlyMap<string, Test> {
  const needed = Object.keys(where).filter((key) => {
    return (
      VARYING_KEYS.has(key) && !compileMatchers({ [key]: where[key] as Matcher })(() => undefined)
    )
  })
  return new Map(needed.map((key) => [HAS + key, (read) => read(HAS + key) === true]))
}

/** The value of a key that is sorted by, or whether there is one. */
export function readOf({ read }: Cursor, key: string): FieldValue | undefined {
  return key.startsWith(HAS) ? read(key.slice(1)) !== undefined : read(key)
}

function testsOf(matchers: Readonly<Record<string, Matcher>>): ReadonlyMap<string, Test> {
  return new Map(
    Object.entries(matchers).map(([key, matcher]) => [key, compileMatchers({ [key]: matcher })]),
  )
}
