import type { Observation } from '../model/observation.ts'

/** Spans (attempts, requests) of the same traits, in the order in which they came. */
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
   * @param first tells it of the first item, also where an item does not say it itself
   */
  numbers(key: string, first: () => number | undefined): Float64Array
}

/** Of a pile, the items from one place up to another. */
export interface Part {
  readonly from: number
  readonly until: number
}
