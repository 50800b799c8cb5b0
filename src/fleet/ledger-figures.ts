import { baselineRatioOf, type Calm, patienceOf } from './ledger-baseline.ts'
import { COUNT_MIN, chooseWidthMs, fillBins, floorTo } from './ledger-bins.ts'
import { countBy, type LedgerCapacity, measureCapacity } from './ledger-capacity.ts'
import { type Chance, estimateChance } from './ledger-chance.ts'
import { isWithin, measureDisruption } from './ledger-disruption.ts'
import { findLedgerInterval, type LedgerInterval } from './ledger-interval.ts'
import type { Counted, LedgerView } from './ledger-view.ts'

/**
 * Every headline figure by DEFINITIONS.md, from the fleet's own records. Written a second time on
 * purpose, in other words than the report's: two programs that agree are evidence, one is a claim.
 */
export type LedgerFigures = Readonly<Record<string, number | null>>

export interface LedgerParameters {
  readonly theta: number
  readonly slo: number
  /** Window of the rule that moves traffic. */
  readonly ruleWindowMs: number
  readonly quietForMs: number
  /** Divides every duration that DEFINITIONS.md names. */
  readonly speed: number
  /** Until when bins are judged. */
  readonly horizonMs: number
}

const HOUR_MS = 3_600_000
const BUDGET_MS = 30 * 24 * HOUR_MS

export interface LedgerResult {
  readonly figures: LedgerFigures
  readonly interval: LedgerInterval
  readonly binMs: number
  readonly affectedSessions: number
}

/** @throws Error when the ledger holds no move: then there is nothing to compare with */
export function computeLedgerFigures(view: LedgerView, parameters: LedgerParameters): LedgerResult {
  const detectMs = view.moves[0]?.engagedMs
  if (detectMs === undefined) throw new Error('the ledger holds no failover')
  const binMs = chooseWidthMs({
    startsMs: view.eligible.map(({ request }) => request.startMs),
    fromMs: detectMs - HOUR_MS / 6 / parameters.speed,
    toMs: detectMs,
  })
  const capacity = measureCapacity({ view, binMs, windowMs: 60_000 / parameters.speed })
  const poolMs = 30_000 / parameters.speed
  const calm = { view, detectMs, ruleWindowMs: parameters.ruleWindowMs, speed: parameters.speed }
  const interval = intervalOf({ calm, parameters, binMs, poolMs, capacity })
  const chance = estimateChance({ view, capacity, binMs, poolMs, t0Ms: interval.t0Ms })
  const inside = view.eligible.filter(({ request }) =>
    isWithin(request.startMs, interval.t0Ms, interval.t1Ms),
  )
  const disruption = measureDisruption({
    ...interval,
    eligible: view.eligible,
    cutMs: HOUR_MS / 4 / parameters.speed,
    patienceMs: patienceOf(calm),
  })
  return {
    binMs,
    interval,
    affectedSessions: disruption.affected,
    figures: {
      duration: (interval.t1Ms - interval.t0Ms) / 1_000,
      ...countFigures(inside),
      ...binFigures({ inside, interval, binMs, theta: parameters.theta }),
      ...counterfactualFigures({ view, inside, interval, chance, binMs, slo: parameters.slo }),
      ...moveFigures(view),
      disruption_p50: disruption.p50S,
      disruption_p95: disruption.p95S,
    },
  }
}

function intervalOf(options: {
  readonly calm: Calm
  readonly parameters: LedgerParameters
  readonly binMs: number
  readonly poolMs: number
  readonly capacity: LedgerCapacity
}): LedgerInterval {
  const { calm, parameters, binMs, poolMs, capacity } = options
  const offered = countBy(calm.view.offered.map(({ startMs }) => floorTo(startMs, binMs)))
  return findLedgerInterval({
    tries: calm.view.primary,
    binMs,
    detectMs: calm.detectMs,
    poolMs,
    baselineRatio: baselineRatioOf(calm),
    horizonMs: parameters.horizonMs,
    quietForMs: parameters.quietForMs,
    isShort: (atMs, triesInBin, badAbove) =>
      // Where the primary carries at least half of the load, its own attempts judge it.
      triesInBin < (offered.get(atMs) ?? 0) / 2 && (capacity.shortfall(atMs) ?? 0) > badAbove,
  })
}

function countFigures(inside: readonly Counted[]) {
  const failed = inside.filter(({ final }) => final === 'failed').length
  const byFallback = inside.filter(({ final }) => final === 'fallback')
  return {
    requests_total: inside.length,
    requests_failed: failed,
    fallback_share: ratio(byFallback.length, inside.length),
    fallback_generations: byFallback.length,
    fallback_images: byFallback.reduce((sum, { request }) => sum + request.images, 0),
    availability: ratio(inside.length - failed, inside.length),
  }
}

function binFigures(options: {
  readonly inside: readonly Counted[]
  readonly interval: LedgerInterval
  readonly binMs: number
  readonly theta: number
}) {
  const { inside, interval, binMs, theta } = options
  const bins = fillBins({
    items: inside,
    atMs: ({ request }) => request.startMs,
    fromMs: interval.t0Ms,
    toMs: interval.t1Ms,
    binMs,
  }).map(({ items }) => {
    const ok = items.filter(({ final }) => final !== 'failed').length
    const byFallback = items.filter(({ final }) => final === 'fallback').length
    return { count: items.length, ok, share: ok === 0 ? 0 : byFallback / ok }
  })
  const known = bins.filter(({ count }) => count >= COUNT_MIN)
  const up = known.filter(({ ok, count }) => ok / count >= theta)
  let run = 0
  let longest = 0
  for (const { count, ok } of bins) {
    if (count > 0) run = ok === 0 ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return {
    user_impact_duration: ((known.length - up.length) * binMs) / 1_000,
    uptime_share_fallback: ratio(
      up.reduce((sum, { share }) => sum + share, 0),
      up.length,
    ),
    dark_time: (longest * binMs) / 1_000,
  }
}

function counterfactualFigures(options: {
  readonly view: LedgerView
  readonly inside: readonly Counted[]
  readonly interval: LedgerInterval
  readonly chance: Chance
  readonly binMs: number
  readonly slo: number
}) {
  const { view, inside, interval, chance, binMs, slo } = options
  const known = new Map<number, number>()
  const chanceOf = ({ request }: Counted) => {
    const atMs = Math.floor(request.startMs / binMs) * binMs
    const found = known.get(atMs) ?? chance(atMs)
    known.set(atMs, found)
    return found
  }
  const lost = (one: Counted) => (one.isStraight ? chanceOf(one) : one.isObserved ? 1 : 0)
  const sum = (some: readonly Counted[], of: (one: Counted) => number) =>
    some.reduce((total, one) => total + of(one), 0)
  const wouldHaveFailed = sum(inside, lost)
  const saved = sum(
    inside.filter(({ final }) => final === 'fallback'),
    lost,
  )
  const okAnyway = sum(inside, (one) => {
    if (one.isStraight) return 1 - chanceOf(one)
    return one.final === 'primary' || (one.final === 'other' && one.isClean) ? 1 : 0
  })
  const failed = inside.filter(({ final }) => final === 'failed').length
  const month = view.eligible
    .map(({ request }) => request.startMs)
    .filter((startMs) => isWithin(startMs, interval.t1Ms - BUDGET_MS, interval.t1Ms))
  const forecast = (month.length * BUDGET_MS) / (interval.t1Ms - (month[0] ?? interval.t1Ms))
  const budget = (1 - slo) * forecast
  return {
    fallback_coverage: ratio(saved, wouldHaveFailed),
    availability_without_fallback: ratio(okAnyway, inside.length),
    budget_burnt: failed / budget,
    budget_burnt_without_fallback: (failed + saved) / budget,
  }
}

function moveFigures({ moves, offered }: LedgerView) {
  const [first] = moves
  const under = offered
    .flatMap(({ attempts }) => attempts)
    .filter(({ role, generation }) => role === 'fallback' && generation === first?.generation)
  const started = under.map(({ startMs }) => startMs)
  const answered = under.filter(({ outcome }) => outcome === 'ok').map(({ endMs }) => endMs)
  const since = (moments: readonly number[]) =>
    moments.length === 0 || !first
      ? null
      : (moments.reduce((least, ms) => Math.min(least, ms)) - first.engagedMs) / 1_000
  const backs = moves.map(({ engagedMs, backMs }) => (backMs ?? Number.NaN) - engagedMs)
  const onFallbackMs = backs.reduce((sum, ms) => sum + ms, 0)
  return {
    time_on_fallback: Number.isNaN(onFallbackMs) ? null : onFallbackMs / 1_000,
    switch_start_gap: since(started),
    switch_over_gap: since(answered),
  }
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}
