import type { Observation } from '../model/observation.ts'
import type { ReceivedStatus } from '../model/router-status.ts'
import type { EventName } from './scenario-events.ts'
import type { FailureName, Where } from './scenario-failures.ts'
import type { LogName } from './scenario-texts.ts'

/**
 * A fleet's telemetry in virtual time, told in a few lines: what load it carries, what breaks when,
 * and what happens to the telemetry on its way. The same scenario gives the same stream.
 */
export interface Scenario {
  readonly name: string
  readonly seed: number
  readonly durationS: number
  readonly load: ScenarioLoad
  readonly faults: readonly ScenarioFault[]
  readonly disturbances: readonly Disturbance[]
}

export interface ScenarioLoad {
  readonly requestsPerS: number
  /** `even`: one request each 1 / requestsPerS, all of one length; arithmetic is exact there. */
  readonly arrivals: 'poisson' | 'even'
  readonly routers: number
  readonly workers: number
  /** Shares of attempts on the primary that fail, and of requests that are refused or given up. */
  readonly failedShare: number
  readonly rejectedShare: number
  readonly cancelledShare: number
  /** Share of requests that go straight to the fallback: the standing exercise. */
  readonly fallbackShare: number
  /** Tries of one request, on one target. */
  readonly attemptsMax: number
  /** One further try on the fallback, when all of these failed. */
  readonly isRescued: boolean
  /** Share of requests whose picture is checked, and of those that the checker flags. */
  readonly checkedShare: number
  readonly flaggedShare: number
  /** How often senders export, and routers send their status. */
  readonly exportEveryMs: number
  readonly statusEveryMs: number
  /** Load over the day: `night` falls to nothing from 1:00 to 5:00 and comes back. */
  readonly shape: 'flat' | 'night'
  /** Spans of every stage instead of `generate` alone. */
  readonly hasStages: boolean
  /** Each worker tells its own queue, instead of one that is the pool's. */
  readonly queuesPerWorker: boolean
}

/**
 * What breaks, and what an honest pack says of it. Written from what happens, never from what the
 * detector said.
 */
export interface ScenarioFault {
  readonly kind: string
  readonly fromS: number
  readonly untilS: number
  readonly effects: readonly Effect[]
  /** Rules that must fire. */
  readonly expects: readonly string[]
  /** Rules that may: consequences of the fault, or a matter of luck at this load. */
  readonly tolerates?: readonly string[]
  /** What a rule that groups by these keys must name. */
  readonly by?: Readonly<Record<string, string>>
}

/** One thing that is different while a fault lasts. A `To` makes it drift from the one to the other. */
export type Effect =
  | {
      readonly does: 'fail'
      readonly share: number
      readonly shareTo?: number
      readonly failure: FailureName
      readonly where?: Where
      /** Fails for so long, is well for so long, and so on. */
      readonly turns?: { readonly onS: number; readonly offS: number }
    }
  | {
      readonly does: 'slow'
      readonly times: number
      readonly timesTo?: number
      readonly where?: Where
    }
  /** A few are slow: the tail moves, the median does not. */
  | { readonly does: 'slow-tail'; readonly times: number; readonly share: number }
  | { readonly does: 'hang'; readonly where?: Where }
  | { readonly does: 'load'; readonly times: number; readonly timesTo?: number }
  /** `router-2`, `router-2 telemetry` (its status still comes), `workers`, or one by its id. */
  | { readonly does: 'silence'; readonly who: string }
  | {
      readonly does: 'log'
      readonly texts: readonly LogName[]
      /** The first so many workers say it, in turn. */
      readonly workers: number
      readonly everyS: number
    }
  | { readonly does: 'event'; readonly events: readonly EventName[]; readonly everyS: number }
  | { readonly does: 'gauge'; readonly gauge: GaugeName; readonly value: number }
  | { readonly does: 'flag'; readonly share: number }
  | { readonly does: 'cost'; readonly times: number }
  | { readonly does: 'mix'; readonly of: 'class' | 'prompt'; readonly weights: readonly number[] }
  | { readonly does: 'canary'; readonly share: number }
  | { readonly does: 'reject'; readonly share: number }
  | { readonly does: 'stay-old'; readonly router: string }
  | { readonly does: 'retry'; readonly attempts: number }
  /** One request kills the worker that renders it, is tried again on the next, and so on. */
  | { readonly does: 'poison'; readonly everyS: number }
  /** One after the other is gone for a while: what it worked on fails. */
  | { readonly does: 'restart'; readonly who: 'workers' | 'routers'; readonly goneS: number }
  | { readonly does: 'move'; readonly share: number }

/** What the platform's metrics say; each has its healthy value. */
export type GaugeName = 'desired' | 'available' | 'max' | 'queue' | 'worker-queue'

/** What happens to telemetry between its sender and us. */
export type Disturbance =
  | { readonly does: 'late'; readonly who: string; readonly byMs: number }
  | { readonly does: 'duplicate'; readonly share: number }
  | { readonly does: 'reorder'; readonly byMs: number }
  | { readonly does: 'skew'; readonly who: string; readonly byMs: number; readonly fromS: number }
  | { readonly does: 'hold'; readonly fromS: number; readonly untilS: number }
  | { readonly does: 'sample'; readonly share: number; readonly isDeclared: boolean }

/** One arrival at Signalbox. */
export type Delivery = { readonly receivedUnixMs: number } & (
  | { readonly observations: readonly Observation[]; readonly status?: never }
  | { readonly status: ReceivedStatus; readonly observations?: never }
)

/** A fault as it truly was. */
export interface FaultTruth {
  readonly kind: string
  readonly fromUnixMs: number
  readonly untilUnixMs: number
  readonly expects: readonly string[]
  readonly tolerates: readonly string[]
  readonly by: Readonly<Record<string, string>>
  /** Where all attempts on the primary fail alike: which share, and how long each takes to. */
  readonly failing?: { readonly share: number; readonly afterMs: number }
}
