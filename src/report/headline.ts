import type { Figure } from '../model/report.ts'
import { toAvailability, toDarkTimeS, toPartition, toUptimeShare } from './availability.ts'
import { toBudgetShare, toWindowRequests } from './budget.ts'
import { toCounterfactual } from './coverage.ts'
import { type Quantile, summarise } from './disruption.ts'
import type { ReportFacts } from './facts.ts'
import { ratioOf, toFigure } from './figure.ts'
import { eligibleOf, sumBins } from './request-bins.ts'

/** Every headline figure of CONTRACT.md §8, in its order; definitions: DEFINITIONS.md. */
export function toHeadline(facts: ReportFacts): Record<string, Figure> {
  const order = [
    durationFigures(facts),
    countFigures(facts),
    shareFigures(facts),
    disruptionFigures(facts),
    gapFigures(facts),
    lossFigures(facts),
  ]
  return Object.assign({}, ...order) as Record<string, Figure>
}

const DEFAULT_SLO = 0.999

export const NAMELESS = 'requests carry no session id'

/** Not one request says whose it was, so nothing can be said of people. */
export function isNameless(sessions: ReportFacts['sessions']): boolean {
  return sessions.requests > 0 && sessions.anonymous === sessions.requests
}

function durationFigures(facts: ReportFacts): Record<string, Figure> {
  const { interval, inside, binMs, theta, moves, horizonMs } = facts
  const { t0Ms, t1Ms } = interval
  const binS = binMs / 1000
  const durationS = (t1Ms - t0Ms) / 1000
  const partition = toPartition({ bins: inside, binMs, theta })
  const onFallbackMs = moves.reduce(
    (sum, move) => sum + (move.backMs ?? Math.max(horizonMs, move.engagedMs)) - move.engagedMs,
    0,
  )
  const isOpen = interval.state === 'provisional'
  const provisional = isOpen ? { label: 'provisional' } : {}
  return {
    duration: toFigure({
      ...{ value: durationS, unit: 's', definition: 'duration', n: inside.length },
      // Each end is a bin edge, known to one bin.
      ...{ low: Math.max(0, durationS - 2 * binS), high: durationS + 2 * binS },
      ...{ query: 'primary_bins', ...provisional },
    }),
    user_impact_duration: toFigure({
      ...{ value: partition.disrupted, unit: 's', definition: 'user_impact_duration' },
      ...{ n: inside.length, query: 'request_bins' },
      ...{ low: partition.disrupted, high: partition.disrupted + partition.unknown },
    }),
    time_on_fallback: toFigure({
      ...{ value: onFallbackMs / 1000, unit: 's', definition: 'time_on_fallback' },
      ...{ n: moves.length, query: 'transitions' },
      ...(moves.some((move) => move.backMs === undefined) && { label: 'provisional' }),
      ...(moves.length === 0 && { label: 'the route never left its primary' }),
    }),
  }
}

function countFigures({ inside }: ReportFacts): Record<string, Figure> {
  const sum = sumBins(inside)
  const facts = { unit: 'count', n: sum.samples, query: 'request_bins' } as const
  return {
    requests_total: toFigure({
      ...{ ...facts, value: eligibleOf(sum), definition: 'requests_total' },
    }),
    requests_failed: toFigure({
      ...{ ...facts, value: sum.failed, definition: 'requests_failed' },
      ...(sum.unknown > 0 && { low: sum.failed, high: sum.failed + sum.unknown }),
    }),
  }
}

function shareFigures(facts: ReportFacts): Record<string, Figure> {
  const { inside, binMs, theta, chanceAt } = facts
  const sum = sumBins(inside)
  const { coverage, wouldHaveFailed, assumedShare } = toCounterfactual(inside, chanceAt)
  const uptime = toUptimeShare({ bins: inside, binMs, theta })
  const share = { unit: '1', query: 'request_bins' } as const
  return {
    fallback_coverage: toFigure({
      ...{ ...share, ...coverage, definition: 'fallback_coverage' },
      ...{ n: wouldHaveFailed.value ?? 0, reason: 'no request would have failed' },
      ...(assumedShare > 0.5 && { label: 'assumed' }),
    }),
    fallback_share: toFigure({
      ...{ ...share, value: ratioOf(sum.fallback, eligibleOf(sum)), definition: 'fallback_share' },
      ...{ n: eligibleOf(sum), reason: 'no eligible request' },
    }),
    fallback_generations: toFigure({
      ...{ value: sum.fallback, unit: 'count', definition: 'fallback_generations' },
      ...{ n: eligibleOf(sum), query: 'request_bins' },
    }),
    uptime_share_fallback: toFigure({
      ...{ ...share, value: uptime.value, definition: 'uptime_share_fallback' },
      ...{ n: uptime.upBinCount, reason: 'no bin with at least 20 requests was up' },
    }),
  }
}

function disruptionFigures(facts: ReportFacts): Record<string, Figure> {
  const { sessions, disruptions } = facts
  const summary = summarise(disruptions)
  const nameless = isNameless(sessions)
  const toOne = (definition: string, quantile: Quantile): Figure => {
    const figure = {
      unit: 's',
      definition,
      n: summary.affected,
      query: 'session_failures',
    } as const
    if (nameless)
      return toFigure({ ...figure, value: null, reason: 'requests carry no session id' })
    switch (quantile.status) {
      case 'known':
        return toFigure({ ...figure, value: quantile.seconds })
      case 'beyond': {
        const reason = 'too many affected users never came back to say how long it was'
        return toFigure({ ...figure, value: null, low: quantile.seconds, reason })
      }
      case 'none':
        return toFigure({ ...figure, value: 0, label: 'no session was affected' })
    }
  }
  return {
    disruption_p50: toOne('disruption_p50', summary.p50),
    disruption_p95: toOne('disruption_p95', summary.p95),
  }
}

function gapFigures(facts: ReportFacts): Record<string, Figure> {
  const { inside, binMs, chain, moves } = facts
  const toGap = (definition: string, gap: typeof chain.startGap): Figure =>
    toFigure({
      ...{ value: gap.seconds, unit: 's', definition, n: moves.length, query: 'under_generation' },
      ...(gap.seconds !== null && {
        low: gap.seconds - gap.errorS,
        high: gap.seconds + gap.errorS,
      }),
      reason:
        moves.length === 0
          ? 'the route never left its primary'
          : 'no attempt on a fallback carries the new generation',
    })
  return {
    dark_time: toFigure({
      ...{ value: toDarkTimeS(inside, binMs), unit: 's', definition: 'dark_time' },
      ...{ n: inside.length, query: 'request_bins' },
    }),
    switch_start_gap: toGap('switch_start_gap', chain.startGap),
    switch_over_gap: toGap('switch_over_gap', chain.overGap),
  }
}

function lossFigures(facts: ReportFacts): Record<string, Figure> {
  const { inside, chanceAt, budget, policy } = facts
  const sum = sumBins(inside)
  const without = toCounterfactual(inside, chanceAt)
  const assumed = without.assumedShare > 0.5 ? { label: 'assumed' } : {}
  const slo = policy?.slo ?? DEFAULT_SLO
  const window = toWindowRequests(budget)
  const burnt = (failed: number | null | undefined) =>
    typeof failed === 'number'
      ? toBudgetShare({ failed: sum.failed + failed, slo, windowRequests: window.value })
      : null
  const known = { unit: '1', n: eligibleOf(sum) - sum.unknown, query: 'request_bins' } as const
  const spent = { unit: '1', n: window.value ?? 0, query: 'budget_window' } as const
  const label = [window.label, assumed.label].filter((one) => one !== undefined).join(', ')
  return {
    availability: toFigure({
      ...{ ...known, ...toAvailability(inside), definition: 'availability' },
      reason: 'no eligible request',
    }),
    availability_without_fallback: toFigure({
      ...{ ...known, ...without.availability, definition: 'availability_without_fallback' },
      ...{ reason: 'no eligible request', ...assumed },
    }),
    budget_burnt: toFigure({
      ...{ ...spent, value: burnt(0), definition: 'budget_burnt' },
      ...{ reason: 'no eligible request', ...(window.label && { label: window.label }) },
      ...(sum.unknown > 0 && { low: burnt(0) ?? 0, high: burnt(sum.unknown) ?? 0 }),
    }),
    budget_burnt_without_fallback: toFigure({
      ...{
        ...spent,
        value: burnt(without.served.value),
        definition: 'budget_burnt_without_fallback',
      },
      ...{
        low: burnt(without.served.low) ?? undefined,
        high: burnt(without.served.high) ?? undefined,
      },
      ...{ reason: 'no eligible request', ...(label !== '' && { label }) },
    }),
  }
}
