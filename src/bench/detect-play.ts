import type { Rule } from '../config/rules.ts'
import { createTimings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import { createDetector } from '../detect/detector.ts'
import type { Scenario } from '../fleet/scenario.ts'
import { deliverScenario } from '../fleet/scenario-disturbances.ts'
import { SCENARIO_START_UNIX_MS } from '../fleet/scenario-fleet.ts'
import { createTurnedClock } from '../lib/turned-clock.ts'
import { compareGenerations, type Generation } from '../model/generation.ts'
import type { ReceivedStatus } from '../model/router-status.ts'
import type { Group, Verdict } from '../model/verdict.ts'
import { createDetectEvents } from '../telemetry/detect-events.ts'
import { createSilentTelemetry } from '../telemetry/telemetry.ts'

/** The pack under test, as `serve` would load it. */
export interface Pack {
  readonly rules: readonly Rule[]
  readonly topology: Topology
  /** Rules that may move traffic: the `on` of failover.yaml. */
  readonly failoverRules: ReadonlySet<string>
}

/** A rule began to fire for a group. */
export interface Trip {
  readonly rule: string
  readonly by: Group
  /** Event time of the verdict, and when it was given. */
  readonly atUnixMs: number
  readonly judgedUnixMs: number
  /** Until when it fired; Infinity when it still did at the end. */
  untilUnixMs: number
  readonly value: Verdict['value']
  readonly title: string
}

export interface Played {
  readonly trips: readonly Trip[]
  readonly observationCount: number
  /** How long each rule did not know, over all of its groups. */
  readonly unknownMs: ReadonlyMap<string, number>
}

const LATENESS_MS = 10_000
const TICK_MS = 250
/** A day is judged less often between its batches; each batch is judged as it comes anyway. */
const TICKS_MAX = 20_000

/** Plays a scenario through the real detector under a hand-turned clock. */
export function playScenario(scenario: Scenario, { rules, topology }: Pack): Played {
  const clock = createTurnedClock(SCENARIO_START_UNIX_MS)
  const trips = createTripLog()
  const pairs = new Map<string, Generation>()
  const detector = createDetector({
    ...{ rules, clock, latenessMs: LATENESS_MS, publish: trips.hear },
    topology: () => topology,
    timings: createTimings(),
    pairOf: () => undefined,
    // There is no controller here: where a route is, is what the first router to go there reports.
    pairAt: (route) => pairs.get(route),
    events: createDetectEvents(createSilentTelemetry()),
  })
  const endUnixMs = SCENARIO_START_UNIX_MS + scenario.durationS * 1_000
  const tickMs = Math.max(TICK_MS, (scenario.durationS * 1_000) / TICKS_MAX)
  let tickUnixMs = SCENARIO_START_UNIX_MS + tickMs
  let observationCount = 0
  const turnTo = (unixMs: number) => {
    for (; tickUnixMs <= unixMs; tickUnixMs += tickMs) {
      clock.turn(tickUnixMs - clock.nowMs())
      detector.tick()
    }
    clock.turn(unixMs - clock.nowMs())
  }
  for (const { receivedUnixMs, observations, status } of deliverScenario(scenario)) {
    if (receivedUnixMs > endUnixMs) break
    turnTo(receivedUnixMs)
    observationCount += observations?.length ?? 1
    if (observations) detector.observe(observations)
    else {
      follow(pairs, status)
      detector.status(status)
    }
  }
  turnTo(endUnixMs)
  return { trips: trips.all(), unknownMs: trips.unknownMs(endUnixMs), observationCount }
}

function follow(pairs: Map<string, Generation>, { status }: ReceivedStatus): void {
  for (const [route, pair] of Object.entries(status.observed)) {
    const known = pairs.get(route)
    if (!known || compareGenerations(pair, known) > 0) pairs.set(route, pair)
  }
}

/** Firing counts from the verdict that begins it to the one that ends it, whatever lies between. */
function createTripLog() {
  const trips: Trip[] = []
  const firing = new Map<string, Trip>()
  const unknownSince = new Map<string, { rule: string; sinceMs: number }>()
  const unknownMs = new Map<string, number>()
  const known = (key: string, nowMs: number) => {
    const since = unknownSince.get(key)
    if (!since) return
    unknownSince.delete(key)
    const before = unknownMs.get(since.rule) ?? 0
    unknownMs.set(since.rule, before + nowMs - since.sinceMs)
  }
  return {
    all: () => trips,
    unknownMs(endUnixMs: number): ReadonlyMap<string, number> {
      for (const key of [...unknownSince.keys()]) known(key, endUnixMs)
      return unknownMs
    },
    hear(verdict: Verdict) {
      const { rule, by, effect, state, atUnixMs, judgedUnixMs, value, title } = verdict
      const key = JSON.stringify([rule, by])
      if (state !== 'unknown') known(key, judgedUnixMs)
      else if (!unknownSince.has(key)) unknownSince.set(key, { rule, sinceMs: judgedUnixMs })
      const fired = firing.get(key)
      if (effect === 'firing' && !fired) {
        const untilUnixMs = Number.POSITIVE_INFINITY
        const trip: Trip = { rule, by, atUnixMs, judgedUnixMs, value, title, untilUnixMs }
        trips.push(trip)
        firing.set(key, trip)
      }
      if (effect === 'ok' && fired) {
        fired.untilUnixMs = judgedUnixMs
        firing.delete(key)
      }
    },
  }
}
