import type { Failover, RoutePolicy } from '../config/failover.ts'
import { chooseBinMs, floorToBin } from '../lib/bin-width.ts'
import type { Incident } from '../model/incident.ts'
import { type AttemptTotalsRow, attemptTotalsQuery, primaryBinsQuery } from './attempts.ts'
import { findMitigatedMs } from './availability.ts'
import { readBaseline, readPatience } from './baseline.ts'
import { BUDGET_WINDOW_MS, type BudgetWindow } from './budget.ts'
import { createCounterfactual } from './counterfactual.ts'
import type { QualityRow, ReportFacts, ReportSettings } from './facts.ts'
import { findInterval, type Interval, type PrimaryBin } from './interval.ts'
import { type FiredRow, firedQuery, type TransitionRow, transitionsQuery } from './journal-rows.ts'
import { findMoves, type RouteMove } from './moves.ts'
import type { QueryRunner } from './query.ts'
import { readCapacity } from './read-capacity.ts'
import { readChain } from './read-chain.ts'
import { readDisruptions } from './read-disruptions.ts'
import { type RequestBin, toDenseBins } from './request-bins.ts'
import {
  budgetQuery,
  type KnownRow,
  knownQuery,
  offeredQuery,
  qualityQuery,
} from './request-spans.ts'
import { requestBinsQuery } from './requests.ts'

export interface GatherOptions extends ReportSettings {
  readonly runner: QueryRunner
  readonly incident: Incident
  readonly route: string
  readonly policy: RoutePolicy | undefined
  readonly readyWorkers: Failover['targets'][string]['ready_workers']
  /** Labels of a rule; undefined when no file has it any more. */
  ruleLabels(rule: string): Readonly<Record<string, string>> | undefined
}

/** Reads everything that a report of the incident needs, in the order in which it becomes known. */
export async function gather(options: GatherOptions): Promise<ReportFacts> {
  const { runner, incident, route, policy, timings, theta, quietForMs, latenessMs } = options
  const when = await readWhen(options)
  const { detectMs, windowMs, horizonMs, moves, fired } = when
  const { hourMs, tricklePoolMs: poolMs } = timings
  const fromMs = Math.min(detectMs, Date.parse(incident.t0)) - hourMs
  const range = { route, fromMs, toMs: Math.max(horizonMs, detectMs) }

  const binMs = await readBinMs(options, detectMs)
  const memory = { runner, route, detectMs, windowMs, memoryMs: timings.throughputMemoryMs, hourMs }
  const baseline = await readBaseline(memory)
  const primary = await runner.run<PrimaryBin>(primaryBinsQuery({ ...range, binMs }))
  const offered = await runner.run<{ atMs: number; offered: number }>(
    offeredQuery({ ...range, binMs, id: 'offered' }),
  )
  const capacity = await readCapacity({ ...memory, ...options, offered, binMs, horizonMs })

  const byStart = new Map(primary.map((bin) => [bin.atMs, bin.ok + bin.failed]))
  const offeredAt = new Map(offered.map((bin) => [bin.atMs, bin.offered]))
  const badAbove = Math.max(3 * Math.max(baseline.ratio, 0.001), 0.05)
  const interval = findInterval({
    bins: primary,
    binMs,
    baselineRatio: baseline.ratio,
    detectMs,
    incidentT0Ms: Date.parse(incident.t0),
    horizonMs,
    resolvedMs: resolvedMsOf(incident),
    quietForMs,
    poolMs,
    // Where the primary carries at least half of the load, its own attempts judge it.
    capacityShort: (atMs) =>
      (byStart.get(atMs) ?? 0) < (offeredAt.get(atMs) ?? 0) / 2 &&
      (capacity.shortfall(atMs) ?? 0) > badAbove,
  })
  const isCapacity = isCapacityIncident(options, fired)
  const chanceAt = createCounterfactual({
    ...{ primary, binMs, t0Ms: interval.t0Ms, moves, poolMs, capacity, isCapacity },
  })
  const scope = { ...options, interval, binMs, horizonMs, deadlineMs: policy?.deadline ?? 120_000 }
  const bins = await readBins(scope)
  const inside = bins.filter((bin) => bin.atMs >= interval.t0Ms && bin.atMs < interval.t1Ms)
  const fromT0 = bins.filter((bin) => bin.atMs >= interval.t0Ms)
  const mitigatedMs = findMitigatedMs({ bins: fromT0, binMs, theta })
  const patience = await readPatience(memory)
  const within = { route, fromMs: interval.t0Ms, toMs: interval.t1Ms }
  return {
    ...{ incident, route, policy, theta, quietForMs, latenessMs, timings, newestMs: when.newestMs },
    ...{ horizonMs, detectMs, binMs, baseline, interval, capacity, isCapacity, chanceAt, moves },
    ...{ bins, inside, mitigatedMs, fired },
    totals: await runner.one<AttemptTotalsRow>(attemptTotalsQuery(within)),
    ...(await readDisruptions({ ...scope, patience })),
    budget: await readBudget({ ...options, ...when, untilMs: interval.t1Ms }),
    chain: await readChain({ ...options, ...when, interval, mitigatedMs }),
    quality: await runner.one<QualityRow>(qualityQuery({ ...within, latenessMs })),
  }
}

export interface When {
  readonly newestMs: number | null
  readonly oldestMs: number | null
  readonly horizonMs: number
  readonly detectMs: number
  readonly windowMs: number
  readonly moves: readonly RouteMove[]
  readonly transitions: readonly TransitionRow[]
  readonly fired: readonly FiredRow[]
}

/** tDetect, the horizon (see `IntervalOptions.horizonMs`), and the moves of the incident. */
async function readWhen(options: GatherOptions): Promise<When> {
  const { runner, incident, route, policy, latenessMs, quietForMs, timings } = options
  const { newestMs, oldestMs } = await runner.one<KnownRow>(knownQuery(route))
  const openedMs = Date.parse(incident.opened_at)
  const resolvedMs = resolvedMsOf(incident)
  const seenMs = newestMs === null ? openedMs : newestMs - latenessMs
  const horizonMs =
    resolvedMs === undefined
      ? seenMs
      : Math.min(Math.max(seenMs, resolvedMs), resolvedMs + quietForMs)
  const fromMs = Math.min(Date.parse(incident.t0), openedMs)
  const range = { route, fromMs: fromMs - timings.hourMs, toMs: Math.max(horizonMs, openedMs) + 1 }
  const transitions = await runner.run<TransitionRow>(transitionsQuery(range))
  const bounds = { incident: incident.id, fromMs, toMs: resolvedMs ?? Number.POSITIVE_INFINITY }
  const moves = findMoves({ ...bounds, transitions, primary: policy?.primary })
  const targets = policy ? [policy.primary, ...policy.fallbacks.map((one) => one.target)] : []
  return {
    ...{ newestMs, oldestMs, horizonMs, moves, transitions },
    detectMs: moves[0]?.engagedMs ?? openedMs,
    // 90 s is the window of the rule that every default policy moves by.
    windowMs: moves[0]?.windowMs ?? timings.hourMs / 40,
    fired: await runner.run<FiredRow>(firedQuery({ ...range, targets })),
  }
}

export function resolvedMsOf(incident: Incident): number | undefined {
  return incident.resolved_at === undefined ? undefined : Date.parse(incident.resolved_at)
}

async function readBinMs(options: GatherOptions, detectMs: number): Promise<number> {
  const { runner, route, timings } = options
  const range = { route, fromMs: detectMs - timings.hourMs / 6, toMs: detectMs }
  const rows = await runner.run<{ atMs: number; eligible: number }>(
    offeredQuery({ ...range, binMs: 1000, id: 'seconds' }),
  )
  const seconds = rows.map(({ atMs, eligible }) => ({ atMs, count: eligible }))
  return chooseBinMs({ seconds, fromMs: floorToBin(range.fromMs, 1000), toMs: detectMs })
}

/** A rule labelled `class: capacity` is part of the incident. */
function isCapacityIncident(options: GatherOptions, fired: readonly FiredRow[]): boolean {
  const { incident, ruleLabels } = options
  const rules = [...fired, ...(incident.rules ?? [])].map((one) => one.rule)
  return (
    incident.labels.class === 'capacity' ||
    rules.some((rule) => ruleLabels(rule)?.class === 'capacity')
  )
}

/** From before T0 to after T1: what the drawing and t9 look at. */
async function readBins(
  scope: GatherOptions & {
    readonly interval: Interval
    readonly binMs: number
    readonly horizonMs: number
    readonly deadlineMs: number
  },
): Promise<RequestBin[]> {
  const { runner, route, interval, binMs, deadlineMs, timings } = scope
  const padMs = Math.max(60 * binMs, floorToBin(timings.throughputWindowMs * 2, binMs))
  const fromMs = interval.t0Ms - padMs
  const endMs = floorToBin(Math.max(scope.horizonMs, interval.t1Ms), binMs)
  const toMs = Math.min(interval.t1Ms + padMs, endMs)
  const bins = await runner.run<RequestBin>(
    requestBinsQuery({ route, fromMs, toMs, binMs, deadlineMs }),
  )
  return toDenseBins({ bins, fromMs, toMs, binMs })
}

async function readBudget(
  options: GatherOptions & { readonly untilMs: number; readonly oldestMs: number | null },
): Promise<BudgetWindow> {
  const { runner, route, untilMs, oldestMs } = options
  const range = { route, fromMs: untilMs - BUDGET_WINDOW_MS, toMs: untilMs }
  const row = await runner.one<{ eligible: number; oldestMs: number | null }>(budgetQuery(range))
  return {
    eligible: row.eligible,
    oldestMs: row.oldestMs ?? undefined,
    isComplete: oldestMs !== null && oldestMs < range.fromMs,
    untilMs,
  }
}
