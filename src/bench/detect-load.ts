import type { Scenario } from '../fleet/scenario.ts'
import { streamScenario } from '../fleet/scenario-stream.ts'
import { scenario } from '../fleet/scenario-usual.ts'
import type { Observation } from '../model/observation.ts'
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
}

/**
 * Attempts and requests of the same spans, workers' spans, logs, metrics and statuses, one try in
 * twenty failing: each export of each sender a batch, cut at `batchMax` as exporters do. Drawn as
 * they are taken, so that they are as fresh in memory as decoded ones.
 */
export function* drawLoad(options: LoadOptions): Generator<LoadBatch> {
  let statuses: ReceivedStatus[] = []
  for (const { receivedUnixMs, status, observations = [] } of streamScenario(toScenario(options))) {
    if (status) statuses.push(status)
    for (let from = 0; from < observations.length; from += options.batchMax) {
      const batch = observations.slice(from, from + options.batchMax)
      for (const one of batch) makeReady(one)
      yield { receivedUnixMs, observations: batch, statuses }
      statuses = []
    }
  }
}

/** What decoding has made before the detector sees it: the attempt or request, and the identity. */
function makeReady({ attempt, request, once }: Observation): void {
  if ((attempt ?? request) && once === undefined) throw new Error('a span has an identity')
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
