import type { FieldValue } from '../model/observation.ts'
import type { Cursor } from './cursor.ts'
import type { Leaf } from './leaf.ts'
import { HAS, readOf } from './sortable.ts'
import type { Sorter } from './sorter.ts'

// Sorting asks tree after tree, and all of them ask for much the same. Here it is remembered what was
// asked, in that order, and what was answered: whoever answers alike belongs to the same leaves, and is
// asked for each key once.

export interface LeafPathsOptions<Found> {
  readonly sorters: readonly Sorter[]
  /** What else is to be asked of items. */
  readonly furtherKeys: readonly string[]
  /** What follows for all that answer alike. */
  find(leaves: readonly Leaf[], cursor: Cursor): Found
}

interface Step<Found> {
  /** What is asked next, as of `readOf`; undefined at the end. */
  key: string | undefined
  /** The field that it is about, and whether only to be there matters. */
  field: string
  isPresence: boolean
  readonly next: Map<FieldValue | undefined, Step<Found>>
  found: Found | undefined
}

/** Then it is learnt anew: answers that never come again must not fill memory. */
const STEPS_MAX = 50_000

export class LeafPaths<Found> {
  readonly #options: LeafPathsOptions<Found>
  #first: Step<Found> = createStep()
  #stepCount = 0

  constructor(options: LeafPathsOptions<Found>) {
    this.#options = options
  }

  /** Of the item under the cursor. */
  find(cursor: Cursor): Found {
    let step = this.#first
    while (step.key !== undefined) {
      const value = cursor.read(step.field)
      const next = step.next.get(step.isPresence ? value !== undefined : value)
      if (next === undefined) return this.#learn(cursor)
      step = next
    }
    return step.found ?? this.#learn(cursor)
  }

  #learn(cursor: Cursor): Found {
    const { sorters, furtherKeys, find } = this.#options
    const leaves = sorters.map((sorter) => sorter.find(cursor))
    const asked = sorters.flatMap((sorter) => [...sorter.keysTo(cursor)])
    const keys = [...new Set([...asked, ...furtherKeys])]
    const found = find(leaves, cursor)
    if (this.#stepCount > STEPS_MAX || !this.#add(keys, cursor, found)) {
      this.#first = createStep()
      this.#stepCount = 0
      this.#add(keys, cursor, found)
    }
    return found
  }

  /** False where sorters ask for something else than they did: a key had too many values. */
  #add(keys: readonly string[], cursor: Cursor, found: Found): boolean {
    let step = this.#first
    for (const key of keys) {
      if (step.found !== undefined || (step.key ?? key) !== key) return false
      step.key = key
      step.isPresence = key.startsWith(HAS)
      step.field = step.isPresence ? key.slice(HAS.length) : key
      const value = readOf(cursor, key)
      let next = step.next.get(value)
      if (!next) {
        next = createStep()
        this.#stepCount++
        step.next.set(value, next)
      }
      step = next
    }
    if (step.key !== undefined) return false
    step.found = found
    return true
  }
}

function createStep<Found>(): Step<Found> {
  return { key: undefined, field: '', isPresence: false, next: new Map(), found: undefined }
}
