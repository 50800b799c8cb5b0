import { chooseBinMs, floorToBin } from '../lib/bin-width.ts'
import { type CusumBin, findExcursion } from '../lib/binomial-cusum.ts'
import type { Role } from '../model/attempt.ts'
import type { Onset } from '../model/verdict.ts'
import { createAttemptBins, endBinMs, FAILED, OK, type PairBins, SAMPLES } from './attempt-bins.ts'
import type { NewAttempts } from './columns.ts'
import type { Remembered } from './memory.ts'

/**
 * T0 of DEFINITIONS.md ("The interval") while it happens, without storage: the same CUSUM over the
 * same bins as the report's, from the attempts that came by.
 *
 * What the report knows better: the baseline of 7 days stands only in storage, here it is that of the
 * last hour; bins are as wide as *attempts* allow, there as *requests* do (they differ when retries
 * or fallbacks took more than a few of them before); and what came later, or came more than 5 min
 * late (see `clock-guard.ts`), is not known here.
 */
export interface Onsets extends Remembered {
  /** Attempts that were not delivered before, at their guarded event times: their ends. */
  observe(attempts: NewAttempts): void
  /** Undefined when the CUSUM stands at 0: nothing says when it began. */
  onsetOf(query: OnsetQuery): Onset | undefined
}

export interface OnsetScope {
  readonly route?: string | undefined
  readonly target?: string | undefined
  /** Roles that the rule looks at; by default all, and of a route without a target its primary. */
  hasRole?(role: Role): boolean
}

export interface OnsetQuery extends OnsetScope {
  readonly detectUnixMs: number
  /** Window of the rule. */
  readonly windowMs: number
}

export interface OnsetsOptions {
  readonly hourMs: number
  /** How far the clocks of routers are off, undefined when nobody knows. */
  clockSkewMs?(): number | undefined
}

const SECOND_MS = 1_000
/** Fewer samples are no baseline. */
const BASELINE_COUNT_MIN = 20
const BASELINE_MIN = 0.001

export function createOnsets({ hourMs, clockSkewMs }: OnsetsOptions): Onsets {
  const bins = createAttemptBins({ hourMs })
  return {
    get changeCount() {
      return bins.changeCount ?? 0
    },
    save: (nowMs) => bins.save(nowMs),
    load: (saved, nowMs) => bins.load(saved, nowMs),
    observe: (attempts) => bins.add(attempts),
    onsetOf(query) {
      const { detectUnixMs, windowMs } = query
      const pairs = pairsOf(bins.pairs(), query)
      if (pairs.length === 0) return undefined
      const seconds = readSeconds(pairs, { fromMs: detectUnixMs - hourMs, toMs: detectUnixMs })
      const binMs = chooseBinMs({
        seconds,
        fromMs: floorToBin(detectUnixMs - hourMs / 6, SECOND_MS),
        toMs: detectUnixMs,
      })
      const baselineRatio = readBaseline(pairs, { detectUnixMs, windowMs, hourMs })
      // After the last failure stands only what was quick: slow ones that fail are still under way.
      // It lowers S and moves no start.
      const lastFailedMs = seconds.findLast(({ failed }) => failed > 0)?.atMs ?? 0
      const found = findExcursion({
        bins: pool(seconds, binMs),
        lastMs: floorToBin(Math.min(detectUnixMs, lastFailedMs), binMs),
        baselineRatio,
      })
      if (!found) return undefined
      const uncertaintyMs = binMs + (clockSkewMs?.() ?? 0)
      return {
        ...{ atUnixMs: found.startMs, uncertaintyMs, baselineRatio, detectUnixMs },
        from: 'cusum',
      }
    },
  }
}

function pairsOf(pairs: Iterable<PairBins>, scope: OnsetScope): readonly PairBins[] {
  const { route, target, hasRole } = scope
  const own = [...pairs].filter(
    (pair) =>
      (route === undefined || pair.route === route) &&
      (target === undefined || pair.target === target),
  )
  const isPrimary = (role: Role) => role === 'primary'
  const isWanted = hasRole ?? (target === undefined ? isPrimary : undefined)
  const wanted = isWanted ? own.filter(({ role }) => isWanted(role)) : own
  // Where no file lists anything, nothing has a role.
  return wanted.length === 0 && own.every(({ role }) => role === 'unlisted') ? own : wanted
}

interface Range {
  readonly fromMs: number
  readonly toMs: number
}

/** Those that are not empty, oldest first, all pairs together. */
function readSeconds(pairs: readonly PairBins[], { fromMs, toMs }: Range): CusumBin[] {
  const firstMs = floorToBin(fromMs, SECOND_MS)
  const length = Math.floor((toMs - firstMs) / SECOND_MS) + 1
  const [counts, oks, faileds] = [SAMPLES, OK, FAILED].map((channel) => {
    const sums = new Float64Array(length)
    for (const { starts } of pairs) starts.addTo(sums, { channel, fromMs: firstMs })
    return sums
  }) as [Float64Array, Float64Array, Float64Array]
  const seconds: CusumBin[] = []
  for (const [index, count] of counts.entries()) {
    if (count === 0) continue
    const atMs = firstMs + index * SECOND_MS
    seconds.push({ atMs, count, ok: oks[index] ?? 0, failed: faileds[index] ?? 0 })
  }
  return seconds
}

function pool(seconds: readonly CusumBin[], binMs: number): readonly CusumBin[] {
  if (binMs === SECOND_MS) return seconds
  const pooled: { -readonly [K in keyof CusumBin]: CusumBin[K] }[] = []
  for (const { atMs, count, ok, failed } of seconds) {
    const startMs = floorToBin(atMs, binMs)
    const last = pooled.at(-1)
    if (last?.atMs === startMs) {
      last.count += count
      last.ok += ok
      last.failed += failed
    } else pooled.push({ atMs: startMs, count, ok, failed })
  }
  return pooled
}

interface BaselineQuery {
  readonly detectUnixMs: number
  readonly windowMs: number
  readonly hourMs: number
}

/**
 * p0' = max(p0, 0.001), with p0 of attempts that *ended* in [detect − 1 h, detect − 2 windows); when
 * those are fewer than 20 samples, in [detect − 1 h, detect − window); when these are too, 0. Ends
 * are read in whole bins of at most 10 s, so that nothing later ever counts.
 */
function readBaseline(pairs: readonly PairBins[], query: BaselineQuery): number {
  const { detectUnixMs, windowMs, hourMs } = query
  const binMs = endBinMs(hourMs)
  const firstMs = floorToBin(detectUnixMs - hourMs, binMs)
  for (const windows of [2, 1]) {
    const spanMs = floorToBin(detectUnixMs - windows * windowMs, binMs) - firstMs
    if (spanMs <= 0) continue
    // `sum` takes the bins up to the one that holds its end.
    const endMs = firstMs + spanMs - binMs / 2
    const sum = (channel: number) =>
      pairs.reduce((total, { ends }) => total + ends.sum(channel, endMs, spanMs), 0)
    if (sum(SAMPLES) < BASELINE_COUNT_MIN) continue
    const failed = sum(FAILED)
    return Math.max(failed / (failed + sum(OK)), BASELINE_MIN)
  }
  return BASELINE_MIN
}
