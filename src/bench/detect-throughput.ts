import { loadSettings } from '../config/settings.ts'
import { createTimings } from '../config/timings.ts'
import type { Decoder } from '../decode/decoder.ts'
import { createDetector, type Detector } from '../detect/detector.ts'
import { SCENARIO_START_UNIX_MS } from '../fleet/scenario-fleet.ts'
import { createTurnedClock, type TurnedClock } from '../lib/turned-clock.ts'
import type { DecodedBatch } from '../model/batch.ts'
import { ObservationColumns } from '../model/observation-columns.ts'
import { createDetectEvents } from '../telemetry/detect-events.ts'
import { createSilentTelemetry } from '../telemetry/telemetry.ts'
import { createBenchDecoder } from './bench-decoder.ts'
import { drawLoad, type LoadBatch } from './detect-load.ts'
import type { Pack } from './detect-play.ts'
import { medianOf, quantileOf, round } from './statistics.ts'

/** What an SDK exports at once, and what a collector sends on, where nobody set it; and between them. */
const BATCH_MAXES = [512, 1_000, 8_192] as const
const SPANS_PER_S = 50_000
const LATENESS_MS = 10_000
const TICK_MS = 250
/** Of each run, in seconds of load: the first half is left out, in which most is new to a detector. */
const SECONDS = 8
const WARM_SECONDS = 4
const RUNS_MIN = 3
/** So much load is a backlog. */
const BACKLOG_MS = 1_000

type Figures = Readonly<Record<string, unknown>>

/**
 * How fast the detector is with a pack, and how long a batch waits for its verdicts, by how large batches
 * are at most. Each batch is decoded as a server would, and judged then: each time, the detector finds in
 * the processor's caches what decoding left there. Of a backlog, a second of load is decoded first, and
 * judged in one go. Timed is judging alone, by clock: CPU time would be that of the whole process, whose
 * other threads clear up as well. The load is drawn beforehand: clearing up after that is no part of a
 * server's work. An observation is a span, a log record or a data point. A run before the first is for the
 * compiler.
 */
export function* measureThroughput(pack: Pack, runCount: number): Generator<Figures> {
  for (const batchMax of BATCH_MAXES) {
    const counts = Array.from({ length: Math.max(RUNS_MIN, runCount) + 1 }, (_, run) => run)
    const measure = (backlogMs: number) =>
      counts.map((seed) => measureRun(pack, { seed, batchMax, backlogMs })).slice(1)
    yield {
      throughput: 'observe',
      rules: pack.rules.length,
      batch_max: batchMax,
      ...figuresOf(measure(0)),
      ...speedOf(measure(BACKLOG_MS), 'backlog_'),
    }
  }
}

function figuresOf(runs: readonly Run[]): Figures {
  const median = (key: 'observeMs' | 'verdictMs', q: number) =>
    round(medianOf(runs.map((run) => quantileOf(run[key], q))), 3)
  return {
    ...speedOf(runs, ''),
    observe_p50_ms: median('observeMs', 0.5),
    observe_p99_ms: median('observeMs', 0.99),
    // With waiting for what is in work when it comes: statuses, ticks, other batches.
    verdict_spans_per_s: SPANS_PER_S,
    verdict_p99_ms: median('verdictMs', 0.99),
  }
}

function speedOf(runs: readonly Run[], prefix: string): Figures {
  const perS = runs.map((run) => run.observationsPerS)
  return {
    [`${prefix}observations_per_s`]: round(medianOf(perS), 0),
    [`${prefix}observations_per_s_runs`]: perS.map((value) => round(value, 0)),
  }
}

interface Run {
  readonly observationsPerS: number
  readonly observeMs: readonly number[]
  readonly verdictMs: readonly number[]
}

interface RunOptions {
  readonly seed: number
  readonly batchMax: number
  /** So much of the load is decoded at once, before it is judged; 0: batch by batch. */
  readonly backlogMs: number
}

function measureRun(pack: Pack, { seed, batchMax, backlogMs }: RunOptions): Run {
  const { clock, detector, decode } = createBench(pack)
  const line = createLine()
  const warmUntilUnixMs = SCENARIO_START_UNIX_MS + WARM_SECONDS * 1_000
  const run = {
    count: 0,
    observeMs: [] as number[],
    verdictMs: [] as number[],
  }
  let tickUnixMs = SCENARIO_START_UNIX_MS + TICK_MS
  let spanCount = 0
  const judge = ({ receivedUnixMs, itemCount, statuses }: LoadBatch, all: Iterable<Seen>) => {
    const arrivedMs = (spanCount * 1_000) / SPANS_PER_S
    spanCount += itemCount
    clock.turn(Math.max(0, receivedUnixMs - clock.nowMs()))
    for (const status of statuses) line.work(arrivedMs, () => detector.status(status))
    for (; tickUnixMs <= receivedUnixMs; tickUnixMs += TICK_MS) line.work(arrivedMs, detector.tick)
    const isWarm = receivedUnixMs >= warmUntilUnixMs
    if (isWarm) run.count += itemCount
    for (const { observations, columns } of all) {
      const observe = () => detector.observe(observations, receivedUnixMs, columns)
      const { tookMs, waitedMs } = line.work(arrivedMs, observe)
      if (!isWarm) continue
      run.observeMs.push(tookMs)
      run.verdictMs.push(waitedMs + tookMs)
    }
  }
  const load = [...drawLoad({ seed, spansPerS: SPANS_PER_S, seconds: SECONDS, batchMax })]
  for (const backlog of inBacklogs(load, backlogMs)) {
    if (backlogMs === 0) for (const batch of backlog) judge(batch, decode(batch))
    else
      for (const [batch, all] of backlog.map((one) => [one, kept(decode(one))] as const))
        judge(batch, all)
  }
  const totalMs = run.observeMs.reduce((sum, one) => sum + one, 0)
  return { ...run, observationsPerS: (run.count * 1_000) / totalMs }
}

type Seen = Pick<DecodedBatch, 'observations' | 'columns'>

interface Bench {
  readonly clock: TurnedClock
  readonly detector: Detector
  /** What a server would show its detector of a batch, request by request; good until the next. */
  decode(batch: LoadBatch): Iterable<Seen>
}

function createBench({ rules, topology }: Pack): Bench {
  const clock = createTurnedClock(SCENARIO_START_UNIX_MS)
  const detector = createDetector({
    ...{ rules, clock, latenessMs: LATENESS_MS, publish: () => {} },
    topology: () => topology,
    timings: createTimings(),
    pairOf: () => undefined,
    events: createDetectEvents(createSilentTelemetry()),
  })
  const settings = loadSettings({})
  const decoder = createBenchDecoder({ settings, rules: () => rules, topology: () => topology })
  return { clock, detector, decode: (batch) => decode(decoder, batch) }
}

function* decode(decoder: Decoder, batch: LoadBatch): Generator<Seen> {
  const { spans, logs, others, receivedUnixMs } = batch
  const bodies = [['traces', spans] as const, ['logs', logs] as const]
  for (const [signal, body] of bodies) {
    if (body.length === 0) continue
    const decoded = decoder.decode({ signal, encoding: 'protobuf', body, receivedUnixMs })
    if (decoded.status !== 'ok') throw new Error(decoded.reason)
    // Nobody stores what was decoded.
    decoder.seal()
    yield decoded.batch
  }
  if (others.length > 0) yield { observations: others }
}

/** Columns are filled anew by each request: here they are kept for later. */
function kept(all: Iterable<Seen>): readonly Seen[] {
  const own: Seen[] = []
  for (const { observations, columns } of all)
    own.push({
      observations,
      ...(columns && { columns: new ObservationColumns().of(observations) }),
    })
  return own
}

function* inBacklogs(load: readonly LoadBatch[], backlogMs: number): Generator<LoadBatch[]> {
  for (let from = 0; from < load.length; ) {
    const untilUnixMs = (load[from]?.receivedUnixMs ?? 0) + backlogMs
    let until = from + 1
    while (until < load.length && (load[until]?.receivedUnixMs ?? 0) < untilUnixMs) until++
    yield load.slice(from, until)
    from = until
  }
}

/** One server and its queue: work takes what it really takes, arrivals come at their own time. */
function createLine() {
  let freeMs = 0
  return {
    work(arrivedMs: number, run: () => void): { tookMs: number; waitedMs: number } {
      const startMs = performance.now()
      run()
      const tookMs = performance.now() - startMs
      const beginsMs = Math.max(arrivedMs, freeMs)
      freeMs = beginsMs + tookMs
      return { tookMs, waitedMs: beginsMs - arrivedMs }
    },
  }
}
