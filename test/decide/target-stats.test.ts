import { expect, test } from 'vitest'
import { createTimings } from '../../src/config/timings.ts'
import { createTargetBook } from '../../src/decide/target-stats.ts'
import type { Attempt } from '../../src/model/attempt.ts'

const attemptOf = (outcome: Attempt['outcome']) =>
  ({
    route: 'preview',
    target: 'cloud',
    outcome,
    weight: 1,
    startUnixNs: 0n,
    endUnixNs: 5n,
  }) as Attempt

test('of a target, the last hundred outcomes count, and no others', () => {
  const book = createTargetBook(createTimings())
  const failedAfter = (outcome: Attempt['outcome'], count: number) => {
    for (let n = 0; n < count; n++) book.note(attemptOf(outcome), 1_000)
    const all = [book.find('preview', 'cloud'), book.find('', 'cloud')]
    return all.map((one) => one?.lastHundred.failedCount)
  }
  expect(failedAfter('ok', 150)).toEqual([0, 0])
  expect(failedAfter('failed', 90)).toEqual([90, 90])
  // What says nothing of the target pushes nothing out.
  expect(failedAfter('rejected', 50)).toEqual([90, 90])
  expect(failedAfter('failed', 30)).toEqual([100, 100])
  expect(failedAfter('ok', 40)).toEqual([60, 60])
})
