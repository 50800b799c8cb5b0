import type { Disturbance, Scenario } from './scenario.ts'
import { DAY_S, HOUR_S, LONG_LOAD, MINUTE_S, scenario } from './scenario-usual.ts'
import { faulty } from './scenarios-outage.ts'

// What looks like trouble and is none: nothing that moves traffic may fire here.

/** One try in ten fails, and the second one helps: the budget burns, users hardly notice. */
function noise(
  name: string,
  seed: number,
  told: { requestsPerS: number; hours: number },
): Scenario {
  const untilS = told.hours * HOUR_S
  return scenario({
    ...{ name, seed, durationS: untilS },
    load: { ...LONG_LOAD, requestsPerS: told.requestsPerS, failedShare: 0.1, attemptsMax: 2 },
    faults: [
      {
        ...{ kind: '10 % noise', fromS: 0, untilS, effects: [] },
        // Of two attempts that each fail one time in ten, both fail in one request of a hundred: ten
        // times the budget, which is under the 14.4 of an hour, and over the 6 of six hours after 3.6.
        expects: told.hours >= 4 ? ['slo-burn'] : [],
        tolerates: ['slo-burn', 'slo-burn-slow'],
      },
    ],
  })
}

const disturbed = (name: string, seed: number, disturbances: readonly Disturbance[]): Scenario =>
  scenario({
    ...{ name, seed, disturbances, durationS: 25 * MINUTE_S },
    load: { failedShare: 0.0005 },
  })

export const QUIET_SCENARIOS: readonly Scenario[] = [
  scenario({ name: 'healthy-day', seed: 80, durationS: DAY_S, load: LONG_LOAD }),
  noise('noise-day', 81, { requestsPerS: 20, hours: 24 }),
  noise('noise-day-little-traffic', 82, { requestsPerS: 0.5, hours: 24 }),
  noise('noise-hour', 83, { requestsPerS: 5, hours: 1 }),
  scenario({
    name: 'night',
    seed: 84,
    durationS: DAY_S,
    load: { ...LONG_LOAD, requestsPerS: 10, shape: 'night' },
  }),
  faulty({
    name: 'traffic-stops-and-returns',
    seed: 85,
    kind: 'nobody asks for anything',
    effects: [{ does: 'load', times: 0 }],
    expects: [],
  }),
  faulty({
    name: 'traffic-triples',
    seed: 86,
    kind: 'three times the load, carried well',
    effects: [{ does: 'load', times: 3 }],
    expects: [],
  }),
  scenario({
    name: 'deploy-of-workers',
    seed: 87,
    durationS: 20 * MINUTE_S,
    faults: [
      {
        ...{ kind: 'rolling restart of workers', fromS: 5 * MINUTE_S, untilS: 11 * MINUTE_S },
        effects: [{ does: 'restart', who: 'workers', goneS: 15 }],
        expects: [],
        // One in three hundred fails for minutes: the budget of three days is not gone by that.
        tolerates: ['slo-burn-slow'],
      },
    ],
  }),
  scenario({
    name: 'deploy-of-routers',
    seed: 88,
    durationS: 15 * MINUTE_S,
    faults: [
      {
        ...{ kind: 'rolling restart of routers', fromS: 5 * MINUTE_S, untilS: 7 * MINUTE_S },
        effects: [{ does: 'restart', who: 'routers', goneS: 12 }],
        expects: [],
      },
    ],
  }),
]

/** Telemetry that comes late, twice, in disorder, with wrong times, or in one piece. */
export const DISTURBED_SCENARIOS: readonly Scenario[] = [
  disturbed('late-router', 90, [{ does: 'late', who: 'router-2', byMs: 30_000 }]),
  disturbed('late-all', 91, [{ does: 'late', who: 'routers', byMs: 8_000 }]),
  disturbed('duplicated', 92, [{ does: 'duplicate', share: 0.3 }]),
  disturbed('reordered', 93, [{ does: 'reorder', byMs: 5_000 }]),
  disturbed('skewed', 94, [{ does: 'skew', who: 'router-1', byMs: -120_000, fromS: 0 }]),
  disturbed('skewed-far', 95, [{ does: 'skew', who: 'router-1', byMs: -600_000, fromS: 0 }]),
  disturbed('skewed-ahead', 96, [{ does: 'skew', who: 'router-1', byMs: 420_000, fromS: 0 }]),
  disturbed('time-step', 97, [{ does: 'skew', who: 'routers', byMs: -45_000, fromS: 900 }]),
  disturbed('time-step-ahead', 101, [{ does: 'skew', who: 'routers', byMs: 45_000, fromS: 900 }]),
  disturbed('collector-restart', 98, [{ does: 'hold', fromS: 900, untilS: 960 }]),
  disturbed('sampled', 99, [{ does: 'sample', share: 0.1, isDeclared: true }]),
  {
    ...noise('late-in-noise', 102, { requestsPerS: 20, hours: 2 }),
    disturbances: [
      { does: 'late', who: 'router-2', byMs: 30_000 },
      { does: 'duplicate', share: 0.2 },
      { does: 'reorder', byMs: 4_000 },
    ],
  },
  {
    ...noise('collector-restart-in-noise', 100, { requestsPerS: 20, hours: 1 }),
    disturbances: [{ does: 'hold', fromS: 1_800, untilS: 1_890 }],
  },
]

/** Total outages whose telemetry is disturbed: they are found all the same. */
export const DISTURBED_OUTAGES: readonly Scenario[] = (
  [
    ['duplicated', { does: 'duplicate', share: 0.3 }],
    ['reordered', { does: 'reorder', byMs: 3_000 }],
    ['late', { does: 'late', who: 'router-2', byMs: 30_000 }],
    ['skewed', { does: 'skew', who: 'router-1', byMs: -600_000, fromS: 0 }],
    ['sampled', { does: 'sample', share: 0.3, isDeclared: true }],
    ['sampled-in-secret', { does: 'sample', share: 0.3, isDeclared: false }],
  ] as const
).map(([name, disturbance], index) => ({
  ...faulty({
    name: `outage-${name}`,
    seed: 110 + index,
    load: { requestsPerS: 50 },
    kind: 'total outage',
    effects: [{ does: 'fail', share: 1, failure: 'unavailable' }],
    expects: ['primary-failing', 'primary-failing-fast', 'requests-failing', 'slo-burn'],
    tolerates: [
      ...['primary-failing-low-traffic', 'slo-burn-slow', 'new-error-template'],
      'cost-per-success',
    ],
  }),
  disturbances: [disturbance],
}))
