import type { Cancel, Clock } from '../lib/clock.ts'
import type { Part } from '../lib/part.ts'
import type { DecodedBatch } from '../model/batch.ts'
import type { Decoder } from './decoder.ts'

const TICK_MS = 1_000

export interface DeadlinesOptions {
  readonly decoder: Pick<Decoder, 'tick'>
  readonly clock: Clock
  nextSeenAt(): bigint
  observe(batch: Pick<DecodedBatch, 'observations'>, seenAtUnixNs: bigint): void
  /** In the same stretch: the rows are in the open blocks. Takes them back when it refuses. */
  append(batch: Pick<DecodedBatch, 'rowCount' | 'byteCount' | 'discard'>): Promise<unknown>
}

/** Once a second, requests whose deadline has passed become rows and observations. */
export function createDeadlines(options: DeadlinesOptions): Part {
  const { decoder, clock, observe, append } = options
  let cancel: Cancel | undefined
  return {
    name: 'deadlines',
    async start() {
      cancel = clock.every(TICK_MS, () => {
        const seenAt = options.nextSeenAt()
        const batch = decoder.tick(clock.nowMs(), seenAt)
        const { observations, rowCount, byteCount, discard } = batch
        if (observations.length > 0) observe(batch, seenAt)
        if (rowCount > 0) void append({ rowCount, byteCount, discard })
      })
    },
    async stop() {
      cancel?.()
    },
  }
}
