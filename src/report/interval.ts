import { floorToBin } from '../lib/bin-width.ts'
import { type CusumBin, findExcursion } from '../lib/binomial-cusum.ts'
import { COUNT_MIN } from './bins.ts'

// The interval of impairment I = [T0, T1) (DEFINITIONS.md, "The interval"). Both ends are bin
// edges, so that bins partition I exactly and every figure counts the same requests: those whose
// *start* lies in [T0, T1). Everything here is computed from attempts on the primary of the route
// (role `primary`, outcome ok or failed; rejected and cancelled ones do not exist), each in the
// bin of its own *start* time, with its *final* outcome. Duplicates of a span count once.

/** Attempts on the primary that *started* in one bin; bins without any may be left out. */
export type PrimaryBin = CusumBin

export interface IntervalOptions {
  readonly bins: readonly PrimaryBin[]
  readonly binMs: number
  /**
   * p0: failed / (ok + failed) by weight of attempts on the primary that *ended* in
   * [tDetect − 7 d, tDetect − 2 × window of the tripping rule); when those are fewer than 20
   * samples, in [tDetect − 1 h, tDetect − window); when these are too, 0. (7 d, 1 h: by timings.)
   */
  readonly baselineRatio: number
  /** tDetect: decision (t4) of the incident's first move to `engaging`, else its `opened_at`. */
  readonly detectMs: number
  /** T0 when the CUSUM stands at 0 in the bin of detection: the incident's own first sign. */
  readonly incidentT0Ms: number
  /**
   * Known until: newest end of a stored request of the route − `telemetry.lateness`; of a resolved
   * incident not before `resolved_at` and not after `resolved_at` + `report.quiet_for`. Only bins
   * that end by then are judged.
   */
  readonly horizonMs: number
  /** `resolved_at`; absent while the incident is not resolved. */
  readonly resolvedMs?: number | undefined
  /** `report.quiet_for`. */
  readonly quietForMs: number
  /** `timings.tricklePoolMs`. */
  readonly poolMs: number
  /** S12: the primary is known to be unable to carry the load offered then; see `capacity.ts`. */
  capacityShort?(atMs: number): boolean
}

export interface Interval {
  readonly t0Ms: number
  readonly t1Ms: number
  readonly state: 'provisional' | 'final'
  /** `incident`: the CUSUM found nothing, so T0 is the incident's own `t0`, floored to its bin. */
  readonly t0From: 'cusum' | 'incident'
  /** p0' = max(p0, 0.001). */
  readonly baselineRatio: number
  /** A bin is bad above this: max(3·p0', 0.05), strictly. */
  readonly badAbove: number
  readonly badBinCount: number
}

/**
 * T0, the bad bins, T1.
 *
 * **T0.** S = max(0, S + n·(r·ln(p1/p0') + (1−r)·ln((1−p1)/(1−p0')))) over the bins (n samples, r
 * the weighted failure ratio; a bin without attempts leaves S alone), from the first bin given (one
 * hour before detection, by timings) to the one that holds tDetect, inclusive; T0 = the start of
 * the bin after the last one with S = 0. S = 0 in the bin of tDetect: see `incidentT0Ms`.
 *
 * **Bad.** From T0 on, each whole bin that ends by `horizonMs` is judged by the first that applies:
 * 1. `capacityShort` → bad;
 * 2. it has ≥ 20 attempts itself → bad if failed/(ok+failed) > max(3·p0', 0.05), strictly;
 * 3. the pool: this bin and those before it, ceil(poolMs/binMs) bins in all, stretched back bin by
 *    bin to at most ten times as many until it holds ≥ 20 attempts, never before T0 → same limit;
 * 4. fewer still: as the bin before (the bin at T0: bad).
 *
 * **T1.** L = the first bad bin after which no bin that ends within `quietForMs` of L's end is bad,
 * once `horizonMs` has reached L's end + `quietForMs`. If L is short of capacity, T1 = L's end.
 * Else F = the last bin up to L with a failed attempt, A = the next bin after F with any attempt on
 * the primary: T1 = F's end; but if A starts later than F's end + poolMs (no trickle bore witness),
 * T1 = A's start, the last moment before the step that proved the primary.
 *
 * Until then the state is `provisional` and T1 = the last bin edge up to `horizonMs`. A resolved
 * incident is `final` even so: T1 as above with L = the last bad bin, or the last edge up to
 * `resolved_at` when the bin before that edge is itself bad. T1 is at least one bin after T0.
 */
export function findInterval(options: IntervalOptions): Interval {
  const { binMs, detectMs, incidentT0Ms } = options
  const baselineRatio = Math.max(options.baselineRatio, 0.001)
  const badAbove = Math.max(3 * baselineRatio, 0.05)
  const lastMs = floorToBin(detectMs, binMs)
  const onset = findExcursion({ bins: options.bins, lastMs, baselineRatio })
  const t0Ms = onset?.startMs ?? floorToBin(incidentT0Ms, binMs)
  const series = toSeries({ options, t0Ms })
  const bad = judgeBins({ ...options, series, t0Ms, badAbove })
  const end = findEnd({ ...options, series, bad, t0Ms })
  return {
    t0Ms,
    t1Ms: Math.max(end.t1Ms, t0Ms + binMs),
    state: end.state,
    t0From: onset === undefined ? 'incident' : 'cusum',
    baselineRatio,
    badAbove,
    badBinCount: bad.reduce(
      (sum, isBad, index) => sum + (isBad && t0Ms + index * binMs < end.t1Ms ? 1 : 0),
      0,
    ),
  }
}

/** Dense bins from T0 to the last whole bin before the horizon. */
interface Series {
  readonly count: Float64Array
  readonly ok: Float64Array
  readonly failed: Float64Array
}

function toSeries({ options, t0Ms }: { options: IntervalOptions; t0Ms: number }): Series {
  const { bins, binMs, horizonMs } = options
  const length = Math.max(0, Math.floor((horizonMs - t0Ms) / binMs))
  const series = {
    count: new Float64Array(length),
    ok: new Float64Array(length),
    failed: new Float64Array(length),
  }
  for (const bin of bins) {
    const index = Math.round((bin.atMs - t0Ms) / binMs)
    if (index < 0 || index >= length) continue
    series.count[index] = bin.count
    series.ok[index] = bin.ok
    series.failed[index] = bin.failed
  }
  return series
}

interface JudgeOptions extends IntervalOptions {
  readonly series: Series
  readonly t0Ms: number
  readonly badAbove: number
}

function judgeBins(options: JudgeOptions): boolean[] {
  const { series, binMs, poolMs, t0Ms, badAbove, capacityShort } = options
  const poolBinCount = Math.max(1, Math.ceil(poolMs / binMs))
  const bad: boolean[] = []
  for (let index = 0; index < series.count.length; index++) {
    if (capacityShort?.(t0Ms + index * binMs)) bad.push(true)
    else {
      const ratio = judgedRatio({ series, index, poolBinCount })
      bad.push(ratio === undefined ? (bad.at(-1) ?? true) : ratio > badAbove)
    }
  }
  return bad
}

interface JudgedBin {
  readonly series: Series
  readonly index: number
  readonly poolBinCount: number
}

/** Failure ratio by which a bin is judged: its own, else the pool's; undefined below 20 samples. */
function judgedRatio({ series, index, poolBinCount }: JudgedBin): number | undefined {
  let count = 0
  let ok = 0
  let failed = 0
  for (let back = 0; back < poolBinCount * 10 && index - back >= 0; back++) {
    count += series.count[index - back] ?? 0
    ok += series.ok[index - back] ?? 0
    failed += series.failed[index - back] ?? 0
    const isEnough = count >= COUNT_MIN && (back === 0 || back + 1 >= poolBinCount)
    if (isEnough) return failed / (ok + failed)
  }
  return undefined
}

interface EndOptions extends IntervalOptions {
  readonly series: Series
  readonly bad: readonly boolean[]
  readonly t0Ms: number
}

function findEnd(options: EndOptions): Pick<Interval, 't1Ms' | 'state'> {
  const { bad, t0Ms, binMs, quietForMs, horizonMs, resolvedMs } = options
  let last = -1
  for (let index = 0; index < bad.length; index++) {
    if (bad[index]) last = index
    else if (last >= 0 && (index - last) * binMs >= quietForMs) {
      return { t1Ms: endAfter(options, last), state: 'final' }
    }
  }
  const lastEdgeMs = floorToBin(Math.min(horizonMs, resolvedMs ?? horizonMs), binMs)
  if (resolvedMs === undefined) return { t1Ms: lastEdgeMs, state: 'provisional' }
  const isStillBad = bad[Math.round((lastEdgeMs - t0Ms) / binMs) - 1] === true
  return {
    t1Ms: last < 0 || isStillBad ? lastEdgeMs : endAfter(options, last),
    state: 'final',
  }
}

/** T1, given L: the index of the last bad bin. */
function endAfter(options: EndOptions, last: number): number {
  const { series, t0Ms, binMs, poolMs, capacityShort } = options
  const startOf = (index: number) => t0Ms + index * binMs
  if (capacityShort?.(startOf(last))) return startOf(last + 1)
  let failing = last
  while (failing >= 0 && (series.failed[failing] ?? 0) === 0) failing--
  if (failing < 0) return startOf(last + 1)
  const proving = series.count.findIndex((count, index) => index > failing && count > 0)
  const isWitnessed = proving >= 0 && startOf(proving) <= startOf(failing + 1) + poolMs
  return isWitnessed || proving < 0 ? startOf(failing + 1) : startOf(proving)
}
