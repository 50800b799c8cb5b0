import type { Scenario } from './scenario.ts'
import { OUTAGE_SCENARIOS } from './scenarios-outage.ts'
import { PLATFORM_SCENARIOS } from './scenarios-platform.ts'
import { QUALITY_SCENARIOS } from './scenarios-quality.ts'
import { DISTURBED_OUTAGES, DISTURBED_SCENARIOS, QUIET_SCENARIOS } from './scenarios-quiet.ts'
import { WORKER_SCENARIOS } from './scenarios-workers.ts'

/** All that the fault benchmark plays. */
export const SCENARIOS: readonly Scenario[] = [
  ...OUTAGE_SCENARIOS,
  ...WORKER_SCENARIOS,
  ...PLATFORM_SCENARIOS,
  ...QUALITY_SCENARIOS,
  ...QUIET_SCENARIOS,
  ...DISTURBED_SCENARIOS,
  ...DISTURBED_OUTAGES,
]
