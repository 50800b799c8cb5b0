import type { Clock } from '../lib/clock.ts'
import type { Outcome } from '../lib/outcome.ts'
import type { StoreEvents } from '../telemetry/store-events.ts'
import type { LogEntry } from './log-writer.ts'

const REFUSALS = {
  full: 'the write-ahead log is full: ClickHouse does not take what waits in it',
  disk: 'the disk of the write-ahead log is nearly full',
  behind: 'the write-ahead log is behind: its disk is slow',
  stopped: 'the write-ahead log is stopped',
} as const

export type Refusal = keyof typeof REFUSALS

/** What the log did not take, and whether it would say so again. */
export interface LogRefusals {
  /** Takes the entry's rows out of the open block, and tells its sender to come again. */
  refuse(entry: LogEntry, reason: Refusal): Outcome
  /** Something was taken since. */
  end(): void
  /** Why the last entry was refused, for 5 s. */
  lately(): readonly string[]
}

const RETRY_MS = 2_000
// A sender that asks before it sends would else never find out that there is room again.
const MEMORY_MS = 5_000

export function createLogRefusals({
  clock,
  events,
}: {
  readonly clock: Clock
  readonly events: Pick<StoreEvents, 'logRefused'>
}): LogRefusals {
  let last: { readonly detail: string; readonly untilMs: number } | undefined
  return {
    refuse(entry, reason) {
      entry.discard()
      const detail = REFUSALS[reason]
      events.logRefused({ reason, detail, isFirst: last === undefined })
      last = { detail, untilMs: clock.monotonicMs() + MEMORY_MS }
      return { status: 'retry', reason: detail, afterMs: RETRY_MS }
    },
    end() {
      last = undefined
    },
    lately: () => (last && clock.monotonicMs() < last.untilMs ? [last.detail] : []),
  }
}
