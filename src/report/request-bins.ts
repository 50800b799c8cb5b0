// Counts of logical requests per bin of start time: all that the count figures need, so that an
// incident of millions of requests leaves the database as a few thousand rows.

/**
 * Sums of weights (except `samples`) over the logical requests that *started* in one bin.
 * A logical request: all rows with one RequestId; its final outcome and target by its attempts,
 * see `requests.ts`. Eligible: ok, failed or unknown; rejected and cancelled are not.
 */
export interface RequestBin {
  /** Start of the bin, unix ms. */
  readonly atMs: number
  /** Eligible requests, unweighted: what n_min compares with. */
  readonly samples: number
  /** All requests, eligible or not: offered load. */
  readonly offered: number
  /** N_p, N_f, N_o, N_x, N_u. */
  readonly primary: number
  readonly fallback: number
  readonly other: number
  readonly failed: number
  readonly unknown: number
  /** Images of the requests in `fallback`. */
  readonly fallbackImages: number
  /** W_obs: at least one failed attempt on the primary, and none ok there. */
  readonly observed: number
  /** Those of `observed` that a fallback served. */
  readonly observedServed: number
  /** Sent straight to a fallback: an attempt on a fallback, none of any outcome on the primary. */
  readonly straight: number
  /** Those of `straight` that a fallback served. */
  readonly straightServed: number
  /** Those of `other` that are neither in `straight` nor had a failed attempt on the primary. */
  readonly otherClean: number
  /** Ok requests with a failed attempt: masked failures. */
  readonly masked: number
}

export type RequestCounts = Omit<RequestBin, 'atMs'>

export const NO_REQUESTS: RequestCounts = {
  samples: 0,
  offered: 0,
  primary: 0,
  fallback: 0,
  other: 0,
  failed: 0,
  unknown: 0,
  fallbackImages: 0,
  observed: 0,
  observedServed: 0,
  straight: 0,
  straightServed: 0,
  otherClean: 0,
  masked: 0,
}

/** Every bin from `fromMs` up to `toMs`, empty ones included. */
export function toDenseBins(options: {
  readonly bins: readonly RequestBin[]
  readonly fromMs: number
  readonly toMs: number
  readonly binMs: number
}): RequestBin[] {
  const { bins, fromMs, toMs, binMs } = options
  const byStart = new Map(bins.map((bin) => [bin.atMs, bin]))
  const dense: RequestBin[] = []
  for (let atMs = fromMs; atMs < toMs; atMs += binMs) {
    dense.push(byStart.get(atMs) ?? { ...NO_REQUESTS, atMs })
  }
  return dense
}

/** The sum over bins of every count. */
export function sumBins(bins: readonly RequestBin[]): RequestCounts {
  const sum: Record<string, number> = { ...NO_REQUESTS }
  for (const bin of bins) {
    for (const key of Object.keys(NO_REQUESTS) as (keyof RequestCounts)[]) {
      sum[key] = (sum[key] ?? 0) + bin[key]
    }
  }
  return sum as unknown as RequestCounts
}

/** N_p + N_f + N_o. */
export const okOf = (counts: RequestCounts): number =>
  counts.primary + counts.fallback + counts.other

/** N. */
export const eligibleOf = (counts: RequestCounts): number =>
  okOf(counts) + counts.failed + counts.unknown

/** Success ratio among the known; undefined when nothing is known. */
export function successOf(counts: RequestCounts): number | undefined {
  const known = okOf(counts) + counts.failed
  return known > 0 ? okOf(counts) / known : undefined
}
