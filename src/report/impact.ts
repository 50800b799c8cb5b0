import type { Incident } from '../model/incident.ts'
import type { Figure, Report } from '../model/report.ts'
import { toPartition } from './availability.ts'
import { toCounterfactual } from './coverage.ts'
import { summarise } from './disruption.ts'
import type { ReportFacts } from './facts.ts'
import { ratioOf, round, secondsBetween, toFigure } from './figure.ts'
import { isNameless, NAMELESS } from './headline.ts'
import { eligibleOf, okOf, sumBins } from './request-bins.ts'

/** What users felt beyond the headline. */
export function toImpact(facts: ReportFacts): Report['impact'] {
  const { inside, binMs, theta, sessions, disruptions, totals, incident, interval } = facts
  const partition = toPartition({ bins: inside, binMs, theta })
  const up = partition.primary_up + partition.fallback_up
  const judged = up + partition.disrupted
  const sum = sumBins(inside)
  const summary = summarise(disruptions)
  const nameless = isNameless(sessions)
  const session = { query: 'session_failures', reason: NAMELESS }
  const share = { unit: '1', query: 'request_bins' } as const
  const attempts = { n: totals.samples, query: 'attempt_totals' } as const
  return {
    availability_time: toFigure({
      ...{ ...share, value: ratioOf(up, judged), definition: 'availability_time' },
      ...{ n: judged / (binMs / 1000), reason: 'no bin with at least 20 requests' },
    }),
    partition_s: partition,
    masked_failures: toFigure({
      ...{ value: sum.masked, unit: 'count', definition: 'masked_failures' },
      ...{ n: okOf(sum), query: 'request_bins' },
    }),
    sessions_affected: toFigure({
      ...{ value: nameless ? null : summary.affected, unit: 'count' },
      ...{ definition: 'sessions_affected', n: sessions.active, ...session },
    }),
    sessions: {
      active: sessions.active,
      affected_share: round(ratioOf(summary.affected, sessions.active)),
      censored: summary.censored,
      machines_excluded: sessions.machines,
      mean_s_over_active: round(ratioOf(summary.sumS, sessions.active)),
    },
    disruption_sum: toFigure({
      ...{ value: nameless ? null : summary.sumS, unit: 's', definition: 'disruption_sum' },
      ...{ n: summary.affected, ...session },
    }),
    retry_amplification: toFigure({
      ...{ value: ratioOf(totals.attempts, eligibleOf(sum)), unit: '1' },
      ...{ definition: 'retry_amplification', ...attempts, reason: 'no eligible request' },
    }),
    cost_per_success: toFigure({
      ...{ value: totals.cost > 0 ? ratioOf(totals.cost, okOf(sum)) : null, unit: 's' },
      ...{ definition: 'cost_per_success', ...attempts, reason: 'attempts carry no cost' },
    }),
    ...responseTimes({ incident, t0Ms: interval.t0Ms, facts }),
  }
}

/** What the fallback did. */
export function toFallback(facts: ReportFacts): Report['fallback'] {
  const { inside, totals, moves, policy, chanceAt, isCapacity, capacity } = facts
  const sum = sumBins(inside)
  const without = toCounterfactual(inside, chanceAt)
  return {
    targets: policy?.fallbacks.map((one) => one.target) ?? [],
    moves: moves.map((move) => ({
      decided_at: toIso(move.engagedMs),
      back_at: move.backMs === undefined ? null : toIso(move.backMs),
      generation: `${move.epoch}.${move.generation}`,
      rule: move.rule ?? null,
    })),
    fallback_images: toFigure({
      ...{ value: sum.fallbackImages, unit: 'count', definition: 'fallback_images' },
      ...{ n: sum.fallback, query: 'request_bins' },
    }),
    fallback_coverage_attempts: toFigure({
      ...{ value: ratioOf(totals.followed, totals.failedOnPrimary), unit: '1' },
      ...{ definition: 'fallback_coverage_attempts', n: totals.failedOnPrimary },
      ...{ query: 'attempt_totals', reason: 'no attempt on the primary failed' },
    }),
    would_have_failed: toFigure({
      ...{ ...without.wouldHaveFailed, unit: 'count', definition: 'would_have_failed' },
      ...{ n: eligibleOf(sum), query: 'request_bins' },
      ...(without.assumedShare > 0.5 && { label: 'assumed' }),
    }),
    assumed_share: round(without.assumedShare),
    takes_upper_bound: isCapacity,
    ok_per_second_per_ready_worker: round(capacity.perWorker),
  }
}

interface ResponseTimes {
  readonly incident: Incident
  readonly t0Ms: number
  readonly facts: ReportFacts
}

/** With automatic failover ttm is far below tta: both are printed, so that neither gets the credit. */
function responseTimes({ incident, t0Ms, facts }: ResponseTimes): Record<string, Figure> {
  const { chain, mitigatedMs, detectMs } = facts
  const firstPage = incident.pages.find((page) => page.outcome === 'delivered')?.at
  const ms = (at: string | undefined) => (at === undefined ? null : Date.parse(at))
  const toOne = (definition: string, value: number | null, reason: string): Figure =>
    toFigure({ value, unit: 's', definition, n: 1, query: 'transitions', reason })
  return {
    ttd: toOne('ttd', secondsBetween(t0Ms, detectMs), 'not detected'),
    tta: toOne(
      'tta',
      secondsBetween(ms(firstPage), ms(incident.acknowledged_at)),
      firstPage === undefined ? 'no page was delivered' : 'nobody acknowledged it',
    ),
    ttf: toOne('ttf', secondsBetween(t0Ms, chain.appliedMs), 'no move was observed by all routers'),
    ttm: toOne('ttm', secondsBetween(t0Ms, mitigatedMs), 'no bin was disrupted, or none for long'),
    ttr: toOne('ttr', secondsBetween(t0Ms, ms(incident.resolved_at)), 'not resolved'),
  }
}

function toIso(ms: number): string {
  return new Date(Math.round(ms)).toISOString()
}
