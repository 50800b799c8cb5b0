import type { Scenario, ScenarioFault, ScenarioLoad } from './scenario.ts'
import { DAY_S, HOUR_S, LONG_LOAD, MINUTE_S, scenario } from './scenario-usual.ts'
import { FOLLOWS, faulty } from './scenarios-outage.ts'

// Pictures that are worse, slower or dearer than before; and what people ask for.

type Told = Pick<ScenarioFault, 'kind' | 'effects' | 'expects' | 'tolerates' | 'by'> & {
  readonly name: string
  readonly seed: number
  readonly load?: Partial<ScenarioLoad>
}

/** A fault that only a past shows: an hour and a quarter of it, then 20 minutes. */
function afterPast({ name, seed, load, ...fault }: Told): Scenario {
  return scenario({
    ...{ name, seed, durationS: 110 * MINUTE_S },
    load: { ...LONG_LOAD, requestsPerS: 10, ...load },
    faults: [{ fromS: 75 * MINUTE_S, untilS: 95 * MINUTE_S, ...fault }],
  })
}

const DRIFTS = ['latency-p50-drift', 'latency-p95-drift']

export const QUALITY_SCENARIOS: readonly Scenario[] = [
  faulty({
    name: 'quality-flagged',
    seed: 70,
    kind: 'broken typography in a third',
    effects: [{ does: 'flag', share: 0.33 }],
    expects: ['quality-flagged'],
  }),
  scenario({
    name: 'cost-jump',
    seed: 71,
    // Costs are compared with six hours, which must have passed.
    durationS: 7.5 * HOUR_S,
    load: { ...LONG_LOAD, requestsPerS: 10 },
    faults: [
      {
        fromS: 7 * HOUR_S,
        untilS: 7.4 * HOUR_S,
        kind: 'pictures cost three times as much',
        effects: [{ does: 'cost', times: 3 }],
        expects: ['cost-per-success'],
      },
    ],
  }),
  afterPast({
    name: 'latency-drift',
    seed: 72,
    kind: 'everything takes three times as long',
    effects: [{ does: 'slow', times: 3 }],
    expects: DRIFTS,
    tolerates: ['latency-p95', 'cost-per-success'],
  }),
  afterPast({
    name: 'latency-tail',
    seed: 73,
    kind: 'one in eight takes six times as long',
    effects: [{ does: 'slow-tail', times: 6, share: 0.125 }],
    expects: ['latency-p95-drift'],
    tolerates: ['latency-p95', 'cost-per-success'],
  }),
  afterPast({
    name: 'latency-over-limit',
    seed: 74,
    kind: 'everything takes seven times as long',
    effects: [{ does: 'slow', times: 7 }],
    expects: ['latency-p95'],
    tolerates: [...DRIFTS, 'cost-per-success'],
  }),
  afterPast({
    name: 'canary-bad',
    seed: 75,
    load: { requestsPerS: 20 },
    kind: 'the new version fails every fifth',
    effects: [
      { does: 'canary', share: 0.1 },
      { does: 'fail', share: 0.2, failure: 'crash', where: { variant: 'v42' } },
    ],
    expects: ['canary-worse'],
    tolerates: FOLLOWS,
    by: { variant: 'v42' },
  }),
  afterPast({
    name: 'canary-good',
    seed: 76,
    load: { requestsPerS: 20 },
    kind: 'the new version is as good',
    effects: [{ does: 'canary', share: 0.1 }],
    expects: [],
  }),
  afterPast({
    name: 'rejected-jump',
    seed: 77,
    kind: 'a quarter is refused',
    effects: [{ does: 'reject', share: 0.25 }],
    expects: ['rejected-jump'],
  }),
  faulty({
    name: 'router-old-generation',
    seed: 78,
    kind: 'one router stays on the old generation',
    effects: [{ does: 'stay-old', router: 'router-2' }],
    expects: ['router-old-generation'],
    by: { router: 'router-2' },
  }),
  scenario({
    name: 'drifts-after-days',
    seed: 79,
    durationS: 5 * DAY_S,
    // Rules that compare with seven days want to have seen half of them.
    load: { ...LONG_LOAD, requestsPerS: 0.5 },
    faults: [
      {
        kind: 'other classes are asked for',
        fromS: 90 * HOUR_S,
        untilS: 96 * HOUR_S,
        effects: [{ does: 'mix', of: 'class', weights: [0.1, 0.2, 0.7] }],
        expects: ['class-drift'],
        tolerates: [...DRIFTS, 'cost-per-success'],
      },
      {
        kind: 'prompts become long',
        fromS: 106 * HOUR_S,
        untilS: 112 * HOUR_S,
        effects: [{ does: 'mix', of: 'prompt', weights: [1, 1, 3, 7] }],
        expects: ['prompt-drift'],
      },
      {
        kind: 'an error never seen before',
        fromS: 119.5 * HOUR_S,
        untilS: 119.6 * HOUR_S,
        effects: [{ does: 'log', texts: ['new-error'], workers: 3, everyS: 5 }],
        expects: ['new-error-template'],
      },
    ],
  }),
]
