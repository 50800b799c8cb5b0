import type { Scenario } from '../fleet/scenario.ts'
import { streamScenario } from '../fleet/scenario-stream.ts'
import { scenario } from '../fleet/scenario-usual.ts'
import type { Observation } from '../model/observation.ts'
import type { ReceivedStatus } from '../model/router-status.ts'
import { encodeLogs, encodeSpans } from './load-bytes.ts'

/** What the detector is timed with: spans of a large fleet, with all that comes beside them. */
export interface LoadBatch {
  readonly receivedUnixMs: number
  /** Export requests of spans and of log records; empty where there are none in this batch. */
  readonly spans: Buffer
  readonly logs: Buffer
  /** Metrics. */
  readonly others: readonly Observation[]
  /** Spans, log records and data points. */
  readonly itemCount: number
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
 * twenty failing: each export of each sender a batch, cut at `batchMax` as exporters do.
 */
export function* drawLoad(options: LoadOptions): Generator<LoadBatch> {
  let statuses: ReceivedStatus[] = []
  for (const { receivedUnixMs, status, observations = [] } of streamScenario(toScenario(options))) {
    if (status) statuses.push(status)
    for (let from = 0; from < observations.length; from += options.batchMax) {
      const batch = observations.slice(from, from + options.batchMax)
      const ownLogs = batch.filter(({ unit }) => unit === 'log')
      const others = batch.filter((one) => !isSpan(one) && one.unit !== 'log')
      const [spans, logs] = [encodeSpans(batch.filter(isSpan)), encodeLogs(ownLogs)]
      yield { receivedUnixMs, spans, logs, others, itemCount: batch.length, statuses }
      statuses = []
    }
  }
}

function isSpan({ unit }: Observation): boolean {
  return unit === 'attempt' || unit === 'request' || unit === 'span'
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
