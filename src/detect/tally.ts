import type { Said } from './cursor.ts'
import type { NumberSource } from './item-numbers.ts'
import type { Leaf } from './leaf.ts'
import { Rows } from './rows.ts'

/** Items of a batch of one leaf and one source: rules see many of them as one. */
export class Tally extends Rows {
  readonly leaf: Leaf
  /** Some rule sees each item; some see many as one. */
  readonly hasEach: boolean
  readonly hasTallied: boolean
  /** The groups are there that its items go to, whatever numbers they carry. */
  hasGroups = false
  /** What rules asked of its items: they are alike in all of it. */
  readonly said: Said = new Map()
  /** Where the numbers stand that are read of them, by the leaf's `numberKeys`. */
  readonly sources: readonly NumberSource[]

  constructor(leaf: Leaf, sources: readonly NumberSource[]) {
    super()
    this.leaf = leaf
    this.hasEach = leaf.each.length > 0
    this.hasTallied = leaf.tallied.length > 0
    this.sources = sources
  }
}
