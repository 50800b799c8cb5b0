import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Cells } from '../../src/detect/cells.ts'
import type { Cursor } from '../../src/detect/cursor.ts'
import { Laid } from '../../src/detect/laid.ts'
import type { Leaf } from '../../src/detect/leaf.ts'
import type { Pile } from '../../src/detect/pile.ts'
import { ROWS_MAX } from '../../src/detect/rows.ts'
import { Tally } from '../../src/detect/tally.ts'

// A tally against sums by hand: whatever comes in whatever order, a rule is told once of each of its own
// buckets, with all that fell into it.

/** Of two rules, none a multiple of the other. */
const SETS = [[1_000], [60_000 / 90, 2_500]]
const START_UNIX_MS = 1_700_000_000_000

const leaf: Leaf = {
  each: [],
  tallied: SETS.map((bucketsMs) => ({ bucketsMs, takers: [] })),
  bucketsMs: SETS.flat(),
  numberKeys: ['cost'],
  isCounted: true,
}

interface Given {
  readonly atUnixMs: number
  readonly weight: number
  readonly count: number
  readonly cost: number
}

const items = fc.array(
  fc.record({
    atUnixMs: fc.integer({ min: 0, max: 12_000 }).map((ms) => START_UNIX_MS + ms),
    weight: fc.integer({ min: 1, max: 9 }),
    count: fc.integer({ min: 1, max: 3 }),
    cost: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constant(Number.NaN)),
  }),
  { minLength: 1, maxLength: 200 },
)

function toPile(some: readonly Given[]): Pile {
  const column = (of: (one: Given) => number) => Float64Array.from(some, of)
  return {
    length: some.length,
    items: [],
    atUnixMs: column(({ atUnixMs }) => atUnixMs),
    weights: column(({ weight }) => weight),
    counts: column(({ count }) => count),
    numbers: () => column(({ cost }) => cost),
  }
}

const noCursor = (): Cursor => {
  throw new Error('a pile carries its own numbers')
}

interface Told {
  readonly count: number
  readonly weight: number
  readonly newestUnixMs: number
  readonly costs: readonly number[]
  readonly costCount: number
  readonly costWeight: number
}

function told(tally: Tally, bucketsMs: readonly number[]): Told[] {
  const laid = new Laid()
  tally.lay(laid)
  const all: Told[] = []
  for (let from = 0; from < laid.length; ) {
    const until = laid.cut(from, bucketsMs)
    const { count, weight, atUnixMs: newestUnixMs } = laid
    const column = laid.columnOf(0, { from, until })
    if (!column) throw new Error('there is a column')
    const costs = [...column.values.slice(column.from, column.until)].sort()
    const own = { costs, costCount: column.count, costWeight: column.weight }
    all.push({ count, weight, newestUnixMs, ...own })
    from = until
  }
  return all
}

function byHand(some: readonly Given[], bucketsMs: readonly number[]): Told[] {
  const buckets = new Map<string, Given[]>()
  for (const one of [...some].sort((a, b) => a.atUnixMs - b.atUnixMs)) {
    const key = bucketsMs.map((bucketMs) => Math.floor(one.atUnixMs / bucketMs)).join()
    buckets.set(key, [...(buckets.get(key) ?? []), one])
  }
  const sum = (of: readonly Given[], key: 'count' | 'weight') =>
    of.reduce((total, one) => total + one[key], 0)
  return [...buckets.values()].map((own) => {
    const carrying = own.filter(({ cost }) => !Number.isNaN(cost))
    return {
      count: sum(own, 'count'),
      weight: sum(own, 'weight'),
      newestUnixMs: Math.max(...own.map(({ atUnixMs }) => atUnixMs)),
      costs: own.map(({ cost }) => cost).sort(),
      costCount: sum(carrying, 'count'),
      costWeight: sum(carrying, 'weight'),
    }
  })
}

test('each rule is told once of each of its buckets', () => {
  fc.assert(
    fc.property(items, fc.nat(), (some, cut) => {
      const tally = new Tally(leaf, new Cells())
      const half = cut % (some.length + 1)
      for (const part of [some.slice(0, half), some.slice(half)])
        expect(tally.addPile(toPile(part), 0, noCursor)).toBe(part.length)
      for (const bucketsMs of SETS) expect(told(tally, bucketsMs)).toEqual(byHand(some, bucketsMs))
    }),
    { endOnFailure: true },
  )
})

test('what finds no room is left: too many stretches of time, or too many numbers', () => {
  const one = { weight: 1, count: 1, cost: 1 }
  const apart = Array.from({ length: 100 }, (_, index) => ({
    ...{ ...one, atUnixMs: START_UNIX_MS + index * 60_000 },
  }))
  const tally = new Tally(leaf, new Cells())
  expect(tally.addPile(toPile(apart), 0, noCursor)).toBe(64)
  expect(tally.addPile(toPile(apart), 64, noCursor)).toBe(64)
  const together = Array.from({ length: ROWS_MAX + 7 }, () => ({
    ...{ ...one, atUnixMs: START_UNIX_MS },
  }))
  tally.clear()
  expect(tally.addPile(toPile(together), 0, noCursor)).toBe(ROWS_MAX)
  expect(told(tally, [1_000])).toMatchObject([{ count: ROWS_MAX, costCount: ROWS_MAX }])
  tally.clear()
  expect(told(tally, [1_000])).toEqual([])
})

test('the memory of a large batch is given back', () => {
  const cells = new Cells()
  const small = cells.values.length
  for (let index = 0; index < 100_000; index++) cells.values[cells.take()] = 1
  cells.clear()
  expect(cells.values.length).toBe(small)
  expect(cells.take()).toBe(0)
  cells.values[0] = 7
  cells.clear()
  expect(cells.values[cells.take()]).toBe(0)
})
