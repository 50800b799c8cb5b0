import type { TotalFigures } from './detect-figures.ts'

/** A bound that the whole benchmark must keep. */
export interface Floor {
  readonly floor: string
  readonly value: number | null
  readonly bound: number
  readonly is_met: boolean
}

// Of the rules that are in the pack. What is not there is listed, not failed.
const RECALL_MIN = 0.95
const PRECISION_MIN = 0.9
// In a day of 10 % noise with little traffic, the burn rate stands at its limit and comes and goes 13 times; tails
// of classes do so now and then.
const TOLD_AGAIN_MAX = 20

export function floorsOf(total: TotalFigures): Floor[] {
  const atLeast = (floor: string, value: number | null, bound: number): Floor => ({
    ...{ floor, value, bound },
    is_met: value === null || value >= bound,
  })
  const atMost = (floor: string, value: number, bound: number): Floor => ({
    ...{ floor, value, bound },
    is_met: value <= bound,
  })
  return [
    atMost('false trips of rules that move traffic', total.failover_false_trips, 0),
    atMost('false trips', total.false_trips, 0),
    atMost('trips of a rule within a fault that it told already', total.told_again, TOLD_AGAIN_MAX),
    atLeast('total outages found', total.total_outages_found, total.total_outages),
    atLeast(
      'undisturbed total outages found within a bucket and an export of the recounted moment',
      ...([total.total_outages_on_time, total.total_outages_undisturbed] as const),
    ),
    atLeast('recall', total.recall, RECALL_MIN),
    atLeast('precision', total.precision, PRECISION_MIN),
  ]
}
