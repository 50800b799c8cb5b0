import { expect, test } from 'vitest'
import type { Item } from '../../src/detect/kind.ts'
import { PILED_MAX, type Piled, Piles } from '../../src/detect/piles.ts'
import type { Observation } from '../../src/model/observation.ts'
import { createPlay } from './play.ts'

const span = (atUnixMs: number, fields: Readonly<Record<string, number>> = {}): Observation => ({
  ...{ unit: 'span', atUnixMs, startUnixMs: atUnixMs - 7, weight: 2 },
  source: { id: 'worker-1', component: 'worker' },
  field: (key) => fields[key],
})

const keyOf = (atUnixMs: number) => ({ identity: atUnixMs, flag: 4, atUnixMs })

test('items lie by kind, in the order in which they came, without those that are refused', () => {
  const piles = new Piles<Piled & { name: string }>()
  const kinds = ['a', 'b', 'c'].map((name) => ({ name, pile: 0, round: -1 }))
  // Twice: the second round knows nothing of the first.
  for (const from of [0, 100]) {
    expect(kinds.map((kind) => piles.isFirst(kind))).toEqual([true, true, true])
    for (const [index, number] of [2, 0, 2, 2, 0, 1].entries())
      piles.put(kinds[number] as (typeof kinds)[0], span(from + index), keyOf(from + index))
    expect([...piles.keys.identities.subarray(0, piles.keys.length)]).toEqual(
      [0, 1, 2, 3, 4, 5].map((index) => from + index),
    )
    piles.keys.isNew.set([1, 1, 0, 1, 1, 0])
    const seen: unknown[] = []
    const again: number[] = []
    piles.take(
      (_, { atUnixMs }) => again.push(atUnixMs),
      ({ name }, { items, atUnixMs, length, weights }) => {
        const times = items.slice(0, length).map((one) => one.atUnixMs)
        expect([...atUnixMs.subarray(0, length)]).toEqual(times)
        expect(weights[0]).toBe(2)
        seen.push([name, times])
      },
    )
    expect(again).toEqual([from + 2, from + 5])
    expect(seen).toEqual([
      ['c', [from, from + 3]],
      ['a', [from + 1, from + 4]],
    ])
  }
})

test('numbers of a pile are read from each where they vary, and are NaN where they are none', () => {
  const piles = new Piles<Piled>()
  const kind = { pile: 0, round: -1 }
  for (const cost of [1, 2, 3]) piles.put(kind, span(cost, { cost, size: 5 }), keyOf(cost))
  piles.keys.isNew.fill(1)
  piles.take(
    () => {},
    (_, pile) => {
      const numbers = (key: string, first?: number) => {
        const ofFirst = { unit: 'span', read: () => first } as unknown as Item
        return [...pile.numbers(key, () => ofFirst).slice(0, 3)]
      }
      expect(numbers('cost')).toEqual([1, 2, 3])
      expect(numbers('duration')).toEqual([7, 7, 7])
      // Of what does not vary, the first stands for all.
      expect(numbers('size', 5)).toEqual([5, 5, 5])
      expect(numbers('sum')).toEqual([Number.NaN, Number.NaN, Number.NaN])
    },
  )
})

test('a batch of more than are piled at once is counted whole', () => {
  const play = createPlay(`
  - { id: all, kind: count, on: attempts, window: 10m, trip: { at_least: 1000000 } }
  - { id: median, kind: quantile, on: attempts, of: duration, q: 0.5, window: 10m, trip: { above: 1h, min_count: 1 } }
`)
  const traits = { note: undefined }
  const count = 2 * PILED_MAX + 10
  // Sorted by hand first, so that the next lie on a pile.
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
