import type { RoutePolicy } from '../config/failover.ts'
import type { Timings } from '../config/timings.ts'
import type { Incident } from '../model/incident.ts'
import type { AttemptTotalsRow } from './attempts.ts'
import type { BudgetWindow } from './budget.ts'
import type { Capacity } from './capacity.ts'
import type { Chain } from './chain.ts'
import type { Chance } from './counterfactual.ts'
import type { SessionDisruption } from './disruption.ts'
import type { Interval } from './interval.ts'
import type { FiredRow } from './journal-rows.ts'
import type { RouteMove } from './moves.ts'
import type { RequestBin } from './request-bins.ts'
import type { SessionsRow } from './requests.ts'

/** What reports are computed with, beside the data. */
export interface ReportSettings {
  readonly theta: number
  readonly quietForMs: number
  readonly latenessMs: number
  readonly timings: Timings
}

/** p0, and where it came from. */
export interface Baseline {
  readonly ratio: number
  readonly count: number
  readonly fromMs: number
  readonly toMs: number
}

export interface QualityRow {
  readonly spans: number
  readonly duplicates: number
  readonly late: number
  readonly sampled: number
  readonly requests: number
  readonly withoutTarget: number
}

/**
 * Everything that was read for one incident of a route; a report is a pure function of it. Bounded
 * by the number of bins and of sessions with a failure, not by the number of requests.
 */
export interface ReportFacts extends ReportSettings {
  readonly incident: Incident
  readonly route: string
  readonly policy: RoutePolicy | undefined
  readonly newestMs: number | null
  readonly horizonMs: number
  readonly detectMs: number
  readonly binMs: number
  readonly baseline: Baseline
  readonly interval: Interval
  readonly capacity: Capacity
  readonly isCapacity: boolean
  readonly chanceAt: (atMs: number) => Chance
  readonly moves: readonly RouteMove[]
  /** Dense, from some time before T0 to some time after T1. */
  readonly bins: readonly RequestBin[]
  /** The bins of I. */
  readonly inside: readonly RequestBin[]
  readonly mitigatedMs: number | null
  readonly totals: AttemptTotalsRow
  readonly sessions: SessionsRow
  readonly disruptions: readonly SessionDisruption[]
  readonly budget: BudgetWindow
  readonly chain: Chain
  readonly fired: readonly FiredRow[]
  readonly quality: QualityRow
}
