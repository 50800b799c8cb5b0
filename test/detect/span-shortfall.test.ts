import { expect, test } from 'vitest'
import { toObservations } from '../../src/detect/counter-observations.ts'
import type { CounterStep } from '../../src/detect/counter-steps.ts'
import { createSpanShortfall } from '../../src/detect/span-shortfall.ts'

const START_MS = Date.UTC(2026, 0, 11, 14)
const PLACE = { route: 'preview', target: 'cloud' }

/** A router's second after second: what it counted, and which spans of it came by when. */
function createSeconds(graceMs = 5_000) {
  const shortfall = createSpanShortfall({ stretchMs: 30_000, graceMs, gapMs: 10_000 })
  let lastS: number | undefined
  const changes: number[] = []
  let lackingCount = 0
  return {
    shortfall,
    changes,
    lackingCount: () => lackingCount,
    spans(atS: number, count: number, weight = 1) {
      for (let index = 0; index < count; index++)
        shortfall.span({
          ...{ ...PLACE, outcome: 'ok', count: 1, weight, isCompared: true },
          atUnixMs: START_MS + (atS - (index + 0.5) / count) * 1_000,
          isShown: !shortfall.covers(START_MS + (atS - (index + 0.5) / count) * 1_000),
        })
    },
    status(atS: number, count: number) {
      const step: CounterStep = {
        fromUnixMs: lastS === undefined ? undefined : START_MS + lastS * 1_000,
        untilUnixMs: START_MS + atS * 1_000,
        ...{ total: count, hasNewRoute: false },
        places: [{ ...PLACE, ended: [count, 0, 0, 0], isFresh: false }],
      }
      lastS = atS
      const { hasChanged, lacking } = shortfall.step(step)
      if (hasChanged) changes.push(atS)
      lackingCount += lacking.reduce((sum, one) => sum + one.count, 0)
    },
  }
}

test('two per cent are allowed to be missing, three are not', () => {
  for (const [perSecond, isShort] of [
    [98, false],
    [97, true],
  ] as const) {
    const router = createSeconds()
    router.status(0, 0)
    for (let second = 1; second <= 120; second++) {
      router.spans(second, perSecond)
      router.status(second, 100)
    }
    expect(router.shortfall.isShort).toBe(isShort)
    expect(router.changes.length).toBe(isShort ? 1 : 0)
    expect(router.lackingCount()).toBe(isShort ? 120 * 3 + seconds(router.changes[0]) * 97 : 0)
  }
})

/** From when on spans are not shown: after the step that found it. */
const seconds = (changedS = 0) => 120 - changedS

test('exports that come in bursts longer than the grace do not make it go to and fro', () => {
  const router = createSeconds(1_000)
  router.status(0, 0)
  for (let second = 1; second <= 600; second++) {
    // Every 20 s, all at once.
    if (second % 20 === 0) for (let back = 19; back >= 0; back--) router.spans(second - back, 10)
    router.status(second, 10)
  }
  expect(router.changes).toHaveLength(1)
})

test('one lost span is no shortfall, however few there are; five are', () => {
  const router = createSeconds()
  router.status(0, 0)
  for (let second = 1; second <= 200; second++) {
    const count = second % 10 === 0 ? 1 : 0
    router.spans(second, second === 50 ? 0 : count)
    router.status(second, count)
  }
  expect(router.changes).toEqual([])
  for (let second = 201; second <= 400; second++) router.status(second, second % 10 === 0 ? 1 : 0)
  // The stretch widens for them: the fifth is missing at 240 s.
  expect(router.changes).toEqual([245])
  expect(router.lackingCount()).toBe(20 + 1)
})

test('chance is no shortfall of what was sampled, all of it missing is', () => {
  const router = createSeconds()
  router.status(0, 0)
  let seed = 7
  for (let second = 1; second <= 300; second++) {
    let kept = 0
    for (let index = 0; index < 20; index++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
      if (seed / 0x7fffffff < 0.1) kept++
    }
    router.spans(second, kept, 10)
    router.status(second, 20)
  }
  expect(router.changes).toEqual([])
  for (let second = 301; second <= 340; second++) router.status(second, 20)
  expect(router.changes).toHaveLength(1)
})

test('time without statuses is not compared, and what it counted is spread over it', () => {
  const router = createSeconds()
  router.status(0, 0)
  for (let second = 1; second <= 60; second++) {
    router.spans(second, 10)
    router.status(second, 10)
  }
  router.status(120, 600)
  for (let second = 121; second <= 180; second++) {
    router.spans(second, 10)
    router.status(second, 10)
  }
  expect(router.changes).toEqual([])
  const lacking = { ...PLACE, outcome: 1, count: 600 }
  const gap = { fromUnixMs: START_MS + 60_000, untilUnixMs: START_MS + 120_000 }
  const observations = toObservations('router-1', 'instead', [{ ...lacking, ...gap }])
  expect(observations).toHaveLength(60)
  expect(new Set(observations.map(({ count }) => count))).toEqual(new Set([10]))
  expect(observations[0]?.atUnixMs).toBe(START_MS + 61_000)
  expect(observations.at(-1)).toMatchObject({ atUnixMs: START_MS + 120_000, weight: 10 })
  expect(observations[0]?.field('outcome')).toBe('failed')
})

test('of a time that reaches further back than rules look, only the end is told', () => {
  const hour = { fromUnixMs: START_MS, untilUnixMs: START_MS + 3_600_000 }
  const lacking = [{ ...PLACE, outcome: 0, count: 3_600, ...hour }]
  const observations = toObservations('router-1', 'counted', lacking)
  expect(observations.length).toBeGreaterThan(280)
  expect(observations.length).toBeLessThan(300)
  expect(new Set(observations.map(({ count }) => count))).toEqual(new Set([1]))
})

test('a clock that is set back begins anew, and loses no step', () => {
  const router = createSeconds()
  router.status(0, 0)
  for (let second = 1; second <= 100; second++) router.status(second, 10)
  expect(router.lackingCount()).toBe(1_000)
  router.status(40, 10)
  expect(router.lackingCount()).toBe(1_010)
  for (let second = 41; second <= 60; second++) router.status(second, 10)
  expect(router.shortfall.isShort).toBe(true)
  expect(router.lackingCount()).toBe(1_210)
})

test('counters may stand for spans while some are missing, and afterwards for those of before only', () => {
  const router = createSeconds()
  const mayCover = (sinceS: number) => router.shortfall.mayCover(START_MS + sinceS * 1_000)
  router.status(0, 0)
  expect(mayCover(0)).toBe(false)
  for (let second = 1; second <= 400; second++) {
    router.spans(second, second <= 60 ? 50 : 100)
    router.status(second, 100)
    if (second === 60) expect(mayCover(1_000)).toBe(true)
  }
  const [, fineAgainS = 0] = router.changes
  expect(router.shortfall.isShort).toBe(false)
  expect([mayCover(fineAgainS - 1), mayCover(fineAgainS + 1)]).toEqual([true, false])
})
