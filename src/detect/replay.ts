import type { Rule } from '../config/rules.ts'
import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { Clock } from '../lib/clock.ts'
import type { Attempt } from '../model/attempt.ts'
import type { Generation } from '../model/generation.ts'
import type { Observation } from '../model/observation.ts'
import type { Verdict } from '../model/verdict.ts'
import { createDetectEvents } from '../telemetry/detect-events.ts'
import { createSilentTelemetry } from '../telemetry/telemetry.ts'
import { createDetector } from './detector.ts'

/** What detection was told at one moment. */
export type ReplayFrame = { readonly receivedUnixMs: number } & (
  | { readonly observations: readonly Observation[] }
  | { readonly restart: { readonly route: string; readonly pair: Generation } }
  | { readonly goodbye: string }
)

/** The production engine under a turned clock. */
export interface Replay {
  /** Frames in the order in which they were seen. */
  take(frame: ReplayFrame): void
  /** Lets time pass, as the engine's own tick would. */
  turnTo(unixMs: number): void
}

export interface ReplayOptions {
  readonly rules: readonly Rule[]
  readonly topology: Topology
  readonly timings: Timings
  readonly latenessMs: number
  readonly startUnixMs: number
  pairOf(attempt: Attempt): Generation | undefined
  /** The pair that a route was at before the first restart that is replayed. */
  pairAt(route: string): Generation | undefined
  verdict(verdict: Verdict): void
  /** A verdict that would have been another; see `DetectorOptions`. */
  refuse?(verdict: Verdict): void
}

export function createReplay(options: ReplayOptions): Replay {
  const { rules, timings, latenessMs, startUnixMs } = options
  let nowUnixMs = startUnixMs
  const clock = createStillClock(() => nowUnixMs, startUnixMs)
  const detector = createDetector({
    ...{ rules, clock, timings, latenessMs },
    topology: () => options.topology,
    publish: options.verdict,
    ...(options.refuse && { refuse: options.refuse }),
    ...{ pairOf: options.pairOf, pairAt: options.pairAt },
    events: createDetectEvents(createSilentTelemetry()),
  })
  void detector.start()
  // In steps: after a long gap the engine would make up for the last ticks only.
  const turnTo = (unixMs: number) => {
    while (nowUnixMs < unixMs) {
      nowUnixMs = Math.min(unixMs, nowUnixMs + STEP_MS)
      detector.tickTo(nowUnixMs)
    }
  }
  return {
    turnTo,
    take(frame) {
      const { receivedUnixMs } = frame
      turnTo(receivedUnixMs)
      if ('observations' in frame) detector.observe(frame.observations, receivedUnixMs)
      else if ('restart' in frame) detector.restart({ ...frame.restart, atUnixMs: receivedUnixMs })
      else detector.forgetRouter(frame.goodbye, receivedUnixMs)
    },
  }
}

const STEP_MS = 30_000

/** Nothing waits in a replay: ticks run as time is turned. */
function createStillClock(nowMs: () => number, startUnixMs: number): Clock {
  const never = () => () => {}
  return {
    nowMs,
    monotonicMs: () => nowMs() - startUnixMs,
    after: never,
    every: never,
    sleep: () => new Promise(() => {}),
  }
}
