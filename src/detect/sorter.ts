import { compileMatchers, type Matcher } from '../lib/matcher.ts'
import { type FieldValue, VARYING_KEYS } from '../model/observation.ts'
import type { Cursor } from './cursor.ts'
import type { Item } from './kind.ts'
import { usableBy } from './kinds.ts'
import { type Leaf, type Taker, Tally } from './leaf.ts'
import { type Reads, readsOf } from './reads.ts'
import type { RuleRun } from './rule-run.ts'

// Which groups take an item, without asking every rule: a tree that reads one key after the other,
// as a decision tree does, and only those that some rule still in question looks at. Rules over the
// same few routes, targets and outcomes make a few dozen leaves, and an item costs a walk to one of
// them instead of every rule's matchers.
//
// It grows with what comes. A key whose values turn out to be many (a request id, a number) is not
// sorted by any more: rules that look at it are asked item by item.

export interface Sorter {
  find(cursor: Cursor): Leaf
  /** To be called when a group or a rule was dropped: leaves know groups. */
  forget(): void
}

interface Branch {
  /** The next key to read; undefined at a leaf. */
  readonly key: string | undefined
  readonly children: Map<FieldValue | undefined, Branch>
  readonly leaf: Leaf | undefined
}

/** A key with more values than this at one place is not sorted by. */
const VALUES_MAX = 256
const LEAVES_MAX = 20_000

/** Keys with few values, that most rules sort by. */
const CORE = new Set([
  ...['role', 'outcome', 'route', 'target', 'router', 'kind', 'status', 'severity', 'metric'],
  ...['event', 'http.response.status_code'],
])

/**
 * Two trees: one for rules over the core keys alone, in which items are alike often and are counted
 * as one, and one for those that look closer. Together they would be as fine as the closest look.
 */
export function createSorters(runs: readonly RuleRun[]): readonly Sorter[] {
  const isCore = (run: RuleRun) => {
    const reads = readsOf(run.rule)
    if (!reads) return false
    const keys = [...Object.keys(run.rule.where), ...run.rule.by, ...reads.keys]
    return [...keys, ...Object.keys(reads.bad ?? {})].every((key) => CORE.has(key))
  }
  const core = runs.filter(isCore)
  const rest = runs.filter((run) => !core.includes(run))
  return [core, rest].filter((some) => some.length > 0).map(createSorter)
}

function createSorter(runs: readonly RuleRun[]): Sorter {
  const rules = runs.map(toSortable)
  const unsorted = new Set(VARYING_KEYS)
  let leafCount = 0
  let root: Branch | undefined

  const isSorted = (key: string) => !unsorted.has(key)
  const grow = (cursor: Cursor, query: GrowQuery): Branch => {
    const left = query.left.filter(({ where }) => holds(where, query.read, cursor))
    const key = nextKey(left, (one) => isSorted(one) && !query.read.has(one))
    if (key !== undefined) return { key, children: new Map(), leaf: undefined }
    leafCount++
    const leaf = toLeaf(left, { cursor, isSorted })
    return { key: undefined, children: new Map(), leaf }
  }
  const forget = () => {
    root = undefined
    leafCount = 0
  }
  const find = (cursor: Cursor): Leaf => {
    if (leafCount > LEAVES_MAX) forget()
    root ??= grow(cursor, { left: rules, read: new Set() })
    let branch = root
    while (branch.key !== undefined) {
      const value = cursor.read(branch.key)
      const next = branch.children.get(value)
      if (next) {
        branch = next
        continue
      }
      if (branch.children.size >= VALUES_MAX) {
        unsorted.add(branch.key)
        forget()
        return find(cursor)
      }
      // Rare: the way here is walked again, to know which keys it read.
      const read = pathTo(root, cursor)
      const grown = grow(cursor, { left: rules, read })
      branch.children.set(value, grown)
      branch = grown
    }
    return branch.leaf as Leaf
  }
  return { find, forget }
}

interface GrowQuery {
  readonly left: readonly Sortable[]
  /** Keys read on the way. */
  readonly read: ReadonlySet<string>
}

type Test = (read: (key: string) => FieldValue | undefined) => boolean

interface Sortable {
  readonly run: RuleRun
  /** One test per key of `where`. */
  readonly where: ReadonlyMap<string, Test>
  readonly by: readonly string[]
  readonly reads: Reads | undefined
  /** One test per key of `bad`. */
  readonly bad: ReadonlyMap<string, Test>
  readonly isUsable: (item: Item) => boolean
}

function toSortable(run: RuleRun): Sortable {
  const { where, by } = run.rule
  const reads = readsOf(run.rule)
  const tests = { where: testsOf(where), bad: testsOf(reads?.bad ?? {}) }
  return { run, ...tests, by, reads, isUsable: usableBy(run.rule) }
}

function testsOf(matchers: Readonly<Record<string, Matcher>>): ReadonlyMap<string, Test> {
  return new Map(
    Object.entries(matchers).map(([key, matcher]) => [key, compileMatchers({ [key]: matcher })]),
  )
}

/** Whether the conditions on keys that were read hold. */
function holds(
  where: ReadonlyMap<string, Test>,
  read: ReadonlySet<string>,
  cursor: Cursor,
): boolean {
  for (const [key, test] of where) if (read.has(key) && !test(cursor.read)) return false
  return true
}

/** Conditions first: they end questions. Of those the one that most rules ask. */
function nextKey(left: readonly Sortable[], isOpen: (key: string) => boolean): string | undefined {
  return (
    mostAsked(left, ({ where }) => [...where.keys()].filter(isOpen)) ??
    mostAsked(left, ({ by, reads, bad }) =>
      [...by, ...(reads?.keys ?? []), ...bad.keys()].filter(isOpen),
    ) ??
    mostAsked(left, ({ reads }) => (reads?.ofBad ?? []).filter(isOpen))
  )
}

function mostAsked(
  left: readonly Sortable[],
  keysOf: (one: Sortable) => readonly string[],
): string | undefined {
  const counts = new Map<string, number>()
  for (const one of left) for (const key of keysOf(one)) counts.set(key, (counts.get(key) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0]
}

function pathTo(root: Branch, cursor: Cursor): Set<string> {
  const read = new Set<string>()
  for (let branch: Branch | undefined = root; branch?.key !== undefined; ) {
    read.add(branch.key)
    branch = branch.children.get(cursor.read(branch.key))
  }
  return read
}

interface LeafQuery {
  readonly cursor: Cursor
  isSorted(key: string): boolean
}

function toLeaf(left: readonly Sortable[], query: LeafQuery): Leaf {
  const each: Taker[] = []
  const tallied: Taker[] = []
  const bucketsMs = new Set<number>()
  for (const one of left) {
    const isTallied = canTally(one, query)
    // Alike in all that the kind reads: if this one is of no use, none of them is.
    if (isTallied && !one.isUsable(query.cursor)) continue
    ;(isTallied ? tallied : each).push(toTaker(one, query))
    if (isTallied) for (const bucketMs of one.reads?.bucketsMs ?? []) bucketsMs.add(bucketMs)
  }
  const isCounted = left.some(({ run }) => run.rule.kind !== 'silence')
  return { each, tallied, tally: new Tally([...bucketsMs]), isCounted }
}

function toTaker(one: Sortable, { isSorted }: LeafQuery): Taker {
  const open = [...one.where].filter(([key]) => !isSorted(key)).map(([, test]) => test)
  const takes =
    open.length === 0 ? undefined : (read: Parameters<Test>[0]) => open.every((test) => test(read))
  const isEntryKnown = one.by.every(isSorted)
  return { run: one.run, takes, isUsable: one.isUsable, isEntryKnown, entry: undefined }
}

/** Whether everything that the rule reads of these items was sorted by. */
function canTally({ where, by, reads, bad }: Sortable, { cursor, isSorted }: LeafQuery): boolean {
  if (!reads || ![...where.keys(), ...by, ...reads.keys].every(isSorted)) return false
  const told = [...bad].filter(([key]) => isSorted(key))
  // What one condition rules out is not bad, whatever the others say.
  if (bad.size > 0 && !told.every(([, test]) => test(cursor.read))) return true
  return told.length === bad.size && reads.ofBad.every(isSorted)
}
