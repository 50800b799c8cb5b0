import type { Observation } from '../model/observation.ts'
import type { Item } from './kind.ts'

/** Spans (attempts, requests) that go the same ways, in the order in which they came. */
export interface Pile {
  readonly length: number
  readonly items: readonly Observation[]
  /** Guarded event times. */
  readonly atUnixMs: Float64Array
  readonly weights: Float64Array
  /** Samples. */
  readonly counts: Float64Array
  /**
   * A number of each, NaN of those that do not carry it; good until the next pile.
   * @param first tells of the first item also what an item does not say itself
   */
  numbers(key: string, first: () => Item): Float64Array
}

/** Of a pile, the items from one place up to another. */
export interface Part {
  readonly from: number
  readonly until: number
}
