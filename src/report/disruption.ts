// Disruption per user session (DEFINITIONS.md): how long people stood before nothing, in the style
// of user-uptime (Hauer et al., NSDI 2020).

/** A request of the session that started in [T0, T1) and failed, or never ended. Unix ms. */
export interface Failure {
  /** Start of the request + baseline p95 of latency of its class. */
  readonly instantMs: number
  /** End of the session's first ok answer that ended after that instant; undefined without one. */
  readonly backMs: number | undefined
}

export interface DisruptionBounds {
  readonly t0Ms: number
  readonly t1Ms: number
  /** c: 15 minutes, by timings. */
  readonly cutMs: number
  /** Nothing is known after it. */
  readonly horizonMs: number
}

export interface SessionDisruption {
  readonly seconds: number
  /** The user never came back to an ok answer within c. */
  readonly isCensored: boolean
}

/**
 * D_s of one session: ∪ over its failures of [instant, back), each cut at c or at the horizon (then
 * censored), clipped to [T0, T1 + c]. Undefined when nothing is left.
 */
export function disruptionOf(
  failures: readonly Failure[],
  bounds: DisruptionBounds,
): SessionDisruption | undefined {
  const { t0Ms, t1Ms, cutMs, horizonMs } = bounds
  let isCensored = false
  const spans = [...failures]
    .sort((a, b) => a.instantMs - b.instantMs)
    .map(({ instantMs, backMs }) => {
      if (backMs !== undefined && backMs <= instantMs + cutMs) {
        return { fromMs: instantMs, toMs: backMs }
      }
      isCensored = true
      return { fromMs: instantMs, toMs: Math.min(instantMs + cutMs, horizonMs) }
    })
  let seconds = 0
  let reachedMs = t0Ms
  for (const { fromMs, toMs } of spans) {
    const end = Math.min(toMs, t1Ms + cutMs)
    const start = Math.max(fromMs, reachedMs)
    if (end <= start) continue
    seconds += (end - start) / 1000
    reachedMs = end
  }
  return seconds > 0 ? { seconds, isCensored } : undefined
}

export interface DisruptionSummary {
  readonly affected: number
  readonly censored: number
  readonly sumS: number
  readonly p50: Quantile
  readonly p95: Quantile
}

/** `beyond`: the quantile lies beyond the last observed return, so only a lower bound is known. */
export type Quantile =
  | { readonly status: 'known'; readonly seconds: number }
  | { readonly status: 'beyond'; readonly seconds: number }
  | { readonly status: 'none' }

/** p50 and p95 over affected sessions; Kaplan–Meier when more than 5 % are censored. */
export function summarise(disruptions: readonly SessionDisruption[]): DisruptionSummary {
  const sorted = [...disruptions].sort((a, b) => a.seconds - b.seconds)
  const censored = sorted.filter((one) => one.isCensored).length
  const isCensored = censored > 0.05 * sorted.length
  const quantile = (q: number): Quantile => {
    if (sorted.length === 0) return { status: 'none' }
    if (isCensored) return kaplanMeier(sorted, q)
    const rank = Math.max(1, Math.ceil(q * sorted.length))
    return { status: 'known', seconds: sorted[rank - 1]?.seconds ?? 0 }
  }
  return {
    affected: sorted.length,
    censored,
    sumS: sorted.reduce((sum, one) => sum + one.seconds, 0),
    p50: quantile(0.5),
    p95: quantile(0.95),
  }
}

/**
 * The least time by which the product-limit estimate has fallen to 1 − q.
 * @see Kaplan, Meier: Nonparametric estimation from incomplete observations (1958)
 */
function kaplanMeier(sorted: readonly SessionDisruption[], q: number): Quantile {
  let survival = 1
  for (let index = 0; index < sorted.length; ) {
    const seconds = sorted[index]?.seconds ?? 0
    const atRisk = sorted.length - index
    let returned = 0
    for (; index < sorted.length && sorted[index]?.seconds === seconds; index++) {
      if (!sorted[index]?.isCensored) returned++
    }
    survival *= 1 - returned / atRisk
    // A sum of products never meets 1 − q exactly; a billionth is less than any session.
    if (survival <= 1 - q + 1e-9) return { status: 'known', seconds }
  }
  return { status: 'beyond', seconds: sorted.at(-1)?.seconds ?? 0 }
}
