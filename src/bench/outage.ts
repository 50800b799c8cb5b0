import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchOptions } from './bench-options.ts'
import { takeDatabaseAway } from './database-outage.ts'
import { type LoadReport, runLoad } from './load.ts'
import { answerFigures, fateFigures } from './measured-run.ts'
import { newestUnixMs } from './observers.ts'
import { quantileOf, round } from './statistics.ts'
import { drain } from './stored-spans.ts'
import { startTarget, type Target } from './target.ts'

// ClickHouse is gone for `seconds` under a steady load: what do senders notice, what does the log
// hold, and how long does it take until everything is there, once?

/** Before the outage, as a share of it. */
const CALM_SHARE = 0.2
const CALM_MS_MAX = 60_000
/** Long enough to catch up while the load goes on, with room for the database's start. */
const AFTER_SHARE = 0.4
/** Of room for the log, far more than a span takes: this is not about a log that is full. */
const LOG_BYTES_PER_SPAN = 3_000
const LOG_BYTES_LEAST = 4 * 2 ** 30
/** Behind by less than two segments and an insert. */
const CAUGHT_UP_MS = 4_000
const LOOK_EVERY_MS = 200
const DRAIN_MS_MAX = 600_000

/** Code is compiled, and a schema's first parts are written. */
const WARM_UP_MS_MAX = 5_000

interface Phase {
  readonly fromUnixMs: number
  readonly untilUnixMs: number
}

export async function benchOutage(options: BenchOptions): Promise<void> {
  const { seconds, spansPerS = 20_000 } = options
  const logBytesMax = Math.max(LOG_BYTES_LEAST, spansPerS * seconds * LOG_BYTES_PER_SPAN)
  const target = await startTarget({
    env: { SIGNALBOX_LOG_BYTES_MAX: String(Math.round(logBytesMax)) },
  })
  try {
    options.emit(await measureOutage(target, { ...options, spansPerS }))
  } finally {
    await target.stop()
  }
}

async function measureOutage(
  target: Target,
  options: BenchOptions & { readonly spansPerS: number },
) {
  const { seconds, connections = 4, spansPerS, progress } = options
  const calmMs = Math.min(CALM_MS_MAX, seconds * 1_000 * CALM_SHARE)
  const shape = { spansPerRequest: 1_000, encoding: 'protobuf', isGzip: false } as const
  const durationMs = calmMs + seconds * 1_000 * (1 + AFTER_SHARE)
  const load = { ...shape, port: target.port, connections, spansPerS }
  const warmUp = await runLoad({ ...load, durationMs: Math.min(WARM_UP_MS_MAX, calmMs) })
  const warmCount = warmUp.acceptedSpanCount
  await drain(target, { count: warmCount, msMax: DRAIN_MS_MAX })
  const startUnixMs = Date.now()
  const loading = runLoad({ ...load, durationMs })
  loading.catch(() => {})
  progress(`before: ${calmMs / 1_000} s`)
  await sleep(calmMs)
  const gone = await goneFor(target, options)
  progress('after')
  const isCaughtUp = await isNear(target, startUnixMs + durationMs)
  const nearMs = Date.now() - gone.untilUnixMs
  const report = await loading
  const count = warmCount + report.acceptedSpanCount
  const drained = await drain(target, { count, msMax: DRAIN_MS_MAX })
  const stored = drained.storedCount - warmCount
  const phaseOf = (phase: Phase) => phaseFigures(report, phase)
  const during = phaseOf(gone)
  const logBytesPerSpan = gone.logBytes / Math.max(1, during.accepted_spans)
  return {
    ...{ outage_seconds: round((gone.untilUnixMs - gone.fromUnixMs) / 1_000), connections },
    ...{ offered_spans_per_s: spansPerS, spans_stored: stored },
    before: phaseOf({ fromUnixMs: startUnixMs, untilUnixMs: gone.fromUnixMs }),
    during,
    after: phaseOf({ fromUnixMs: gone.untilUnixMs, untilUnixMs: Number.POSITIVE_INFINITY }),
    log_bytes_grown: gone.logBytes,
    log_bytes_per_span: round(logBytesPerSpan, 1),
    /** Since the database may come back; while the load goes on, unless it ended before. */
    caught_up_after_ms: isCaughtUp ? nearMs : Date.now() - gone.untilUnixMs,
    caught_up_under_load: isCaughtUp,
    peak_bytes_server: target.usage().server.peakBytes,
    ...answerFigures(report),
    ...(await fateFigures(target, { report, stored })),
  }
}

async function goneFor(
  target: Target,
  { seconds, progress }: BenchOptions,
): Promise<Phase & { readonly logBytes: number }> {
  const before = logBytesOf(target)
  const fromUnixMs = Date.now()
  progress(`the database is gone for ${seconds} s`)
  const outage = takeDatabaseAway(target)
  try {
    await sleep(seconds * 1_000)
  } finally {
    outage.end()
  }
  const untilUnixMs = Date.now()
  return { fromUnixMs, untilUnixMs, logBytes: logBytesOf(target) - before }
}

/** Whether what is queryable comes near to what is sent before the load ends. */
async function isNear(target: Target, untilUnixMs: number): Promise<boolean> {
  while (Date.now() < untilUnixMs) {
    const newest = await newestUnixMs(target).catch(() => 0)
    if (Date.now() - newest < CAUGHT_UP_MS) return true
    await sleep(LOOK_EVERY_MS)
  }
  return false
}

function phaseFigures(report: LoadReport, { fromUnixMs, untilUnixMs }: Phase) {
  const answers = [...report.sentUnixMs].flatMap((sentUnixMs, index) =>
    sentUnixMs >= fromUnixMs && sentUnixMs < untilUnixMs ? [report.answerMs[index] ?? 0] : [],
  )
  const spans = (answers.length * report.acceptedSpanCount) / Math.max(1, report.answerMs.length)
  const lastUnixMs = Math.min(untilUnixMs, report.sentUnixMs.at(-1) ?? fromUnixMs)
  // The load process takes a moment to start.
  const firstUnixMs = Math.max(fromUnixMs, report.sentUnixMs[0] ?? fromUnixMs)
  return {
    accepted_spans: Math.round(spans),
    accepted_spans_per_s: Math.round((spans * 1_000) / Math.max(1, lastUnixMs - firstUnixMs)),
    answer_p50_ms: round(quantileOf(answers, 0.5)),
    answer_p99_ms: round(quantileOf(answers, 0.99)),
    answer_max_ms: round(quantileOf(answers, 1)),
  }
}

function logBytesOf({ dataDir }: Target): number {
  const dir = join(dataDir, 'log')
  return readdirSync(dir)
    .map((name) => statSync(join(dir, name), { throwIfNoEntry: false }))
    .reduce((sum, stat) => sum + (stat?.isFile() ? stat.size : 0), 0)
}
