/** What chance alone does to a rule: expected false trips of one group, or of all groups together. */
export interface FalseTrips {
  readonly rule: string
  /** Null where no arithmetic exists; `reason` then says why. */
  readonly perDay: number | null
  readonly reason?: string
  /** Healthy failing share that was assumed, 0..1; null where items are only counted. */
  readonly noiseRatio: number | null
  /** Items in the window, of the group with most of them; null without arithmetic. */
  readonly volume: number | null
  readonly windowMs: number
  /** Groups that it is the sum over; 1 where the volume is assumed. */
  readonly groups: number
}

export interface FalseTripOptions {
  /** Instead of each rule's own healthy share, 0..1. */
  readonly noiseRatio?: number
  /** Items a second in a group; without it, the worst volume from `min_count` on. */
  readonly perS?: number
  /** Items in the window of each group, as a running server counted them, by rule. */
  readonly counted?: ReadonlyMap<string, readonly number[]>
}
