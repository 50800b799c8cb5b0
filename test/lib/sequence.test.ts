import { expect, test } from 'vitest'
import { createSequence, toSequenceMs, toSequenceText } from '../../src/lib/sequence.ts'

test('moments only grow, while the clock stands and when it steps back', () => {
  let nowMs = Date.UTC(2026, 0, 11, 14, 26, 37, 312)
  const { next } = createSequence({ nowMs: () => nowMs })
  const first = next()
  expect([toSequenceMs(first), toSequenceText(first)]).toEqual([
    nowMs,
    '2026-01-11 14:26:37.312000000',
  ])
  expect(toSequenceText(next())).toBe('2026-01-11 14:26:37.312000001')
  nowMs -= 5_000
  const third = next()
  expect([third - first, toSequenceMs(third)]).toEqual([2n, nowMs + 5_000])
  nowMs += 6_000.75
  expect(toSequenceText(next())).toBe('2026-01-11 14:26:38.312000000')
})
