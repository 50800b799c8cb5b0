import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Columns } from '../../src/detect/columns.ts'
import { CELLS_MAX, Laid } from '../../src/detect/laid.ts'
import type { Leaf } from '../../src/detect/leaf.ts'
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

/** Where the costs stand. */
const PLACE = 0

function toTally(some: readonly Given[]) {
  const tally = new Tally(leaf, [PLACE])
  const columns = new Columns()
  for (const [row, one] of some.entries()) {
    columns.atUnixMs[row] = one.atUnixMs
    columns.weights[row] = one.weight
    columns.counts[row] = one.count
    columns.numbers(PLACE)[row] = one.cost
    tally.push(row)
  }
  columns.length = some.length
  return { tally, columns }
}

interface Told {
  readonly count: number
  readonly weight: number
  readonly newestUnixMs: number
  readonly costs: readonly number[]
  readonly costCount: number
  readonly costWeight: number
}

function told(laid: Laid, bucketsMs: readonly number[]): Told[] {
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
  const laid = new Laid()
  fc.assert(
    fc.property(items, (some) => {
      const { tally, columns } = toTally(some)
      expect(laid.lay(tally, columns, 0)).toBe(some.length)
      for (const bucketsMs of SETS) expect(told(laid, bucketsMs)).toEqual(byHand(some, bucketsMs))
    }),
    { endOnFailure: true },
  )
})

test('what finds no room is laid out next', () => {
  const laid = new Laid()
  const apart = Array.from({ length: 100 }, (_, index) => ({
    ...{ weight: 1, count: 1, cost: index, atUnixMs: START_UNIX_MS + index * 60_000 },
  }))
  const { tally, columns } = toTally(apart)
  expect(laid.lay(tally, columns, 0)).toBe(CELLS_MAX)
  expect(told(laid, [1_000])).toEqual(byHand(apart.slice(0, CELLS_MAX), [1_000]))
  expect(laid.lay(tally, columns, CELLS_MAX)).toBe(100)
  expect(told(laid, [1_000])).toEqual(byHand(apart.slice(CELLS_MAX), [1_000]))
})

test('numbers are of the batch they came with', () => {
  const one = { weight: 1, count: 1, cost: 5, atUnixMs: START_UNIX_MS }
  const { tally, columns } = toTally([one, one])
  columns.clear()
  tally.clear()
  tally.push(0)
  const laid = new Laid()
  laid.lay(tally, columns, 0)
  expect(told(laid, [1_000])).toMatchObject([{ costs: [Number.NaN], costCount: 0 }])
})
