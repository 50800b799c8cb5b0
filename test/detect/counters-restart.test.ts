import { expect, test } from 'vitest'
import { createTimings } from '../../src/config/timings.ts'
import { createReplay, type ReplayFrame } from '../../src/detect/replay.ts'
import { statusObservations } from '../../src/detect/status-observations.ts'
import type { Observation } from '../../src/model/observation.ts'
import type { ReceivedStatus } from '../../src/model/router-status.ts'
import type { Verdict } from '../../src/model/verdict.ts'
import { COUNT, createFleet, resumeFleet } from './counted-fleet.ts'
import { rulesOf, topology } from './play.ts'

// Counters when something begins anew: weights, Signalbox, a replay of it all.

const RATIO = `
  - id: rule
    kind: ratio
    on: attempts
    bad: { outcome: failed }
    by: [route]
    window: 60s
    trip: { above: 0.40, min_count: 50 }
    clear: { below: 0.10, window: 20s, min_count: 20 }
`
const OLD = { epoch: 1, generation: 1 }
const NEW = { epoch: 1, generation: 2 }

test('under new weights a router counts from its first status there, less what was open then', () => {
  const fleet = createFleet(COUNT)
  fleet.two.exports = false
  fleet.two.observed = OLD
  fleet.play(60)
  fleet.detector.restart({ route: 'preview', pair: NEW })
  fleet.two.inflight = 30
  fleet.two.oldestMs = 4_000
  const before = fleet.two.endedCount
  fleet.play(65)
  // It has not followed: what it does is of the old weights.
  expect(fleet.counted('router-2')?.value ?? 0).toBe(0)
  fleet.two.observed = NEW
  fleet.play(66)
  // Of the next 50 that end, 30 were open.
  fleet.play(71)
  expect(fleet.two.endedCount - before).toBe(110)
  expect(fleet.counted('router-2')?.value).toBe(20)
})

test('what was open and ended is not looked for among later ones', () => {
  const fleet = createFleet(COUNT)
  fleet.two.exports = false
  fleet.two.observed = NEW
  fleet.play(60)
  fleet.detector.restart({ route: 'preview', pair: NEW })
  fleet.two.inflight = 30
  fleet.play(61)
  // With the next status nothing of then is open any more, though only eleven ended by it.
  fleet.two.oldestMs = 500
  fleet.play(71)
  expect(fleet.counted('router-2')?.value).toBe(89)
})

test('spans before new weights do not hide what is missing under them', () => {
  const fleet = createFleet(COUNT)
  fleet.one.observed = NEW
  fleet.play(60)
  fleet.detector.restart({ route: 'preview', pair: NEW })
  fleet.one.exports = false
  fleet.play(61)
  fleet.play(100)
  expect(fleet.counted('router-1')?.value).toBe(390)
})

function createStore() {
  let saved: Uint8Array | undefined
  return {
    load: () => saved,
    save(chunks: readonly Uint8Array[]) {
      saved = Buffer.concat(chunks)
      return Promise.resolve()
    },
  }
}

test.for([0, 1, 7])('Signalbox goes on where it was, %i s later', async (downS) => {
  const memory = createStore()
  const text = COUNT
  const first = createFleet(text, { memory })
  first.play(40)
  first.two.exports = false
  first.play(80)
  await first.detector.stop()
  for (let ended = 0; ended < downS * 10; ended++) first.two.end()
  const second = resumeFleet(first, { memory, downS, text })
  expect(await second.metric('short_routers')).toBe(1)
  second.play(120)
  expect(second.counted('router-2')?.value).toBe(second.two.endedCount)
})

test('spans that stopped before Signalbox did are made up for after it began anew', async () => {
  const memory = createStore()
  const text = COUNT
  const first = createFleet(text, { memory })
  first.play(60)
  first.two.exports = false
  first.play(63)
  await first.detector.stop()
  const second = resumeFleet(first, { memory, downS: 0, text })
  second.play(90)
  expect(second.counted('router-2')?.value).toBe(900)
})

test('while counters count, spans that come late leave nothing unknown', () => {
  const fleet = createFleet(RATIO)
  const waiting: Observation[] = []
  fleet.play(60)
  fleet.two.exports = false
  fleet.play(120, () => {
    fleet.one.end()
    fleet.two.end()
    waiting.push(
      ...fleet.items('attempt', { router: 'router-2', route: 'preview', target: 'cloud' }),
    )
    // Twenty seconds late, from now on.
    if (waiting.length > 400) fleet.detector.observe(waiting.splice(0, 2))
  })
  expect(fleet.group()).toMatchObject({ state: 'ok' })
  // Of 60 s, to the second.
  expect(fleet.group()?.count).toBeGreaterThan(1_180)
  expect(fleet.verdicts.map(({ state }) => state)).not.toContain('unknown')
  const second = fleet.group()?.sources.find(({ source }) => source === 'router-2')
  expect(second).toMatchObject({ state: 'behind', spans_missing: expect.any(Number) })
})

test('a replay of what came finds the same', () => {
  const frames: ReplayFrame[] = []
  const live = createFleet(COUNT + RATIO)
  const { observe, status } = live.detector
  // What is stored: spans and statuses, as they were seen.
  live.detector.observe = (observations) => {
    frames.push({ receivedUnixMs: live.clock.nowMs(), observations })
    observe(observations)
  }
  live.detector.status = (received: ReceivedStatus) => {
    const { receivedUnixMs } = received
    frames.push({ receivedUnixMs, observations: statusObservations(received) })
    status(received)
  }
  const startUnixMs = live.clock.nowMs() - 10
  live.two.exports = 0.3
  live.play(50)
  live.play(120, () => {
    live.one.end()
    live.two.end('failed')
    live.two.end('failed')
  })
  const found: Verdict[] = []
  const replay = createReplay({
    rules: rulesOf(COUNT + RATIO),
    ...{ topology, timings: createTimings(), latenessMs: 0, startUnixMs },
    pairOf: () => undefined,
    pairAt: () => undefined,
    verdict: (verdict) => found.push(verdict),
  })
  for (const frame of frames) replay.take(frame)
  const trips = (verdicts: readonly Verdict[]) =>
    verdicts
      .filter(({ rule, state }) => rule === 'rule' && state === 'firing')
      .slice(0, 1)
      .map(({ atUnixMs, value, count }) => ({ atUnixMs, value, count }))
  expect(trips(found)).toHaveLength(1)
  expect(trips(found)).toEqual(trips(live.verdicts))
})
