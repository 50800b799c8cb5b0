/** Trials with two outcomes that began in one bin; bins without any may be left out. */
export interface CusumBin {
  /** Start of the bin, unix ms. */
  readonly atMs: number
  /** Samples, ok and failed together. */
  readonly count: number
  /** Sum of weights. */
  readonly ok: number
  readonly failed: number
}

export interface CusumOptions {
  /** In any order. */
  readonly bins: readonly CusumBin[]
  /** Start of the last bin that is looked at. */
  readonly lastMs: number
  /** p0: failing share when all is well, above 0 and below 1. */
  readonly baselineRatio: number
}

/** A stretch of bins that speaks for p1 rather than p0. */
export interface Excursion {
  /** Start of the bin after the last one with S = 0. */
  readonly startMs: number
  /** S in the last bin: how much likelier p1 is than p0 since then, as a logarithm (nats), above 0. */
  readonly logLikelihood: number
}

/**
 * The excursion under way in the last bin; undefined when there is none.
 *
 * S = max(0, S + n·(r·ln(p1/p0) + (1−r)·ln((1−p1)/(1−p0)))) over the bins (n samples, r the weighted
 * failing share; a bin without samples leaves S alone), with p1 = min(max(5·p0, 0.05), (1 + p0)/2).
 *
 * @see Page, Continuous inspection schemes, Biometrika 41 (1954)
 */
export function findExcursion({
  bins,
  lastMs,
  baselineRatio,
}: CusumOptions): Excursion | undefined {
  const p0 = baselineRatio
  const p1 = Math.min(Math.max(5 * p0, 0.05), (1 + p0) / 2)
  const perFailed = Math.log(p1 / p0)
  const perOk = Math.log((1 - p1) / (1 - p0))
  let sum = 0
  let startMs = 0
  for (const { atMs, count, ok, failed } of [...bins].sort((a, b) => a.atMs - b.atMs)) {
    if (atMs > lastMs) break
    if (count === 0 || ok + failed === 0) continue
    const ratio = failed / (ok + failed)
    const next = Math.max(0, sum + count * (ratio * perFailed + (1 - ratio) * perOk))
    // Empty bins leave S at 0 too, so the excursion starts with the first bin that lifts it.
    if (sum === 0 && next > 0) startMs = atMs
    sum = next
  }
  return sum > 0 ? { startMs, logLikelihood: sum } : undefined
}
