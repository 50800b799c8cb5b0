import { type FieldValue, type ObservationUnit, VARYING_KEYS } from '../model/observation.ts'
import type { Cursor } from './cursor.ts'
import { usableWithout } from './kinds.ts'
import type { Leaf, Taker, TakerSet } from './leaf.ts'
import type { RuleRun } from './rule-run.ts'
import { readOf, type Sortable, type Test, toSortable } from './sortable.ts'

// Which groups take an item, without asking every rule: a tree that reads one key after the other,
// as a decision tree does, and only those that some rule still in question looks at. Rules over the
// same few routes, targets and outcomes make a few dozen leaves, and an item costs a walk to one of
// them instead of every rule's matchers.
//
// It grows with what comes. A key whose values turn out to be many (a request id, a number) is not
// sorted by any more: rules that look at it are asked item by item. Of texts that a rule searches it is
// sorted by whether there is one, since few items carry any.

export interface Sorter {
  /** Of the item under the cursor. The leaf knows groups: it is good until one is dropped. */
  find(cursor: Cursor): Leaf
  /** What it asked the item under the cursor to find it, in that order. */
  keysTo(cursor: Cursor): Iterable<string>
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

/** Further sets of keys than these share a tree. */
const TREES_MAX = 8

/**
 * A tree for each set of further keys that rules look at, beside the core ones: in one tree they would
 * all be told as little at once as the closest look allows.
 */
export function createSorters(unit: ObservationUnit, runs: readonly RuleRun[]): readonly Sorter[] {
  const byKeys = new Map<string, Sortable[]>()
  for (const run of runs) {
    const rule = toSortable(run, unit)
    const keys = furtherKeys(rule)
    const isRoom = byKeys.has(keys) || byKeys.size < TREES_MAX
    const key = isRoom ? keys : REST
    byKeys.set(key, [...(byKeys.get(key) ?? []), rule])
  }
  return [...byKeys.values()].map(createSorter)
}

const REST = 'rest'

/** In a text of their own those rules that see each item: for them it does not matter. */
function furtherKeys({ where, by, reads, bad }: Sortable): string {
  if (!reads) return 'each'
  const keys = [...where.keys(), ...by, ...reads.keys, ...bad.keys(), ...reads.ofBad]
  const further = keys.filter((key) => !CORE.has(key) && !VARYING_KEYS.has(key))
  return [...new Set(further)].sort().join()
}

function createSorter(rules: readonly Sortable[]): Sorter {
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
      const value = readOf(cursor, branch.key)
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
  return { find, keysTo: (cursor) => (root ? pathTo(root, cursor) : []) }
}

interface GrowQuery {
  readonly left: readonly Sortable[]
  /** Keys read on the way. */
  readonly read: ReadonlySet<string>
}

/** Whether the conditions on keys that were read hold. */
function holds(
  where: ReadonlyMap<string, Test>,
  read: ReadonlySet<string>,
  cursor: Cursor,
): boolean {
  const readSorted = (key: string) => readOf(cursor, key)
  for (const [key, test] of where) if (read.has(key) && !test(readSorted)) return false
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
    branch = branch.children.get(readOf(cursor, branch.key))
  }
  return read
}

interface LeafQuery {
  readonly cursor: Cursor
  isSorted(key: string): boolean
}

function toLeaf(left: readonly Sortable[], query: LeafQuery): Leaf {
  const each: Taker[] = []
  const tallied = new Map<string, TakerSet & { takers: Taker[] }>()
  const numberKeys = new Set<string>()
  for (const one of left) {
    const { reads, isUsable } = one
    if (!reads || !canTally(one, query)) {
      each.push(toTaker(one, query))
      continue
    }
    const { number } = reads
    // Alike in all that the kind reads: if this one is of no use, none of them is.
    if (number === undefined && !isUsable(query.cursor)) continue
    if (number !== undefined) numberKeys.add(number)
    const column = number === undefined ? NONE : [...numberKeys].indexOf(number)
    const bucketsMs = [...new Set(reads.bucketsMs)].sort((a, b) => a - b)
    const alike = tallied.get(bucketsMs.join()) ?? { bucketsMs, takers: [] }
    tallied.set(bucketsMs.join(), alike)
    alike.takers.push({ ...toTaker(one, query), column })
  }
  const isCounted = left.some(({ run }) => run.rule.kind !== 'silence')
  return {
    ...{ each, tallied: [...tallied.values()], isCounted, numberKeys: [...numberKeys] },
    bucketsMs: [...new Set([...tallied.values()].flatMap((alike) => alike.bucketsMs))],
  }
}

const NONE = -1

function toTaker({ run, where, by, isUsable }: Sortable, { isSorted }: LeafQuery): Taker {
  const open = [...where].filter(([key]) => !isSorted(key)).map(([, test]) => test)
  const takes =
    open.length === 0 ? undefined : (read: Parameters<Test>[0]) => open.every((test) => test(read))
  return {
    run,
    takes,
    isUsable,
    isEntryKnown: by.every(isSorted),
    column: NONE,
    isUsableWithout: usableWithout(run.rule),
    entry: undefined,
  }
}

/** Whether everything that the rule reads of these items was sorted by. */
function canTally({ where, by, reads, bad }: Sortable, { cursor, isSorted }: LeafQuery): boolean {
  if (!reads || ![...where.keys(), ...by, ...reads.keys].every(isSorted)) return false
  const told = [...bad].filter(([key]) => isSorted(key))
  // What one condition rules out is not bad, whatever the others say.
  if (bad.size > 0 && !told.every(([, test]) => test(cursor.read))) return true
  return told.length === bad.size && reads.ofBad.every(isSorted)
}
