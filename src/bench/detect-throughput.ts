import { loadSettings } from '../config/settings.ts'
import { createTimings } from '../config/timings.ts'
import type { Decoder } from '../decode/decoder.ts'
import { createDetector, type Detector } from '../detect/detector.ts'
import { SCENARIO_START_UNIX_MS } from '../fleet/scenario-fleet.ts'
import { createTurnedClock, type TurnedClock } from '../lib/turned-clock.ts'
import type { DecodedBatch } from '../model/batch.ts'
import { createDetectEvents } from '../telemetry/detect-events.ts'
import { createSilentTelemetry } from '../telemetry/telemetry.ts'
import { createBenchDecoder } from './bench-decoder.ts'
import { drawLoad, type LoadBatch } from './detect-load.ts'
import type { Pack } from './detect-play.ts'
import { medianOf, quantileOf, round } from './statistics.ts'

const BATCH_MAX = 1_000
const SPANS_PER_S = 50_000
const LATENESS_MS = 10_000
const TICK_MS = 250
/** Of each run, in seconds of load: the first half is left out, in which most is new to a detector. */
const SECONDS = 12
const WARM_SECONDS = 6
const RUNS_MIN = 5

/**
 * How fast the detector is with a pack, and how long a batch waits for its verdicts. Each batch is
 * decoded as a server would, and judged then; timed is judging alone, by clock: CPU time would be that of
 * the whole process, whose other threads clear up as well. The load is drawn beforehand: clearing up after
 * that is no part of a server's work. An observation is a span, a log record or a data point. A run before
 * the first is for the compiler.
 */
export function measureThroughput(pack: Pack, runCount: number): Readonly<Record<string, unknown>> {
  const counts = Array.from({ length: Math.max(RUNS_MIN, runCount) + 1 }, (_, run) => run)
  const runs = counts.map((seed) => measureRun(pack, seed)).slice(1)
  const perS = runs.map((run) => run.observationsPerS)
  return {
    throughput: 'observe',
    rules: pack.rules.length,
    observations_per_s: round(medianOf(perS), 0),
    observations_per_s_runs: perS.map((value) => round(value, 0)),
    batch_max: BATCH_MAX,
    observe_p50_ms: round(medianOf(runs.map(({ observeMs }) => quantileOf(observeMs, 0.5))), 3),
    observe_p99_ms: round(medianOf(runs.map(({ observeMs }) => quantileOf(observeMs, 0.99))), 3),
    // With waiting for what is in work when it comes: statuses, ticks, other batches.
    verdict_spans_per_s: SPANS_PER_S,
    verdict_p99_ms: round(medianOf(runs.map(({ verdictMs }) => quantileOf(verdictMs, 0.99))), 3),
  }
}

interface Run {
  readonly observationsPerS: number
  readonly observeMs: readonly number[]
  readonly verdictMs: readonly number[]
}

function measureRun(pack: Pack, seed: number): Run {
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
  const load = { seed, spansPerS: SPANS_PER_S, seconds: SECONDS, batchMax: BATCH_MAX }
  for (const batch of [...drawLoad(load)]) {
    const { receivedUnixMs, itemCount } = batch
    const arrivedMs = (spanCount * 1_000) / SPANS_PER_S
    spanCount += itemCount
    clock.turn(Math.max(0, receivedUnixMs - clock.nowMs()))
    for (const status of batch.statuses) line.work(arrivedMs, () => detector.status(status))
    for (; tickUnixMs <= receivedUnixMs; tickUnixMs += TICK_MS) line.work(arrivedMs, detector.tick)
    const isWarm = receivedUnixMs >= warmUntilUnixMs
    if (isWarm) run.count += itemCount
    decode(batch, ({ observations, columns }) => {
      const observe = () => detector.observe(observations, receivedUnixMs, columns)
      const { tookMs, waitedMs } = line.work(arrivedMs, observe)
      if (!isWarm) return
      run.observeMs.push(tookMs)
      run.verdictMs.push(waitedMs + tookMs)
    })
  }
  const totalMs = run.observeMs.reduce((sum, one) => sum + one, 0)
  return { ...run, observationsPerS: (run.count * 1_000) / totalMs }
}

type Seen = Pick<DecodedBatch, 'observations' | 'columns'>

interface Bench {
  readonly clock: TurnedClock
  readonly detector: Detector
  /** Shows what a server would show its detector of a batch, request by request. */
  decode(batch: LoadBatch, see: (seen: Seen) => void): void
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
  return { clock, detector, decode: (batch, see) => decode(decoder, batch, see) }
}

function decode(decoder: Decoder, batch: LoadBatch, see: (seen: Seen) => void): void {
  const { spans, logs, others, receivedUnixMs } = batch
  const bodies = [['traces', spans] as const, ['logs', logs] as const]
  for (const [signal, body] of bodies) {
    if (body.length === 0) continue
    const decoded = decoder.decode({ signal, encoding: 'protobuf', body, receivedUnixMs })
    if (decoded.status !== 'ok') throw new Error(decoded.reason)
    // Nobody stores what was decoded.
    decoder.seal()
    see(decoded.batch)
  }
  if (others.length > 0) see({ observations: others })
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
