import type { Effect, Scenario, ScenarioFault, ScenarioLoad } from './scenario.ts'
import { MINUTE_S, scenario } from './scenario-usual.ts'

// Attempts on the primary fail: how many, how fast, for how long.

/** What also follows when users get no pictures for minutes; none of it is another fault. */
export const FOLLOWS = ['slo-burn', 'slo-burn-slow', 'new-error-template', 'cost-per-success']
const SLOW = ['latency-p95', 'latency-p50-drift', 'latency-p95-drift']
const FAILING = ['primary-failing', 'requests-failing', 'slo-burn']
const TOTAL = [...FAILING, 'primary-failing-fast', 'primary-failing-low-traffic']

type Told = Pick<ScenarioFault, 'kind' | 'effects' | 'expects' | 'tolerates' | 'by'> & {
  readonly name: string
  readonly seed: number
  readonly load?: Partial<ScenarioLoad>
}

/** Five minutes of health, four of the fault, and five to see it end. */
export function faulty({ name, seed, load, ...fault }: Told): Scenario {
  const times = { fromS: 5 * MINUTE_S, untilS: 9 * MINUTE_S }
  return scenario({
    ...{ name, seed, durationS: 14 * MINUTE_S },
    ...(load && { load }),
    faults: [{ ...times, ...fault }],
  })
}

const fails = (share: number, failure: 'unavailable' | 'timeout' = 'unavailable') =>
  [{ does: 'fail', share, failure }] as const satisfies readonly Effect[]

const outage = (requestsPerS: number, seed: number, load: Partial<ScenarioLoad> = {}): Scenario =>
  faulty({
    name: `outage-${load.arrivals === 'even' ? 'even-' : ''}${requestsPerS}-per-s-seed-${seed}`,
    seed,
    load: { requestsPerS, ...load },
    kind: 'total outage',
    effects: fails(1),
    expects: TOTAL,
    tolerates: FOLLOWS,
  })

/** At a thousand requests a second, seven minutes are enough to simulate. */
function busy(requestsPerS: number, seed: number): Scenario {
  const told = outage(requestsPerS, seed)
  const times = { fromS: 3 * MINUTE_S, untilS: 5 * MINUTE_S }
  return {
    ...told,
    durationS: 7 * MINUTE_S,
    faults: told.faults.map((fault) => ({ ...fault, ...times })),
  }
}

const timeouts = (requestsPerS: number, seed: number, load: Partial<ScenarioLoad> = {}): Scenario =>
  faulty({
    name: `timeouts-${load.arrivals === 'even' ? 'even-' : ''}${requestsPerS}-per-s-seed-${seed}`,
    seed,
    load: { requestsPerS, ...load },
    kind: 'total outage by timeouts',
    effects: fails(1, 'timeout'),
    expects: [...TOTAL, 'primary-timeouts'],
    tolerates: [...FOLLOWS, ...SLOW],
  })

const partial = (percent: number, seed: number, requestsPerS = 20): Scenario =>
  faulty({
    name: `partial-${percent}-percent-${requestsPerS}-per-s`,
    seed,
    load: { requestsPerS },
    kind: 'partial outage',
    effects: fails(percent / 100),
    expects: FAILING,
    // At its own level the fast lane is a matter of luck.
    tolerates: [...FOLLOWS, ...(percent === 80 ? ['primary-failing-fast'] : [])],
  })

export const OUTAGE_SCENARIOS: readonly Scenario[] = [
  outage(10, 1, { arrivals: 'even' }),
  outage(5, 2),
  outage(20, 3),
  outage(20, 4),
  outage(20, 5),
  outage(200, 6),
  busy(1_000, 7),
  timeouts(20, 8, { arrivals: 'even' }),
  timeouts(20, 9),
  timeouts(50, 10),
  faulty({
    name: 'partial-34-percent-20-per-s',
    seed: 26,
    kind: 'partial outage that moves no traffic',
    effects: fails(0.34),
    expects: ['requests-failing', 'slo-burn'],
    tolerates: FOLLOWS,
  }),
  partial(45, 11),
  partial(60, 12),
  partial(60, 13, 200),
  partial(80, 14),
  scenario({
    name: 'slow-drift-of-errors',
    seed: 15,
    durationS: 35 * MINUTE_S,
    faults: [
      {
        kind: 'drift of errors to 80 %',
        fromS: 5 * MINUTE_S,
        untilS: 25 * MINUTE_S,
        effects: [{ does: 'fail', share: 0, shareTo: 0.8, failure: 'unavailable' }],
        expects: FAILING,
        tolerates: [...FOLLOWS, 'primary-failing-fast'],
      },
    ],
  }),
  faulty({
    name: 'flapping-30-s',
    seed: 16,
    kind: 'flapping',
    effects: [{ does: 'fail', share: 1, failure: 'unavailable', turns: { onS: 30, offS: 30 } }],
    expects: [...FAILING, 'primary-failing-fast'],
    tolerates: FOLLOWS,
  }),
  faulty({
    name: 'retry-storm',
    seed: 17,
    load: { attemptsMax: 2 },
    kind: 'retry storm',
    effects: [
      { does: 'fail', share: 0.6, failure: 'crash' },
      { does: 'retry', attempts: 6 },
    ],
    // Six tries leave one request in twenty: four minutes of it are a third of a percent of the hour.
    expects: ['primary-failing', 'retry-amplification'],
    tolerates: [...FOLLOWS, ...SLOW, 'requests-failing', 'stage-failing'],
  }),
  scenario({
    name: 'low-traffic-outage',
    seed: 18,
    durationS: 45 * MINUTE_S,
    load: { requestsPerS: 8 / 60 },
    faults: [
      {
        kind: 'total outage at little traffic',
        fromS: 20 * MINUTE_S,
        untilS: 32 * MINUTE_S,
        effects: fails(1),
        expects: ['primary-failing-low-traffic'],
        tolerates: [...FOLLOWS, 'requests-failing', 'primary-failing'],
      },
    ],
  }),
  faulty({
    name: 'router-failing-locally',
    seed: 19,
    kind: 'egress of one router of three',
    effects: [{ does: 'fail', share: 1, failure: 'refused', where: { router: 'router-2' } }],
    expects: ['requests-failing', 'slo-burn'],
    tolerates: FOLLOWS,
  }),
  faulty({
    name: 'router-silent',
    seed: 20,
    kind: 'one router of three silent',
    effects: [{ does: 'silence', who: 'router-2' }],
    expects: ['router-silent'],
    by: { router: 'router-2' },
  }),
  faulty({
    name: 'router-exporter-down',
    seed: 23,
    kind: 'spans of one router of three are lost, its status comes',
    effects: [{ does: 'silence', who: 'router-2 telemetry' }],
    expects: [],
  }),
  faulty({
    name: 'outage-and-one-router-silent',
    seed: 24,
    kind: 'total outage, and one router of three silent',
    effects: [...fails(1), { does: 'silence', who: 'router-2' }],
    expects: ['primary-failing', 'requests-failing', 'slo-burn', 'router-silent'],
    tolerates: [...FOLLOWS, 'primary-failing-fast', 'primary-failing-low-traffic'],
  }),
  faulty({
    name: 'outage-and-one-exporter-down',
    seed: 25,
    kind: 'total outage, and the spans of one router of three are lost',
    effects: [...fails(1), { does: 'silence', who: 'router-2 telemetry' }],
    expects: FAILING,
    tolerates: [...FOLLOWS, 'primary-failing-fast', 'primary-failing-low-traffic'],
  }),
  faulty({
    name: 'outage-behind-dead-exporters',
    seed: 27,
    kind: 'all fails behind two routers of three, whose spans are lost',
    effects: ['router-2', 'router-3'].flatMap((router): Effect[] => [
      { does: 'fail', share: 1, failure: 'unavailable', where: { router } },
      { does: 'silence', who: `${router} telemetry` },
    ]),
    expects: ['primary-failing'],
    tolerates: [...FOLLOWS, 'primary-failing-fast', 'requests-failing'],
  }),
  faulty({
    name: 'hang',
    seed: 21,
    kind: 'nothing ends',
    effects: [{ does: 'hang' }],
    expects: ['hung-requests'],
    tolerates: [...FOLLOWS, ...SLOW, 'requests-failing'],
  }),
  faulty({
    name: 'hang-behind-one-router',
    seed: 22,
    kind: 'nothing ends behind one router',
    effects: [{ does: 'hang', where: { router: 'router-3' } }],
    expects: ['hung-requests'],
    tolerates: [...FOLLOWS, ...SLOW, 'requests-failing'],
  }),
]
