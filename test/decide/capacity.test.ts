import { expect, test } from 'vitest'
import { judgeCarry, partThatFits } from '../../src/decide/capacity.ts'

test.for([
  { capacityRps: undefined, currentRps: 900, shiftedRps: 1_000, part: 1, why: 'unbounded' },
  { capacityRps: 2_400, currentRps: 0, shiftedRps: 1_474, part: 1, why: '1,474 of 2,040 usable' },
  { capacityRps: 1_000, currentRps: 0, shiftedRps: 850, part: 1, why: 'exactly the 85 %' },
  { capacityRps: 1_000, currentRps: 0, shiftedRps: 1_700, part: 0.5, why: 'half of it fits' },
  { capacityRps: 1_000, currentRps: 425, shiftedRps: 850, part: 0.5, why: 'others use half' },
  { capacityRps: 1_000, currentRps: 850, shiftedRps: 100, part: 0, why: 'nothing is left' },
  { capacityRps: 100, currentRps: 84.5, shiftedRps: 100, part: 0, why: 'less than 1 % is no move' },
  { capacityRps: 100, currentRps: 0, shiftedRps: 0, part: 1, why: 'no traffic' },
])('S2: part $part fits ($why)', ({ part, why, ...input }) => {
  expect(partThatFits(input), why).toBeCloseTo(part, 9)
})

// κ = 10 ok/s per ready worker.
const base = { offeredRps: 100, otherRps: 0, bestPerWorkerRps: 10 }
test.for([
  { share: 1, readyWorkers: 12, status: 'carries', why: '12 × 10 = 1.2 × 100' },
  { share: 1, readyWorkers: 11, status: 'short', why: '110 < 120' },
  { share: 0.5, readyWorkers: 6, status: 'carries', why: '60 = 1.2 × 50' },
  { share: 0.5, readyWorkers: 5, status: 'short', why: '50 < 60' },
  { share: 0.05, readyWorkers: 1, status: 'carries', why: '10 ≥ 6' },
  { share: 0.05, readyWorkers: 0, status: 'short', why: 'nobody is there' },
  { share: 0.05, readyWorkers: undefined, status: 'no_data', why: 'no replica data' },
])('S12: $status at share $share with $readyWorkers workers ($why)', (row) => {
  expect(judgeCarry({ ...base, share: row.share, readyWorkers: row.readyWorkers })).toMatchObject({
    status: row.status,
    neededRps: 1.2 * row.share * 100,
  })
})

test('S12: what others send to the same primary counts too', () => {
  const input = { ...base, share: 0.5, readyWorkers: 10, otherRps: 40 }
  expect(judgeCarry(input)).toMatchObject({ status: 'short', neededRps: 108, capacityRps: 100 })
})

test('S12: without a full window of throughput it is as without replica data', () => {
  const input = { ...base, share: 1, readyWorkers: 3, bestPerWorkerRps: undefined }
  expect(judgeCarry(input).status).toBe('no_data')
})
