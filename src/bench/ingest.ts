import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BenchOptions } from './bench-options.ts'
import type { LoadOrder, LoadReport } from './ingest-load.ts'
import { type IngestService, startIngestService } from './ingest-service.ts'
import { type ProcessUsage, quantileOf, readUsage } from './machine.ts'

// The whole path of a span, from a sender's socket to a row that can be queried: receive, decode,
// write-ahead log, embedded ClickHouse; load from another process over loopback HTTP.

const WARM_UP_MS = 3_000
const LAG_EVERY_MS = 500

export async function benchIngest(
  options: BenchOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  const service = await startIngestService(dataDir)
  try {
    options.progress(`warming up for ${WARM_UP_MS / 1_000} s`)
    await runLoad({ ...options, port: service.port, durationMs: WARM_UP_MS })
    await service.flush()
    return await measure(service, options)
  } finally {
    await service.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function measure(service: IngestService, options: BenchOptions) {
  const { port, databasePid = 0 } = service
  const storedBefore = await countSpans(service)
  const before = { own: readOwn(), database: readUsage(databasePid) }
  const lag = watchLag(service)
  options.progress(`measuring for ${options.seconds} s`)
  const report = await runLoad({ ...options, port, durationMs: options.seconds * 1_000 })
  const lagsMs = await lag.stop()
  const drainStartMs = performance.now()
  await service.flush()
  const drainMs = performance.now() - drainStartMs
  const after = { own: readOwn(), database: readUsage(databasePid) }
  const storedCount = (await countSpans(service)) - storedBefore
  const { acceptedSpanCount, answerMs } = report
  const cpuSPerMillion = (from: ProcessUsage, to: ProcessUsage) =>
    round(((to.cpuS - from.cpuS) / acceptedSpanCount) * 1e6)
  const own = cpuSPerMillion(before.own, after.own)
  const database = cpuSPerMillion(before.database, after.database)
  const spansPerS = acceptedSpanCount / (report.durationMs / 1_000)
  return {
    decoder: 'reference',
    seconds: round(report.durationMs / 1_000),
    connections: options.connections,
    spans: acceptedSpanCount,
    bytes_per_span: round(report.bytesPerSpan),
    /** Answered per second while the load ran. */
    accepted_spans_per_s: Math.round(spansPerS),
    /** Until the last of them could be queried. */
    spans_per_s: Math.round(acceptedSpanCount / ((report.durationMs + drainMs) / 1_000)),
    cpu_s_per_million_spans: round(own + database),
    cpu_s_per_million_spans_service: own,
    cpu_s_per_million_spans_database: database,
    cpu_s_per_million_spans_load: round((report.cpuS / acceptedSpanCount) * 1e6),
    peak_bytes_service: after.own.peakBytes,
    peak_bytes_database: after.database.peakBytes,
    answer_p50_ms: round(quantileOf(answerMs, 0.5)),
    answer_p99_ms: round(quantileOf(answerMs, 0.99)),
    refused_requests: report.refusedCount,
    lag_until_queryable_p50_ms: Math.round(quantileOf(lagsMs, 0.5)),
    lag_until_queryable_max_ms: Math.round(Math.max(0, ...lagsMs)),
    drain_ms: Math.round(drainMs),
    lost_spans: acceptedSpanCount - storedCount,
  }
}

function readOwn(): ProcessUsage {
  const { user, system } = process.cpuUsage()
  return { cpuS: (user + system) / 1e6, peakBytes: readUsage(process.pid).peakBytes }
}

async function runLoad(order: LoadOrder): Promise<LoadReport> {
  const { port, connections, durationMs } = order
  const child = fork(fileURLToPath(new URL('./ingest-load.js', import.meta.url)))
  try {
    child.send({ port, connections, durationMs } satisfies LoadOrder)
    const [report] = await Promise.race([once(child, 'message'), exitOf(child)])
    return report as LoadReport
  } finally {
    child.kill()
  }
}

async function exitOf(child: ReturnType<typeof fork>): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null]
  throw new Error(`the load ended early with exit code ${code}`)
}

async function countSpans({ clickhouse }: IngestService): Promise<number> {
  const rows = await clickhouse.query<{ n: number }>('SELECT count() AS n FROM otel_traces')
  return Number(rows[0]?.n ?? 0)
}

/**
 * How far the database is behind: now minus the newest span it shows, every half second. Spans of
 * the load start when they are sent, so this is the time from sending to being queryable, between
 * two loads at its longest.
 */
function watchLag({ clickhouse }: IngestService): { stop(): Promise<number[]> } {
  const lagsMs: number[] = []
  let isStopped = false
  const watch = async () => {
    while (!isStopped) {
      await new Promise((resolve) => setTimeout(resolve, LAG_EVERY_MS))
      const sql = 'SELECT max(toUnixTimestamp64Milli(Timestamp)) AS newest FROM otel_traces'
      const rows = await clickhouse.query<{ newest: number }>(sql)
      if (!isStopped) lagsMs.push(Date.now() - Number(rows[0]?.newest ?? 0))
    }
  }
  const watching = watch()
  return {
    async stop() {
      isStopped = true
      await watching
      return lagsMs
    },
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
