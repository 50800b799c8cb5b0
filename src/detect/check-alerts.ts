import type { LoadAlertsOptions } from '../config/alerts.ts'
import { counted, createLiveAlerts, summarize } from '../config/live-alerts.ts'
import { loadRuleTests } from '../config/rule-tests.ts'
import { createTimings } from '../config/timings.ts'
import type { ErrorPlace } from '../lib/errors.ts'
import type { FalseTripOptions, FalseTrips } from '../model/false-trips.ts'
import { createDetectEvents } from '../telemetry/detect-events.ts'
import { createSilentTelemetry } from '../telemetry/telemetry.ts'
import { falseTripsOf } from './false-trips.ts'
import { type RuleTestResult, runRuleTests } from './run-rule-tests.ts'

export interface AlertsCheck {
  /** Faults of rule-test files, and expectations that were not met. */
  readonly errors: readonly ErrorPlace[]
  /** What works, but not as somebody may think. */
  readonly notes: readonly string[]
  readonly summary: string
  /** What chance alone does to each rule, in the order of files. */
  readonly falseTrips: readonly FalseTrips[]
}

export interface CheckOptions extends LoadAlertsOptions {
  readonly falseTrips?: FalseTripOptions
}

/**
 * Validates a folder of alert files exactly as a start would, then runs its rule tests.
 *
 * @throws AppError CONFIG_INVALID when a start would refuse the files
 */
export function checkAlerts(options: CheckOptions): AlertsCheck {
  const live = createLiveAlerts(options)
  const { rules, warnings } = live.alerts()
  const { tests, errors } = loadRuleTests({ dir: options.dir, rules })
  const results = runRuleTests({
    rules,
    tests,
    topology: live.topology(),
    timings: createTimings(),
    events: createDetectEvents(createSilentTelemetry()),
  })
  const unmet = results.filter(({ isMet }) => !isMet).map(toPlace)
  const counts = `${counted(tests.length, 'rule test')} with ${counted(results.length, 'expectation')}`
  return {
    errors: [...errors, ...unmet],
    notes: warnings,
    summary: `${summarize(live.alerts())}; ${counts}`,
    falseTrips: rules.map((rule) => falseTripsOf(rule, options.falseTrips)),
  }
}

function toPlace({ file, line, name, atMs, expected, got }: RuleTestResult): ErrorPlace {
  return { file, line, message: `${name}: at ${atMs / 1_000}s expected ${expected}, got ${got}` }
}
