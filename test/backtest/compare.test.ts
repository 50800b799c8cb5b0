import { expect, test } from 'vitest'
import { compareTrips, per30Days } from '../../src/backtest/compare.ts'
import { createEpisodes, type Episode } from '../../src/backtest/episodes.ts'

const DAYS_30_MS = 30 * 86_400_000
const START_MS = Date.UTC(2026, 0, 11)

const trip = (firedS: number, clearedS?: number, target = 'a'): Episode => ({
  rule: 'r',
  by: { target },
  firedUnixMs: START_MS + firedS * 1_000,
  clearedUnixMs: clearedS === undefined ? undefined : START_MS + clearedS * 1_000,
})
const compare = (trips: Episode[], reference: Episode[], rangeMs = DAYS_30_MS) =>
  compareTrips({ trips, reference, nearMs: 600_000, rangeMs })

test.for<[Episode[], Episode[], string]>([
  [[], [], 'the same'],
  [[trip(100, 200)], [trip(100, 200)], 'the same'],
  [[trip(100, 200)], [trip(141, 200)], '41 s earlier'],
  [[trip(141, 200)], [trip(100, 230)], '41 s later, clears 30 s earlier'],
  [
    [trip(100, 200), trip(9_000, 9_010), trip(19_000, 19_010), trip(29_000, 29_010)],
    [trip(141, 200)],
    '41 s earlier, 3 more trips in 30 days',
  ],
  [[], [trip(100, 200)], '1 fewer trip in 30 days'],
  [[trip(100, 200, 'b')], [trip(100, 200)], '1 more trip in 30 days, 1 fewer trip in 30 days'],
])('%# is said as "%s"', ([trips, reference, summary]) => {
  expect(compare(trips, reference).summary).toBe(summary)
})

test('a trip goes with the nearest of its group, and a long one with what it overlaps', () => {
  const { matched, extra, missing } = compare(
    [trip(100, 5_000)],
    [trip(40, 60), trip(4_000, 4_500)],
  )
  expect(matched.map(({ fired_earlier_s }) => fired_earlier_s)).toEqual([-60])
  expect([extra.length, missing.length]).toEqual([0, 1])
  expect(compare([trip(100, 5_000)], [trip(4_000)]).matched[0]?.cleared_earlier_s).toBe(null)
})

test('a short range says how short it is', () => {
  expect(compare([trip(1, 2)], [], 26 * 60_000).summary).toBe('1 more trip in 26 min')
  expect(per30Days(1, 86_400_000)).toBe(30)
})

test('insufficient keeps what fires; only its effect clears it', () => {
  const episodes = createEpisodes()
  const tell = (effect: string, atUnixMs: number) =>
    episodes.add({ rule: 'r', by: { a: '1', b: '2' }, effect, atUnixMs })
  tell('ok', 1)
  tell('firing', 2)
  episodes.add({ rule: 'r', by: { b: '2', a: '1' }, effect: 'firing', atUnixMs: 3 })
  tell('ok', 4)
  tell('ok', 5)
  tell('firing', 6)
  expect(
    episodes.since(2).map(({ firedUnixMs, clearedUnixMs }) => [firedUnixMs, clearedUnixMs]),
  ).toEqual([
    [2, 4],
    [6, undefined],
  ])
  expect(episodes.since(3)).toHaveLength(1)
})
