import { expect, test } from 'vitest'
import type { PrimaryTry } from '../../src/fleet/ledger-view.ts'
import { findTriggerMs } from '../../src/fleet/trigger-moment.ts'

/** 100 attempts a second; from 0 on, `failing` of 100 fail, seen `afterMs` later. */
function tries(failing: number, afterMs: number): PrimaryTry[] {
  return Array.from({ length: 40_000 }, (_, index) => {
    const startMs = (index - 20_000) * 10
    const isFailed = startMs >= 0 && (index * 37) % 100 < failing
    return { startMs, endMs: startMs + (startMs >= 0 ? afterMs : 0), isFailed }
  })
}

test.for([
  { windowS: 90, failing: 100, afterMs: 0, tripS: 36, why: '1: total failure' },
  { windowS: 10, failing: 100, afterMs: 0, tripS: 4, why: '2: 10 s window' },
  { windowS: 30, failing: 100, afterMs: 0, tripS: 12, why: '2: 30 s window' },
  { windowS: 60, failing: 100, afterMs: 0, tripS: 24, why: '2: 60 s window' },
  { windowS: 90, failing: 60, afterMs: 0, tripS: 60, why: '2: 60 % failures' },
  { windowS: 90, failing: 45, afterMs: 0, tripS: 80, why: '2: 45 % failures' },
  { windowS: 90, failing: 100, afterMs: 10_000, tripS: 42, why: '3: failures that are timeouts' },
])('$why trip after $tripS s', ({ windowS, failing, afterMs, tripS }) => {
  const atMs = findTriggerMs({
    tries: tries(failing, afterMs),
    windowMs: windowS * 1_000,
    above: 0.4,
    countMin: 50,
  })
  expect(Math.abs((atMs ?? 0) / 1_000 - tripS)).toBeLessThan(1)
})

test('exactly at the limit nothing trips', () => {
  const options = { windowMs: 1_000_000, above: 0.4, countMin: 5 }
  const at = (failed: number) =>
    findTriggerMs({
      ...options,
      tries: Array.from({ length: 10 }, (_, index) => ({
        startMs: index,
        endMs: index,
        isFailed: index >= 10 - failed,
      })),
    })
  expect(at(4)).toBeUndefined()
  // Four of nine are 44.4 %.
  expect(at(5)).toBe(8)
})
