import { expect, test } from 'vitest'
import { createTimings } from '../../src/config/timings.ts'
import { AttemptPiles } from '../../src/detect/attempt-piles.ts'
import { Cursor } from '../../src/detect/cursor.ts'
import type { Heard } from '../../src/detect/hearing.ts'
import { LeafMemo } from '../../src/detect/leaf-memo.ts'
import { createRuleBook } from '../../src/detect/rule-book.ts'
import { createSources } from '../../src/detect/sources.ts'
import { createTemplates } from '../../src/detect/templates.ts'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import type { FieldValue, Observation, Source } from '../../src/model/observation.ts'
import { createDetectEvents } from '../../src/telemetry/detect-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { rulesOf, topology } from './play.ts'

const heardOf = (source: Source): Heard => ({
  ...{ source, batch: 0, units: 0, isTimely: true, newest: new Float64Array(2) },
})
const ROUTERS = ['router-1', 'router-2'].map((id) => heardOf({ id, component: 'router' }))

/** What is sorted, and how often an item was asked for something. */
function createSorting(rules: string, { hasTraits = true } = {}) {
  const book = createRuleBook({
    ...{ rules: rulesOf(rules), isShort: () => false, topology: () => topology },
    ...{ clock: createTurnedClock(), timings: createTimings(), latenessMs: 0, silentMs: 10_000 },
    sources: createSources({ silentMs: 10_000, latenessMs: 0 }),
    events: createDetectEvents(createSilentTelemetry()),
  })
  const memo = new LeafMemo({
    ...{ book, attempts: new AttemptPiles() },
    ...{ topology: () => topology, pairAt: () => undefined },
  })
  const cursor = new Cursor({
    ...{ topology: () => topology, templates: createTemplates() },
    generationBehind: () => undefined,
  })
  memo.begin()
  let askedCount = 0
  const sort = (fields: Readonly<Record<string, FieldValue>>, sender = ROUTERS[0] as Heard) => {
    const observation: Observation = {
      ...{ unit: 'attempt', atUnixMs: 1, startUnixMs: 1, source: sender.source, weight: 1 },
      ...(hasTraits && { traits: { note: undefined } }),
      field: (key) => {
        askedCount++
        return fields[key]
      },
    }
    cursor.moveTo(observation, { atUnixMs: 1, heardMs: 0 })
    return memo.sort(observation, cursor, { feed: 'attempt', sender })
  }
  const askedWhile = (run: () => void) => {
    const before = askedCount
    run()
    return askedCount - before
  }
  return { sort, askedWhile }
}

const RULES = `
  - { id: failed, kind: ratio, on: attempts, bad: { outcome: failed }, by: [route], window: 1m, trip: { above: 0.4, min_count: 1 } }
  - { id: free, kind: count, on: attempts, where: { tier: free }, window: 1m, trip: { at_least: 5 } }
  - { id: costs, kind: value, on: attempts, of: cost, agg: sum, by: [route], window: 1m, trip: { above: 1 } }
  - { id: silent, kind: silence, expect: routers, where: { region: eu }, by: [router], trip: { for: 30s } }
`
const ITEM = {
  route: 'preview',
  target: 'cloud',
  outcome: 'ok',
  tier: 'pro',
  cost: 2,
  region: 'eu',
}

test('what goes the same ways has the same leaves, whatever else tells it apart', () => {
  const { sort } = createSorting(RULES)
  const leaves = sort(ITEM)
  // The tree of those that ask for a tier has nothing for this one.
  expect(leaves.tallies).toHaveLength(1)
  expect(sort({ ...ITEM, model: 'sdxl', session: 's1', cost: 3 })).toBe(leaves)
  // No rule tells these two tiers apart.
  expect(sort({ ...ITEM, tier: 'team' })).toBe(leaves)
  expect(sort(ITEM, ROUTERS[1])).not.toBe(leaves)
})

test.for([
  ['a rule takes it', { tier: 'free' }],
  ['it lies in another group', { route: 'export' }],
  ['it is bad', { outcome: 'failed' }],
  ['a rule that only asks who sends does not take it', { region: 'us' }],
] as const)('it has others when %s', ([, other]) => {
  const { sort } = createSorting(RULES)
  const leaves = sort(ITEM)
  expect(sort({ ...ITEM, ...other })).not.toBe(leaves)
  expect(sort(ITEM)).toBe(leaves)
})

test('it has others when it carries no number that is read', () => {
  const { sort } = createSorting(RULES)
  const leaves = sort(ITEM)
  const { cost, ...without } = ITEM
  expect(cost).toBe(2)
  expect(sort(without)).not.toBe(leaves)
})

test('a number that is no one’s own keeps items apart', () => {
  const { sort } = createSorting(RULES.replace('of: cost', 'of: width'))
  const wide = sort({ ...ITEM, width: 1_024 })
  expect(sort({ ...ITEM, width: 512 })).not.toBe(wide)
})

test('what has no traits is never many at once, and shares leaves whatever its numbers', () => {
  const { sort } = createSorting(RULES.replace('of: cost', 'of: width'), { hasTraits: false })
  const wide = sort({ ...ITEM, width: 1_024 })
  expect(sort({ ...ITEM, width: 512 })).toBe(wide)
})

test('each key is asked for once of an item that answers like one before', () => {
  const { sort, askedWhile } = createSorting(RULES)
  const first = askedWhile(() => sort(ITEM))
  const again = askedWhile(() => sort({ ...ITEM, session: 's2' }))
  // Route, outcome, tier, cost, region; the route once more for whoever watches its pair.
  expect(again).toBe(6)
  expect(first).toBeGreaterThan(2 * again)
})

test('a key with too many values is asked for no longer, and what is found stays right', () => {
  const { sort } = createSorting(
    `${RULES}  - { id: shards, kind: count, on: attempts, by: [shard], window: 1m, trip: { at_least: 5 } }\n`,
  )
  const leavesOf = () =>
    new Set(Array.from({ length: 300 }, (_, shard) => sort({ ...ITEM, shard }))).size
  // Of the first 257, each has its own.
  expect(leavesOf()).toBeGreaterThan(256)
  expect(leavesOf()).toBe(1)
  const free = sort({ ...ITEM, shard: 1_000, tier: 'free' })
  expect(sort({ ...ITEM, shard: 1_001, tier: 'free' })).toBe(free)
  expect(sort({ ...ITEM, shard: 1_001 })).not.toBe(free)
})
