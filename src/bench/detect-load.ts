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
  readonly batchSize: number
}

/**
 * Attempts and requests of the same spans, workers' spans, logs, metrics and statuses, one try in
 * twenty failing, in batches of one size, drawn beforehand so that nothing but the detector is timed.
 */
export function drawLoad(options: LoadOptions): readonly LoadBatch[] {
  const { batchSize } = options
  const batches: LoadBatch[] = []
  let observations: Observation[] = []
  let statuses: ReceivedStatus[] = []
  for (const delivery of streamScenario(toScenario(options))) {
    if (delivery.status) statuses.push(delivery.status)
    for (const one of delivery.observations ?? []) {
      makeReady(one)
      observations.push(one)
      if (observations.length < batchSize) continue
      batches.push({ receivedUnixMs: delivery.receivedUnixMs, observations, statuses })
      observations = []
      statuses = []
    }
  }
  return batches
}

/** What decoding has made before the detector sees it: the attempt or request, and the identity. */
function makeReady({ attempt, request, onceKey }: Observation): void {
  if ((attempt ?? request) && onceKey === undefined) throw new Error('a span has an identity')
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
