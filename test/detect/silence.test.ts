import { expect, test } from 'vitest'
import type { Instant, Item, KindState } from '../../src/detect/kind.ts'
import { createSilence } from '../../src/detect/silence.ts'
import { rulesOf } from './play.ts'

// A worker that lives and completes nothing, while others do: what is known of it must outlive the process.

const HOUR_MS = 3_600_000
const [rule] = rulesOf(`
  - { id: zombie, kind: silence, on: spans, expect: { status: ok }, by: [worker], trip: { for: 10m }, only_while: alive }
`)

function createZombie(sinceMs: number): KindState {
  if (rule?.kind !== 'silence') throw new Error('there is such a rule')
  return createSilence(rule, { sinceMs, memoryMs: HOUR_MS, aliveMs: 10_000 })
}

/** It and all others are heard at every moment. */
const at = (heardMs: number) =>
  ({
    heardMs,
    heard: { source: () => heardMs, others: () => heardMs },
  }) as Partial<Instant> as Instant

/** Judged every ten seconds; each process has a clock that begins elsewhere. */
function live(zombie: KindState, fromS: number, untilS: number): string[] {
  const outcomes: string[] = []
  for (let second = fromS; second < untilS; second += 10)
    outcomes.push(zombie.judge(at(second * 1_000)).outcome)
  return outcomes
}

test('the time in which it completed nothing goes on over a restart, and so does what fires', () => {
  const first = createZombie(0)
  first.add({ heardMs: 0, count: 1 } as Partial<Item> as Item)
  expect(new Set(live(first, 0, 400))).toEqual(new Set(['calm']))

  const second = createZombie(5_000_000)
  expect(second.load(structuredClone(first.save(400_000)), 5_000_000)).toBe(true)
  expect(new Set(live(second, 5_000, 5_220))).toEqual(new Set(['calm']))
  expect(live(second, 5_220, 5_230)).toEqual(['trips'])

  const third = createZombie(0)
  expect(third.load(second.save(5_230_000), 0)).toBe(true)
  expect(third.judge(at(0)).outcome).toBe('trips')
  expect(third.clears(at(0))).toBe(false)
})

test.for([
  null,
  [],
  { heardCount: 'many', agoMs: 1 },
  { heardCount: 1 },
  { heardCount: 1, agoMs: 1, expectedAgoMs: 'long' },
])('what nobody saved is not taken up: %o', (saved) => {
  expect(createZombie(0).load(saved, 0)).toBe(false)
})

test('a file of before knows less, and is taken up', () => {
  expect(createZombie(0).load({ heardCount: 1, agoMs: null }, 0)).toBe(true)
})
