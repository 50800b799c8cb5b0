import { expect, test } from 'vitest'
import { COLUMNS_MAX } from '../../src/detect/columns.ts'
import type { Observation } from '../../src/model/observation.ts'
import { NOTED_KEYS, ObservationColumns, TRAIT_BITS } from '../../src/model/observation-columns.ts'
import { createPlay } from './play.ts'

const TRAITS = { note: undefined }
const span = (given: Partial<Observation> = {}): Observation => ({
  ...{ unit: 'span', atUnixMs: 1_000, startUnixMs: 993, weight: 2, once: 7, traits: TRAITS },
  source: { id: 'worker-1', component: 'worker' },
  field: () => undefined,
  ...given,
})

test('columns say of what has traits what it says itself, and of others nothing', () => {
  const columns = new ObservationColumns().of([
    span(),
    span({ unit: 'attempt', count: 3, startUnixMs: 2_000, noted: (place) => place + 0.5 }),
    span({ unit: 'metric' }),
    span({ isPresence: true }),
    span({ traits: undefined }),
  ])
  expect(columns.length).toBe(5)
  expect(columns.traits).toEqual([TRAITS, TRAITS, undefined, undefined, undefined])
  const two = (column: ArrayLike<number>) => [column[0], column[1]]
  expect(two(columns.units)).toEqual([TRAIT_BITS.span, TRAIT_BITS.attempt])
  expect(two(columns.atUnixMs)).toEqual([1_000, 1_000])
  // It cannot have ended before it began.
  expect(two(columns.tookMs)).toEqual([7, 0])
  expect(two(columns.weights)).toEqual([2, 2])
  expect(two(columns.counts)).toEqual([1, 3])
  expect(two(columns.identities)).toEqual([7, 7])
  for (const place of NOTED_KEYS.keys())
    expect(two(columns.noted[place] ?? [])).toEqual([Number.NaN, place + 0.5])
})

test('columns grow with what comes, and give memory back after it', () => {
  const columns = new ObservationColumns()
  const small = columns.atUnixMs.length
  const spans = Array.from({ length: 70_000 }, (_, index) => span({ atUnixMs: index }))
  columns.of(spans)
  expect(columns.atUnixMs.subarray(0, 70_000).every((at, index) => at === index)).toBe(true)
  columns.of([span()])
  expect(columns.atUnixMs.length).toBe(small)
  expect(columns.traits).toEqual([TRAITS])
  expect(columns.atUnixMs[0]).toBe(1_000)
})

test('a batch of more than there is room for at once is counted whole', () => {
  const play = createPlay(`
  - { id: all, kind: count, on: attempts, window: 10m, trip: { at_least: 1000000 } }
  - { id: median, kind: quantile, on: attempts, of: duration, q: 0.5, window: 10m, trip: { above: 1h, min_count: 1 } }
`)
  const traits = { note: undefined }
  const count = 2 * COLUMNS_MAX + 10
  // Sorted by hand first, so that the next are known.
  const items = Array.from({ length: count + 1 }, (_, index) => {
    const fields = { route: 'preview', target: 'cloud', span_id: `${index}`, trace_id: 't' }
    const own = play.items('attempt', { ...fields, duration: '2s' })
    return own.filter(({ unit }) => unit === 'attempt').map((one) => ({ ...one, traits }))
  }).flat()
  play.detector.observe(items.slice(0, 1))
  play.detector.observe(items)
  play.detector.judge()
  for (const id of ['all', 'median'])
    expect(play.detector.rule(id)?.groups[0]).toMatchObject({ count: count + 1 })
})

test('a batch that cannot be read to its end leaves nothing for the next', () => {
  const play = createPlay(`
  - { id: all, kind: count, on: attempts, window: 10m, trip: { at_least: 1000000 } }
  - { id: texts, kind: count, on: attempts, where: { body: { match: x } }, window: 10m, trip: { at_least: 1000000 } }
`)
  const traits = { note: undefined }
  const attempt = (index: number, read: () => string) =>
    play
      .items('attempt', { route: 'preview', target: 'cloud', span_id: `${index}`, trace_id: 't' })
      .filter(({ unit }) => unit === 'attempt')
      .map((one) => ({
        ...one,
        ...{ traits, once: undefined },
        field: (key: string) => (key === 'body' ? read() : one.field(key)),
      }))
  const torn = () => {
    throw new Error('the bytes are gone')
  }
  play.detector.observe(attempt(0, () => 'x'))
  const broken = [...attempt(1, () => 'x'), ...attempt(2, torn), ...attempt(3, () => 'x')]
  expect(() => play.detector.observe(broken)).toThrow('the bytes are gone')
  play.detector.observe([...attempt(4, () => 'x'), ...attempt(5, () => 'x')])
  play.detector.judge()
  // Of the broken one, what was given before it broke may count; nothing of it is read later.
  expect(play.detector.rule('all')?.groups[0]?.count).toBe(3)
})
