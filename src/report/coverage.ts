import type { Chance } from './counterfactual.ts'
import { okOf, type RequestBin, sumBins } from './request-bins.ts'

/** A value with the bounds that the unknown p(t), or unknown outcomes, give it. */
export interface Bounded {
  readonly value: number | null
  readonly low: number | undefined
  readonly high: number | undefined
}

/** What would have happened without a fallback, over the bins of I. */
export interface Counterfactual {
  /** W = W_obs + W_est. */
  readonly wouldHaveFailed: Bounded
  /** The part of W that a fallback served. */
  readonly served: Bounded
  /** served / W; null when nothing would have failed. */
  readonly coverage: Bounded
  /** (N_p + N_o clean + Σ straight·(1 − p)) / (N − N_u). */
  readonly availability: Bounded
  /** Share of the straight requests whose p is `assumed`; 0 without any. */
  readonly assumedShare: number
}

type Pick = 'value' | 'low' | 'high'

/**
 * W_obs: requests with a failed attempt on the primary and none ok there. W_est: requests sent
 * straight to a fallback, each times p of the bin that it started in. Bounds: the same sums under
 * p_low and p_high, in the order of their size.
 */
export function toCounterfactual(
  bins: readonly RequestBin[],
  chanceAt: (atMs: number) => Chance,
): Counterfactual {
  const sum = sumBins(bins)
  const chances = bins.map((bin) => (bin.straight > 0 ? chanceAt(bin.atMs) : undefined))
  const weigh = (key: 'straight' | 'straightServed', pick: Pick) =>
    bins.reduce((total, bin, index) => total + bin[key] * (chances[index]?.[pick] ?? 0), 0)
  const failed = (pick: Pick) => sum.observed + weigh('straight', pick)
  const served = (pick: Pick) => sum.observedServed + weigh('straightServed', pick)
  const known = okOf(sum) + sum.failed
  const assumed = bins.reduce(
    (total, bin, index) => total + (chances[index]?.assumed ? bin.straight : 0),
    0,
  )
  const up = (pick: Pick) => sum.primary + sum.otherClean + sum.straight - weigh('straight', pick)
  return {
    wouldHaveFailed: bounded(failed),
    served: bounded(served),
    coverage: bounded((pick) => (failed(pick) > 0 ? served(pick) / failed(pick) : undefined)),
    availability: bounded((pick) => (known > 0 ? up(pick) / known : undefined)),
    assumedShare: sum.straight > 0 ? assumed / sum.straight : 0,
  }
}

function bounded(at: (pick: Pick) => number | undefined): Bounded {
  const value = at('value')
  const all = [value, at('low'), at('high')].filter((one) => one !== undefined)
  return {
    value: value ?? null,
    low: all.length > 0 ? Math.min(...all) : undefined,
    high: all.length > 0 ? Math.max(...all) : undefined,
  }
}
