/**
 * A number of items that look alike otherwise: of one source, within one bucket of the kind. Good
 * until the call that hands it over returns.
 */
export interface Numbers {
  /** Theirs are from one place up to another. */
  readonly from: number
  readonly until: number
  /** NaN of an item that does not carry it. */
  readonly values: Float64Array
  readonly weights: Float64Array
  readonly counts: Float64Array
  /** Bins of the values in an exponential sketch (`binOf`); what it holds of NaN is of no meaning. */
  bins(): Int16Array
}
