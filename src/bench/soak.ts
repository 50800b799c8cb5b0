import type { BenchOptions } from './bench-options.ts'
import { runLoad } from './load.ts'
import { answerFigures, fateFigures } from './measured-run.ts'
import { observe, watchLag } from './observers.ts'
import { quantileOf, round, slopeOf } from './statistics.ts'
import { drain, readParts } from './stored-spans.ts'
import { startTarget, type Target } from './target.ts'

// A steady load for long: does anything grow that should not?

const SAMPLE_EVERY_MS_MAX = 5_000
const SAMPLES_MIN = 20
/** Caches fill and code is compiled: growth counts after a third, and after two minutes at most. */
const WARM_UP_MS_MAX = 120_000
const DRAIN_MS_MAX = 120_000

interface Sample {
  readonly atMs: number
  readonly serverBytes: number
  readonly databaseBytes: number
  readonly parts: number
}

export async function benchSoak(options: BenchOptions): Promise<void> {
  const target = await startTarget()
  try {
    options.emit(await soak(target, options))
  } finally {
    await target.stop()
  }
}

async function soak(target: Target, options: BenchOptions) {
  const durationMs = options.seconds * 1_000
  const { connections = 4, spansPerS } = options
  const shape = { spansPerRequest: 1_000, encoding: 'protobuf', isGzip: false } as const
  const order = { ...shape, port: target.port, connections, durationMs }
  const lag = watchLag(target)
  const growth = watchGrowth(target, options)
  const report = await runLoad({ ...order, ...(spansPerS !== undefined && { spansPerS }) })
  const [samples, lagsMs] = [await growth.stop(), await lag.stop()]
  const count = report.acceptedSpanCount
  const { storedCount, drainMs } = await drain(target, { count, msMax: DRAIN_MS_MAX })
  const { server, database } = target.usage()
  const perMillion = ({ cpuS }: { cpuS: number }) => round((cpuS / storedCount) * 1e6)
  return {
    seconds: round(report.durationMs / 1_000),
    ...{ connections, offered_spans_per_s: spansPerS ?? null, spans_stored: storedCount },
    accepted_spans_per_s: Math.round(count / (report.durationMs / 1_000)),
    cpu_s_per_million_spans_server: perMillion(server),
    cpu_s_per_million_spans_database: perMillion(database),
    ...growthFigures(samples, durationMs),
    peak_bytes_server: server.peakBytes,
    peak_bytes_database: database.peakBytes,
    ...answerFigures(report),
    lag_until_queryable_p50_ms: Math.round(quantileOf(lagsMs, 0.5)),
    lag_until_queryable_max_ms: Math.round(quantileOf(lagsMs, 1)),
    drain_ms: Math.round(drainMs),
    ...(await fateFigures(target, { report, stored: storedCount })),
    ...(await readParts(target)),
  }
}

function watchGrowth(target: Target, { seconds, progress }: BenchOptions) {
  const startMs = performance.now()
  const everyMs = Math.min(SAMPLE_EVERY_MS_MAX, (seconds * 1_000) / SAMPLES_MIN)
  return observe<Sample>(everyMs, async () => {
    const { server, database } = target.usage()
    const { parts } = await readParts(target)
    const atMs = performance.now() - startMs
    const sizes = [server, database].map(({ nowBytes }) => `${toMegabytes(nowBytes)} MB`)
    progress(`${Math.round(atMs / 1_000)} s: ${sizes.join(' and ')}, ${parts} parts`)
    return { atMs, serverBytes: server.nowBytes, databaseBytes: database.nowBytes, parts }
  })
}

function growthFigures(samples: readonly Sample[], durationMs: number) {
  const warmUpMs = Math.min(WARM_UP_MS_MAX, durationMs / 3)
  const warm = samples.filter(({ atMs }) => atMs >= warmUpMs)
  const growthOf = (key: 'serverBytes' | 'databaseBytes') =>
    round(slopeOf(warm.map((one) => ({ x: one.atMs / 60_000, y: one[key] / 1e6 }))), 1)
  return {
    growth_after_s: Math.round(warmUpMs / 1_000),
    growth_mb_per_min_server: growthOf('serverBytes'),
    growth_mb_per_min_database: growthOf('databaseBytes'),
    parts_max: samples.reduce((most, { parts }) => Math.max(most, parts), 0),
    /** Seconds, MB of the server, MB of the database, parts. */
    samples: samples.map(({ atMs, serverBytes, databaseBytes, parts }) => [
      ...[Math.round(atMs / 1_000), toMegabytes(serverBytes), toMegabytes(databaseBytes), parts],
    ]),
  }
}

const toMegabytes = (bytes: number) => Math.round(bytes / 1e6)
