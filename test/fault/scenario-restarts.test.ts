import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadPack } from '../../src/bench/detect-pack.ts'
import { createTimings } from '../../src/config/timings.ts'
import { createDetector } from '../../src/detect/detector.ts'
import type { Scenario } from '../../src/fleet/scenario.ts'
import { deliverScenario } from '../../src/fleet/scenario-disturbances.ts'
import { SCENARIO_START_UNIX_MS } from '../../src/fleet/scenario-fleet.ts'
import { SCENARIOS } from '../../src/fleet/scenarios.ts'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import { compareGenerations, type Generation } from '../../src/model/generation.ts'
import type { Verdict } from '../../src/model/verdict.ts'
import { createRuleMemory } from '../../src/store/rule-memory.ts'
import { createDetectEvents } from '../../src/telemetry/detect-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'

// Whole scenarios beside themselves: with Signalbox stopped and started again and again, and with telemetry
// that comes seconds later. The same rules must fire for the same groups, as often, at the same moments.

const LATENESS_MS = 10_000
/** Prime, so that it falls on everything in turn. */
const RESTART_EVERY_MS = 37_000
const LAG_MS = 4_000
/** Groups at rest are judged once a second, and all when a process begins. */
const APART_MS = 1_500
const PACK = loadPack()

interface Disturbed {
  readonly restartEveryMs?: number
  readonly lagMs?: number
}

interface Fired {
  readonly group: string
  readonly fromUnixMs: number
  untilUnixMs: number
}

async function play(scenario: Scenario, { restartEveryMs, lagMs = 0 }: Disturbed) {
  const clock = createTurnedClock(SCENARIO_START_UNIX_MS)
  const pairs = new Map<string, Generation>()
  const log = createLog()
  const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-restarts-'))
  const start = async () => {
    const detector = createDetector({
      ...{ rules: PACK.rules, clock, latenessMs: LATENESS_MS, publish: log.hear },
      topology: () => PACK.topology,
      timings: createTimings(),
      pairOf: () => undefined,
      pairAt: (route) => pairs.get(route),
      events: createDetectEvents(createSilentTelemetry()),
      // Written once a second, which takes longer than all else.
      ...(restartEveryMs !== undefined && { memory: createRuleMemory({ dataDir }) }),
    })
    await detector.start()
    return detector
  }
  let detector = await start()
  let restartUnixMs = SCENARIO_START_UNIX_MS + (restartEveryMs ?? Number.POSITIVE_INFINITY)
  const endUnixMs = SCENARIO_START_UNIX_MS + scenario.durationS * 1_000
  for (const { receivedUnixMs, observations, status } of late(deliverScenario(scenario), lagMs)) {
    if (receivedUnixMs > endUnixMs) break
    clock.turn(Math.max(0, receivedUnixMs - clock.nowMs()))
    if (restartEveryMs !== undefined && receivedUnixMs >= restartUnixMs) {
      restartUnixMs += restartEveryMs
      await detector.stop()
      detector = await start()
    }
    if (observations) detector.observe(observations)
    if (!status) continue
    for (const [route, pair] of Object.entries(status.status.observed)) {
      const known = pairs.get(route)
      if (!known || compareGenerations(pair, known) > 0) pairs.set(route, pair)
    }
    detector.status(status)
  }
  clock.turn(Math.max(0, endUnixMs - clock.nowMs()))
  await detector.stop()
  return log.all()
}

type Delivery = ReturnType<typeof deliverScenario> extends Iterable<infer One> ? One : never

/** Telemetry later, statuses as they come. */
function late(deliveries: Iterable<Delivery>, lagMs: number): Iterable<Delivery> {
  if (lagMs === 0) return deliveries
  const all = [...deliveries].map((one) =>
    one.observations ? { ...one, receivedUnixMs: one.receivedUnixMs + lagMs } : one,
  )
  return all.sort((a, b) => a.receivedUnixMs - b.receivedUnixMs)
}

/** From the verdict that begins it to the one that ends it. */
function createLog() {
  const fired: Fired[] = []
  const firing = new Map<string, Fired>()
  return {
    all: () => fired.sort((a, b) => a.fromUnixMs - b.fromUnixMs),
    hear({ rule, by, effect, atUnixMs }: Verdict) {
      const group = `${rule} ${JSON.stringify(by)}`
      const open = firing.get(group)
      if (effect === 'ok') {
        if (open) open.untilUnixMs = atUnixMs
        firing.delete(group)
      } else if (!open) {
        const one = { group, fromUnixMs: atUnixMs, untilUnixMs: Number.POSITIVE_INFINITY }
        fired.push(one)
        firing.set(group, one)
      }
    },
  }
}

interface Apart {
  readonly fromMs: number
  /** Absent: ends are not compared. */
  readonly untilMs?: number
}

/** What fired in one and not in the other, or at another time. */
function differences(whole: readonly Fired[], other: readonly Fired[], apart: Apart) {
  const { fromMs, untilMs = Number.POSITIVE_INFINITY } = apart
  const isNear = (a: number, b: number, apartMs: number) => a === b || Math.abs(a - b) <= apartMs
  const isLike = (a: Fired) => (b: Fired) =>
    a.group === b.group &&
    isNear(a.fromUnixMs, b.fromUnixMs, fromMs) &&
    isNear(a.untilUnixMs, b.untilUnixMs, untilMs)
  return {
    gone: whole.filter((one) => !other.some(isLike(one))),
    new: other.filter((one) => !whole.some(isLike(one))),
  }
}

const NONE = { gone: [], new: [] }

test.for([
  'flapping-30-s',
  'outage-and-one-router-silent',
  'zombie-worker',
  'oom-storm',
  'autoscaler-quota',
  'traffic-stops-and-returns',
])('%s, with a restart every 37 s, and seen 4 s later', async (name) => {
  const scenario = SCENARIOS.find((one) => one.name === name)
  if (!scenario) throw new Error(`there is no scenario ${name}`)
  const whole = await play(scenario, {})
  const cut = await play(scenario, { restartEveryMs: RESTART_EVERY_MS })
  expect(differences(whole, cut, { fromMs: APART_MS, untilMs: APART_MS })).toEqual(NONE)
  // Silence goes by arrival, and clearing waits for watermarks, which are later then.
  const lagging = await play(scenario, { lagMs: LAG_MS })
  expect(differences(whole, lagging, { fromMs: LAG_MS + APART_MS })).toEqual(NONE)
  expect(lagging.length).toBe(whole.length)
})
