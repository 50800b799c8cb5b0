import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Rule } from '../../src/config/rules.ts'
import type { Item } from '../../src/detect/kind.ts'
import { compileWhere } from '../../src/detect/kinds.ts'
import { compileMatchers } from '../../src/lib/matcher.ts'
import {
  type FieldValue,
  type Observation,
  type Traits,
  VARYING_KEYS,
} from '../../src/model/observation.ts'
import { createPlay, rulesOf } from './play.ts'
import { createTraitsTable, type TraitsTable } from './traits-table.ts'

// Items reach rules through a tree, and many as one. Against that: every rule asked about every item,
// counted by hand. Windows are long, so that all items stand in them.

const RULES = `
  - { id: failed, kind: ratio, on: attempts, where: { role: primary }, bad: { outcome: failed }, by: [route, target], window: 10m, trip: { above: 0.4, min_count: 1 }, clear: { below: 0.000001, window: 10ms, min_count: 1000 } }
  - { id: slow, kind: ratio, on: attempts, bad: { outcome: failed, duration: { gte: 10s } }, by: [route], window: 10m, trip: { above: 0.4, min_count: 1 }, clear: { below: 0.000001, window: 10ms, min_count: 1000 } }
  - { id: rejected, kind: ratio, on: attempts, bad: { outcome: rejected }, window: 10m, trip: { above: 0.4, min_count: 1 }, clear: { below: 0.000001, window: 10ms, min_count: 1000 } }
  - { id: routers, kind: ratio, on: attempts, bad: { outcome: failed }, window: 10m, trip: { above: 0.4, min_count: 1, min_distinct: { router: 2, request_id: 3 } }, clear: { below: 0.000001, window: 10ms, min_count: 1000 } }
  - { id: tiers, kind: count, on: attempts, where: { tier: { not: free } }, by: [tier, model], window: 10m, trip: { at_least: 1000000 } }
  - { id: codes, kind: count, on: attempts, where: { code: { gte: 500 }, note: { exists: false } }, window: 10m, trip: { at_least: 1000000 } }
  - { id: models, kind: distinct, on: attempts, of: model, by: [route], window: 10m, trip: { at_least: 1000000 } }
  - { id: sessions, kind: distinct, on: attempts, of: session, window: 10m, trip: { at_least: 1000000 } }
  - { id: total, kind: value, on: attempts, of: cost, agg: sum, by: [target], window: 10m, trip: { above: 1000000 } }
  - { id: slowest, kind: value, on: attempts, of: duration, agg: max, by: [route], window: 10m, trip: { above: 10h } }
  - { id: widths, kind: value, on: attempts, where: { width: { exists: true } }, of: width, agg: sum, by: [route], window: 10m, trip: { above: 1000000 } }
  - { id: half, kind: quantile, on: attempts, of: cost, q: 0.5, by: [route], window: 10m, trip: { above: 1000000, min_count: 1 } }
  - { id: texts, kind: distinct, on: attempts, where: { body: { match: memory } }, of: session, by: [target], window: 10m, trip: { at_least: 1000000 } }
  - { id: many, kind: count, on: attempts, by: [shard], window: 10m, trip: { at_least: 1000000 } }
  - { id: regex, kind: count, on: attempts, where: { note: { match: '^b' } }, by: [note], window: 10m, trip: { at_least: 1000000 } }
`
// Without the rule over shards, items are alike often.
const ALIKE = RULES.replace(/.*id: many.*\n/, '')

const optional = <T extends FieldValue>(...values: T[]) =>
  fc.constantFrom<T | undefined>(...values, undefined)
const fields = fc.record({
  route: optional('preview', 'export'),
  target: fc.constantFrom('cloud', 'edge', 'big', 'other'),
  outcome: fc.constantFrom('ok', 'ok', 'failed', 'rejected', 'cancelled'),
  router: fc.constantFrom('router-1', 'router-2', 'router-3'),
  tier: optional('free', 'pro'),
  model: optional('sdxl', 'sd3', 'flux'),
  code: optional<FieldValue>(200, 500, '503'),
  note: optional('a', 'b', 'bb'),
  duration: fc.constantFrom('1s', '10s', '30s'),
  cost: optional<FieldValue>(1, 2, 0.5, '4', 'much'),
  // A number by which items are told apart, and that is not read of each.
  width: optional<FieldValue>(512, 1024, '768'),
  body: optional('out of memory', 'fine'),
  session: fc.integer({ min: 0, max: 9 }).map((n) => `s${n}`),
  // More values than are sorted by.
  shard: fc.integer({ min: 0, max: 400 }),
  span_id: fc.oneof({ weight: 9, arbitrary: fc.uuid() }, fc.constantFrom('again-1', 'again-2')),
})

const batches = fc.array(fc.array(fields, { maxLength: 60 }), { maxLength: 6 })

test.for([
  ['few', RULES, false],
  ['many', ALIKE, false],
  ['few', RULES, true],
  ['many', ALIKE, true],
] as const)(
  'every rule sees what it would if asked about each item: %s alike, with traits: %s',
  (given) => {
    const [, text, hasTraits] = given
    fc.assert(
      fc.property(batches, (some) => expectAsAskedOneByOne(text, some, hasTraits)),
      { numRuns: 30, endOnFailure: true },
    )
  },
)

/** Every value that is not one of an item's own, and which of these it has. */
function traitsOf(table: TraitsTable, { unit, source, field }: Observation): Traits {
  const said = KEYS.map((key) => (VARYING_KEYS.has(key) ? field(key) !== undefined : field(key)))
  return table.of(JSON.stringify([unit, source, said]))
}

const KEYS = [
  ...['route', 'target', 'outcome', 'router', 'role', 'tier', 'model', 'code', 'note', 'shard'],
  ...['duration', 'cost', 'session', 'body', 'width'],
]

test('also when a key turns out to have too many values to sort by', () => {
  const [first] = fc.sample(fields, { seed: 1, numRuns: 1 })
  const batch = (from: number) =>
    Array.from({ length: 400 }, (_, index) => ({
      ...(first as Fields),
      shard: (from + index) % 500,
      span_id: `${from + index}`,
    }))
  expectAsAskedOneByOne(RULES, [batch(0), batch(400), batch(800)])
})

type Fields = typeof fields extends fc.Arbitrary<infer T> ? T : never

function expectAsAskedOneByOne(
  text: string,
  batches: readonly (readonly Fields[])[],
  hasTraits = false,
): void {
  const table = createTraitsTable({ countMax: 1_000 })
  const rules = rulesOf(text)
  const play = createPlay(text)
  /** Nothing clears here: what tripped with one batch still fires. */
  const fired = new Set<string>()
  const seen: Observation[] = []
  const keys = new Set<string>()
  for (const batch of batches) {
    const items = batch.flatMap(({ span_id, ...rest }) => {
      const said = Object.entries(rest).filter(([, value]) => value !== undefined)
      const given = { ...Object.fromEntries(said), span_id, trace_id: 't' }
      const own = play.items('attempt', given)
      return hasTraits ? own.map((one) => ({ ...one, traits: traitsOf(table, one) })) : own
    })
    play.detector.observe(items)
    for (const item of items.filter(({ unit }) => unit === 'attempt')) {
      if (!keys.has(String(item.once))) seen.push(item)
      keys.add(String(item.once))
    }
    for (const rule of rules)
      for (const [key, { trips }] of recount(rule, seen)) if (trips) fired.add(`${rule.id} ${key}`)
    play.clock.turn(700)
  }
  play.detector.judge()
  for (const rule of rules) {
    const groups = play.detector.rule(rule.id)?.groups ?? []
    const got = groups.map(({ by, count, value, state }) => {
      const rounded =
        rule.kind === 'quantile' && value ? Math.round(Number(value) * 20) / 20 : value
      return { key: keyOf(by), count, value: rounded, isFiring: state === 'firing' }
    })
    const expected = [...recount(rule, seen)].map(([key, { count, value }]) => {
      return { key, count, value, isFiring: fired.has(`${rule.id} ${key}`) }
    })
    expect({ rule: rule.id, groups: inOrder(got) }).toEqual({
      rule: rule.id,
      groups: inOrder(expected),
    })
  }
}

/** Where numbers are read, groups are made when they are counted up. */
const inOrder = <T extends { key: string }>(groups: readonly T[]) =>
  [...groups].sort((a, b) => (a.key < b.key ? -1 : 1))

const keyOf = (by: Readonly<Record<string, unknown>>) => JSON.stringify(Object.entries(by).sort())

const GROUPS_MAX = 256

function recount(rule: Rule, seen: readonly Observation[]) {
  const takes = compileWhere(rule)
  const groups = new Map<string, Observation[]>()
  if (rule.by.length === 0) groups.set(keyOf({}), [])
  for (const one of seen) {
    const item = { ...one, read: one.field, atUnixMs: one.atUnixMs } as unknown as Item
    if (!takes(item)) continue
    const values = rule.by.map((key) => [key, one.field(key)?.toString()] as const)
    const by = Object.fromEntries(values.filter(([, value]) => value !== undefined && value !== ''))
    const others = Object.fromEntries(rule.by.map((key) => [key, '__other__']))
    const isRoom = groups.has(keyOf(by)) || groups.size < GROUPS_MAX
    const key = keyOf(isRoom ? by : others)
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return new Map([...groups].map(([key, items]) => [key, readingOf(rule, items)]))
}

function readingOf(rule: Rule, items: readonly Observation[]) {
  const read = (key: string) => items.map((one) => one.field(key))
  if (rule.kind === 'distinct') {
    const { size } = new Set(read(rule.of))
    return { count: size, value: size, trips: false }
  }
  if (rule.kind === 'value') {
    const values = read(rule.of).map(Number)
    const value =
      rule.agg === 'max' ? Math.max(...values) : values.reduce<number>((a, b) => a + b, 0)
    return { count: items.length, value: items.length > 0 ? value : null, trips: false }
  }
  // Off by at most 1.1 % of one of the few values.
  if (rule.kind === 'quantile') {
    const values = read(rule.of)
      .map(Number)
      .sort((a, b) => a - b)
    return {
      count: values.length,
      value: values[Math.ceil(values.length / 2) - 1] ?? null,
      trips: false,
    }
  }
  if (rule.kind !== 'ratio') return { count: items.length, value: items.length, trips: false }
  const isBad = compileMatchers(rule.bad)
  const counted = items.filter(
    (one) => isBad(one.field) || !['rejected', 'cancelled'].includes(String(one.field('outcome'))),
  )
  const bad = counted.filter((one) => isBad(one.field))
  const value = counted.length > 0 ? bad.length / counted.length : null
  const isDistinct = Object.entries(rule.trip.distinctMin).every(
    ([key, least]) => new Set(bad.map((one) => one.field(key))).size >= least,
  )
  const trips = value !== null && value > rule.trip.above && isDistinct
  return { count: counted.length, value, trips }
}

test('items that are alike but for what a rule counts different values of are not one', () => {
  const play = createPlay(`
  - id: rule
    kind: ratio
    on: attempts
    bad: { outcome: failed }
    trip: { above: 0.9, min_count: 8, min_distinct: { request_id: 8 } }
`)
  const failed = { route: 'preview', target: 'cloud', outcome: 'failed' }
  const of = (request_id: string) => play.items('attempt', { ...failed, request_id })
  play.detector.observe(Array.from({ length: 20 }, (_, index) => of(`r${index % 7}`)).flat())
  expect(play.state()).not.toBe('firing')
  play.detector.observe(Array.from({ length: 20 }, (_, index) => of(`r${index % 8}`)).flat())
  expect(play.state()).toBe('firing')
})
