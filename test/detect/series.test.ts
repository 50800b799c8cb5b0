import { expect, test } from 'vitest'
import type { Item } from '../../src/detect/kind.ts'
import { createSeries } from '../../src/detect/series.ts'
import { instantAt, itemAt, kindOf } from './kind-bench.ts'
import { createPlay } from './play.ts'

const rate = (more = '') => `
  - { id: rule, kind: value, on: metrics, of: value, agg: rate, window: 60s, trip: { above: 100 }${more} }`
const summed = (agg: string) => `
  - { id: rule, kind: value, on: metrics, of: queue, agg: ${agg}, series: sum, window: 60s, trip: { above: 100 } }`
const growth = `
  - { id: rule, kind: growth, on: metrics, of: queue, series: sum, window: 10s, over: 60s, floor: 10, trip: { times: 4 } }`

/** @param from worker and series: `w-1/a` */
const reading = (atS: number, value: number, from: string): Item => ({
  ...itemAt(atS, { metric: 'queue', value, 'metric.series': from.split('/')[1] ?? '' }),
  unit: 'metric',
  source: { id: from.split('/')[0] ?? '', component: 'worker' },
})

test('the counters of one sender are told apart by their attributes', () => {
  const play = createPlay(rate())
  const count = (reason: string, value: number) =>
    play.send('metric', { metric: 'failures', worker: 'w-1', reason, value })
  for (const [few, many] of [
    [10, 5_000],
    [12, 5_060],
    [14, 5_120],
  ] as const) {
    count('timeout', few)
    count('memory', many)
    play.clock.turn(10_000)
  }
  // 4 and 120 in a minute, and no restart from 0.
  expect(play.group()).toMatchObject({ state: 'ok', count: 6 })
  expect(play.group()?.value).toBeCloseTo(124 / 60)
})

test('a lower reading is a restart, an older one that comes late is not', () => {
  const kind = kindOf(rate())
  for (const [atS, value] of [
    [0, 1_000],
    [10, 1_060],
    [5, 1_030],
    [20, 30],
  ] as const)
    kind.add(reading(atS, value, 'w-1/a'))
  expect(kind.judge(instantAt(20)).value).toBeCloseTo(90 / 60)
})

test.for([
  { agg: 'last', value: 12 },
  { agg: 'max', value: 30 },
  { agg: 'avg', value: (10 + 30 + 22 + 12) / 4 },
])('series: sum is the $agg of the sum over all series', ({ agg, value }) => {
  const kind = kindOf(summed(agg))
  kind.add(reading(0, 10, 'w-1/a'))
  kind.add(reading(1, 20, 'w-2/a'))
  kind.add(reading(2, 2, 'w-1/a'))
  kind.add(reading(3, 10, 'w-2/a'))
  expect(kind.judge(instantAt(3)).value).toBeCloseTo(value)
})

test('a worker that is gone for five windows counts no longer', () => {
  const kind = kindOf(summed('last'))
  kind.add(reading(0, 50, 'w-2/a'))
  for (let atS = 0; atS <= 300; atS += 10) kind.add(reading(atS, 7, 'w-1/a'))
  expect(kind.judge(instantAt(300)).value).toBe(57)
  kind.add(reading(310, 7, 'w-1/a'))
  expect(kind.judge(instantAt(310)).value).toBe(7)
})

test('ten workers whose queues grow from one to six: the sum grew, though each is short', () => {
  const kind = kindOf(growth)
  const each = (fromS: number, toS: number, depth: number) => {
    for (let atS = fromS; atS < toS; atS += 5)
      for (let worker = 0; worker < 10; worker++)
        kind.add(reading(atS + worker / 10, depth, `w-${worker}/a`))
  }
  each(0, 100, 1)
  expect(kind.judge(instantAt(100))).toMatchObject({ outcome: 'calm', value: 1 })
  each(100, 150, 6)
  expect(kind.judge(instantAt(150))).toMatchObject({ outcome: 'trips', value: 6 })
})

test('it goes on after save and load as if nothing had been', () => {
  for (const text of [rate(), summed('last'), growth]) {
    const kind = kindOf(text)
    const next = kindOf(text)
    for (let atS = 0; atS < 90; atS += 5)
      for (const series of ['a', 'b']) kind.add(reading(atS, atS * 10, `w-1/${series}`))
    expect(next.load(structuredClone(kind.save(0)), 0)).toBe(true)
    for (const one of [kind, next]) one.add(reading(95, 1_000, 'w-1/b'))
    expect(next.judge(instantAt(95))).toEqual(kind.judge(instantAt(95)))
    for (const saved of [
      [[], [['a', 1]]],
      [kind.save(0), 1],
      [undefined, [['a', 'x', 3]]],
    ])
      expect(kindOf(text).load(saved, 0)).toBe(false)
  }
})

test('a thousand series are known; a further one waits until one of them was unheard for a window', () => {
  const series = createSeries({ windowMs: 60_000 })
  for (let index = 0; index < 1_000; index++)
    expect(series.take(reading(index / 100, 1, `w-1/s-${index}`), 1)).toBeUndefined()
  expect(series.take(reading(50, 1, 'w-1/more'), 1)).toBe('full')
  expect(series.take(reading(61, 1, 'w-1/more'), 1)).toBeUndefined()
  expect(series.take(reading(62, 1, 'w-1/more'), 3)).toBe(1)
  // Those of the first second made room for it.
  expect(series.take(reading(62, 1, 'w-1/s-0'), 1)).toBeUndefined()
  expect(series.take(reading(62, 1, 'w-1/s-999'), 1)).toBe(1)
  expect(series.sum()).toBeGreaterThan(900)
})
