// When a group that neither trips nor lacks anything needs no judging, whatever comes.

/** A group at rest is judged at least so often. */
export const REST_MS = 1_000

/** How much more a group can take without another answer, whatever it is that comes. */
export interface Slack {
  readonly weight: number
  /**
   * Of what speaks for tripping (or for judging), or of anything; absent: of the first when the answer
   * was `calm`, of the second when it was `few`.
   */
  readonly of?: 'speaking' | 'all'
  /** For windows that end before: then items leave that the answer rests on. */
  readonly untilUnixMs: number
}

/** Whatever there is less of says nothing of more: what may come before the least count is reached. */
export function slackToCount(lacking: number): Slack {
  return { weight: lacking, untilUnixMs: Number.POSITIVE_INFINITY }
}

/** The first that speaks is enough. */
export function slackToSign(untilUnixMs: number): Slack {
  return { weight: Number.MIN_VALUE, untilUnixMs, of: 'speaking' }
}

/** Where the sums of whole buckets stay what they are without items, the end of that. */
export function bucketEndMs(endMs: number, bucketMs: number): number {
  return (Math.floor(endMs / bucketMs) + 1) * bucketMs
}
