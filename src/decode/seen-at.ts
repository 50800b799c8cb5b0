import { createPlainColumn, type PlainColumn } from '../lib/native-column.ts'
import { pushHalves } from './column-writes.ts'
import { nsToHalves } from './nanoseconds.ts'
import type { Halves } from './times.ts'

// When detection saw a row: on our own clock, with the number of the request in the digits below the
// millisecond. All rows of a request have the same, so that a back-test reads them in that order.

/** Of the request that is decoded now; one for all tables. */
export interface SeenAt {
  readonly now: Halves
  set(unixNs: bigint): void
}

export interface SeenAtColumn {
  readonly column: PlainColumn
  /** For the last `count` rows. */
  push(count: number): void
  /** For one row that detection did not see, because it only corrects another. */
  pushUnseen(): void
}

export function createSeenAt(): SeenAt {
  const now: Halves = { low: 0, high: 0 }
  return {
    now,
    set(unixNs) {
      const { low, high } = nsToHalves(unixNs)
      now.low = low
      now.high = high
    },
  }
}

const UNSEEN: Halves = { low: 0, high: 0 }

export function createSeenAtColumn({ now }: SeenAt): SeenAtColumn {
  const column = createPlainColumn('SeenAt', 'DateTime64(9)')
  return {
    column,
    push(count) {
      if (count === 0) return
      const from = column.data.length
      pushHalves(column, now)
      column.data.repeat(from, count)
    },
    pushUnseen: () => pushHalves(column, UNSEEN),
  }
}
