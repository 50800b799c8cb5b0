import type { Scenario, ScenarioLoad } from './scenario.ts'

export const MINUTE_S = 60
export const HOUR_S = 3_600
export const DAY_S = 24 * HOUR_S

/** As routers are asked to, and as our own collector does. */
const EXPORT_EVERY_MS = 500
const STATUS_EVERY_MS = 1_000

/** A fleet as it usually is: a rule that trips on this is wrong. */
const USUAL_LOAD: ScenarioLoad = {
  requestsPerS: 20,
  arrivals: 'poisson',
  routers: 3,
  workers: 20,
  failedShare: 0.0003,
  rejectedShare: 0.01,
  cancelledShare: 0.005,
  fallbackShare: 0.005,
  attemptsMax: 1,
  isRescued: false,
  checkedShare: 0.1,
  flaggedShare: 0.02,
  exportEveryMs: EXPORT_EVERY_MS,
  statusEveryMs: STATUS_EVERY_MS,
  shape: 'flat',
  hasStages: false,
  queuesPerWorker: false,
}

/** Of long scenarios: as default exporters send, and cheaper to play. */
export const LONG_LOAD: Partial<ScenarioLoad> = { exportEveryMs: 2_000, statusEveryMs: 5_000 }

type Told = Pick<Scenario, 'name' | 'seed' | 'durationS'> & {
  readonly load?: Partial<ScenarioLoad>
  readonly faults?: Scenario['faults']
  readonly disturbances?: Scenario['disturbances']
}

export function scenario({ load, faults = [], disturbances = [], ...told }: Told): Scenario {
  return { ...told, faults, disturbances, load: { ...USUAL_LOAD, ...load } }
}
