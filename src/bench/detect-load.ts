import type { Rule } from '../config/rules.ts'
import { keysOf } from '../detect/keys-of.ts'
import { unitsOf } from '../detect/kinds.ts'
import type { Scenario } from '../fleet/scenario.ts'
import { streamScenario } from '../fleet/scenario-stream.ts'
import { scenario } from '../fleet/scenario-usual.ts'
import { createTraitsTable } from '../lib/traits-table.ts'
import {
  type Observation,
  type ObservationUnit,
  type Traits,
  VARYING_KEYS,
} from '../model/observation.ts'
import type { ReceivedStatus } from '../model/router-status.ts'

/** What the detector is timed with: spans of a large fleet, with all that comes beside them. */
export interface LoadBatch {
  readonly receivedUnixMs: number
  readonly observations: readonly Observation[]
  /** Router statuses that came since the batch before. */
  readonly statuses: readonly ReceivedStatus[]
}

/** Three spans a request: the router's two and the worker's one. */
const SPANS_PER_REQUEST = 3

export interface LoadOptions {
  readonly seed: number
  readonly spansPerS: number
  readonly seconds: number
  readonly batchMax: number
  /** What the traits of spans are made for. */
  readonly rules: readonly Rule[]
}

/**
 * Attempts and requests of the same spans, workers' spans, logs, metrics and statuses, one try in
 * twenty failing: each export of each sender a batch, cut at `batchMax` as exporters do. Drawn as
 * they are taken, so that they are as fresh in memory as decoded ones.
 */
export function* drawLoad(options: LoadOptions): Generator<LoadBatch> {
  const give = createTraits(options.rules)
  let statuses: ReceivedStatus[] = []
  for (const { receivedUnixMs, status, observations = [] } of streamScenario(toScenario(options))) {
    if (status) statuses.push(status)
    for (let from = 0; from < observations.length; from += options.batchMax) {
      const batch = observations.slice(from, from + options.batchMax)
      for (const one of batch) makeReady(one, give)
      yield { receivedUnixMs, observations: batch, statuses }
      statuses = []
    }
  }
}

/** What decoding has made before the detector sees it: attempt or request, identity and traits. */
function makeReady(one: Seen, give: (one: Seen) => Traits | undefined): void {
  const { attempt, request, once } = one
  if ((attempt ?? request) && once === undefined) throw new Error('a span has an identity')
  one.traits = give(one)
}

type Seen = { -readonly [K in keyof Observation]: Observation[K] }

const TRAITS_MAX = 50_000
const SEPARATOR = '\u0000'

/** Traits of spans, by all that some rule reads of them. */
function createTraits(rules: readonly Rule[]) {
  const table = createTraitsTable({ countMax: TRAITS_MAX })
  const keysOfUnit = (unit: ObservationUnit) => {
    const own = rules.filter((rule) => unitsOf(rule).includes(unit))
    return [...new Set(own.flatMap((rule) => [...keysOf(rule)]))]
  }
  const keys = { attempt: keysOfUnit('attempt'), request: keysOfUnit('request') }
  const keysBy: Partial<Record<ObservationUnit, readonly string[]>> = {
    ...keys,
    span: keysOfUnit('span'),
  }
  return ({ unit, source, field }: Observation): Traits | undefined => {
    const said = keysBy[unit]?.map((key) =>
      VARYING_KEYS.has(key) ? field(key) !== undefined : field(key),
    )
    return said && table.of([unit, source.id, ...said].join(SEPARATOR))
  }
}

function toScenario({ seed, spansPerS, seconds }: LoadOptions): Scenario {
  return scenario({
    ...{ name: 'load', seed, durationS: seconds },
    load: {
      requestsPerS: spansPerS / SPANS_PER_REQUEST,
      routers: 6,
      workers: 100,
      failedShare: 0.05,
    },
  })
}
