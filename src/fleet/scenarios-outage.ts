import type { Scenario, ScenarioFault } from './scenario.ts'
import { scenario } from './scenario-usual.ts'

// Attempts on the primary fail: how many, how fast, for how long.

const MINUTE = 60
const FROM_S = 5 * MINUTE
const UNTIL_S = 9 * MINUTE
const END_S = 14 * MINUTE

/** What also follows when users get no pictures for minutes; none of it is another fault. */
const FOLLOWS = [
  ...['requests-failing', 'slo-burn', 'slo-burn-slow', 'new-error-template', 'cost-per-success'],
  ...['stage-failing', 'latency-p50-drift', 'retry-amplification', 'class-drift'],
]
const FAILING = ['primary-failing', 'requests-failing', 'slo-burn']

const during = (fault: Omit<ScenarioFault, 'fromS' | 'untilS'>): readonly ScenarioFault[] => [
  { fromS: FROM_S, untilS: UNTIL_S, ...fault },
]

const outage = (requestsPerS: number, seed: number, arrivals?: 'even'): Scenario =>
  scenario({
    name: `outage-${arrivals ? 'even-' : ''}${requestsPerS}-per-s${seed > 100 ? `-${seed}` : ''}`,
    seed,
    durationS: requestsPerS > 100 ? 8 * MINUTE : END_S,
    load: { requestsPerS, ...(arrivals && { arrivals }) },
    faults: [
      {
        kind: 'total outage',
        fromS: requestsPerS > 100 ? 3 * MINUTE : FROM_S,
        untilS: requestsPerS > 100 ? 5 * MINUTE : UNTIL_S,
        effects: [{ does: 'fail', share: 1, failure: 'unavailable' }],
        expects: [...FAILING, 'primary-failing-fast', 'primary-failing-low-traffic'],
        tolerates: FOLLOWS,
      },
    ],
  })

export const OUTAGE_SCENARIOS: readonly Scenario[] = [
  outage(10, 1, 'even'),
  outage(5, 2),
  outage(20, 3),
  outage(20, 104),
  outage(20, 105),
  outage(200, 6),
  outage(1_000, 7),
]
