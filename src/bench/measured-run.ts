import { type Judged, judgedWithinMs } from './judged.ts'
import { type LoadOrder, type LoadReport, runLoad } from './load.ts'
import { watchLag, watchMemory } from './observers.ts'
import { quantileOf, round } from './statistics.ts'
import { countDoubled, countStored, drain, readParts } from './stored-spans.ts'
import type { Target, Usage } from './target.ts'

/** What one load cost; names are those of the output. Counts and CPU are without the warm-up. */
export type RunFigures = Awaited<ReturnType<typeof measureRun>>

export interface RunOptions {
  readonly order: Omit<LoadOrder, 'port'>
  readonly warmUpMs: number
}

const DRAIN_MS_MAX = 120_000
const MEMORY_EVERY_MS = 200

/**
 * Warms up, sends the load, waits until all of it can be queried, and counts. Peaks of memory are
 * those of the whole life of the processes. CPU ends when the last span can be queried: what is left
 * to merge then shows in the number of parts.
 */
export async function measureRun(target: Target, options: RunOptions) {
  const order = { ...options.order, port: target.port }
  const memory = watchMemory(target, MEMORY_EVERY_MS)
  const warmUp = await runLoad({ ...order, durationMs: options.warmUpMs })
  await drain(target, { count: warmUp.acceptedSpanCount, msMax: DRAIN_MS_MAX })
  const storedBefore = await countStored(target)
  const before = await costOf(target)
  const lag = watchLag(target)
  const report = await runLoad(order)
  const lagsMs = await lag.stop()
  const sentCount = storedBefore + report.acceptedSpanCount
  const { storedCount, drainMs } = await drain(target, { count: sentCount, msMax: DRAIN_MS_MAX })
  const after = await costOf(target)
  const samples = await memory.stop()
  const together = samples.map(({ serverBytes, databaseBytes }) => serverBytes + databaseBytes)
  const stored = storedCount - storedBefore
  return {
    seconds: round(report.durationMs / 1_000),
    bytes_per_span: round(report.bytesPerSpan, 1),
    spans_stored: stored,
    /** Answered per second while the load ran. */
    accepted_spans_per_s: Math.round(report.acceptedSpanCount / (report.durationMs / 1_000)),
    /** Until the last of them could be queried. */
    spans_per_s: Math.round(stored / ((report.durationMs + drainMs) / 1_000)),
    ...cpuFigures({ before, after, stored, report }),
    peak_bytes_server: after.usage.server.peakBytes,
    peak_bytes_database: after.usage.database.peakBytes,
    /** At one moment. */
    peak_bytes_together: together.reduce((peak, bytes) => Math.max(peak, bytes), 0),
    ...answerFigures(report),
    lag_until_queryable_p50_ms: Math.round(quantileOf(lagsMs, 0.5)),
    lag_until_queryable_max_ms: Math.round(quantileOf(lagsMs, 1)),
    drain_ms: Math.round(drainMs),
    ...(await fateFigures(target, { report, stored })),
    ...(await readParts(target)),
    ...(await mergeFigures(target, storedCount)),
  }
}

/**
 * What it costs to merge everything once, lookup included: a row is merged about three times in its
 * life, and a run of a minute sees a part of the first.
 */
async function mergeFigures(target: Target, storedCount: number) {
  const before = target.usage().database.cpuS
  for (const table of ['otel_traces', 'otel_traces_trace_id_ts'])
    await target.command(`OPTIMIZE TABLE ${table} FINAL`)
  const cpuS = target.usage().database.cpuS - before
  return { merge_all_cpu_s_per_million_spans: round((cpuS / Math.max(1, storedCount)) * 1e6) }
}

interface Cost {
  readonly usage: Usage
  readonly judged: Judged
}

async function costOf(target: Target): Promise<Cost> {
  return { judged: await target.judged(), usage: target.usage() }
}

function cpuFigures(given: {
  readonly before: Cost
  readonly after: Cost
  readonly stored: number
  readonly report: LoadReport
}) {
  const { before, after, stored, report } = given
  const perMillion = (cpuS: number) => round((cpuS / Math.max(1, stored)) * 1e6)
  const server = after.usage.server.cpuS - before.usage.server.cpuS
  const database = after.usage.database.cpuS - before.usage.database.cpuS
  const ranS = after.usage.mainThread.ranS - before.usage.mainThread.ranS
  const waitedS = after.usage.mainThread.waitedS - before.usage.mainThread.waitedS
  // By the clock, without its part of the time in which others had the core.
  const judgedS = after.judged.seconds - before.judged.seconds
  const judged = judgedS * (ranS > 0 ? ranS / (ranS + waitedS) : 1)
  return {
    cpu_s_per_million_spans: perMillion(server + database),
    cpu_s_per_million_spans_server: perMillion(server),
    cpu_s_per_million_spans_database: perMillion(database),
    cpu_s_per_million_spans_load: perMillion(report.cpuS),
    /** Time of the main thread in the detector. */
    judged_s_per_million_spans: perMillion(judged),
    judged_percent_of_cpu: round((100 * judged) / Math.max(0.001, server + database)),
    /** From the arrival of a batch to its verdicts, by the clock. */
    judged_p99_within_ms: judgedWithinMs(before.judged, after.judged, 0.99),
  }
}

/** From sending a request to its answer. */
export function answerFigures({ answerMs, lateMsMax }: LoadReport) {
  return {
    answer_p50_ms: round(quantileOf(answerMs, 0.5)),
    answer_p99_ms: round(quantileOf(answerMs, 0.99)),
    /** A paced request that found no free connection. */
    sent_late_max_ms: Math.round(lateMsMax),
  }
}

type SentCounts = Pick<LoadReport, 'acceptedSpanCount' | 'unansweredSpanCount' | 'refusedCount'>

/** Lost: answered for, and not there. Doubled: there more than once, of all that was ever sent. */
export async function fateFigures(
  target: Pick<Target, 'query'>,
  { report, stored }: { readonly report: SentCounts; readonly stored: number },
) {
  const { acceptedSpanCount, unansweredSpanCount, refusedCount } = report
  const doubledCount = await countDoubled(target)
  return {
    refused_requests: refusedCount,
    unanswered_spans: unansweredSpanCount,
    lost_spans: Math.max(0, acceptedSpanCount - (stored - doubledCount)),
    doubled_spans: doubledCount,
  }
}
