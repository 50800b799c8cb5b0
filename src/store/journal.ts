import { randomBytes } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Part } from '../lib/part.ts'
import type { Row } from '../model/batch.ts'
import type { Journal, JournalTable } from '../model/journal.ts'
import type { StoreEvents } from '../telemetry/store-events.ts'
import type { Insert } from './clickhouse.ts'

// The register of what Signalbox decided and did. It is evidence, not state: writing never waits
// and never fails, the buffer is bounded, and what is lost is counted.

export interface JournalPart extends Part {
  /**
   * Buffers one row. `At` and `Watermark` are unix milliseconds or text (`2026-01-11
   * 14:26:37.312` or ISO 8601, UTC); columns that a row leaves out take their default.
   */
  readonly write: Journal
  /** Stores what is buffered now; when ClickHouse does not answer, it stays buffered. Never rejects. */
  flush(): Promise<void>
}

export interface JournalOptions {
  readonly insert: Insert
  readonly clock: Clock
  readonly events: Pick<StoreEvents, 'journalDropped' | 'journalFailed'>
  /** Rows buffered over all tables; default 20,000. */
  readonly rowsMax?: number
}

const FLUSH_EVERY_MS = 1_000
const BATCH_ROWS_MAX = 5_000
const REFUSALS_MAX = 3
const STOP_MS_MAX = 2_000

interface Entry {
  readonly table: JournalTable
  readonly row: Row
}

interface Batch {
  readonly table: JournalTable
  readonly rows: readonly Row[]
  /** Kept over retries, so that a batch whose answer was lost is not stored twice. */
  readonly token: string
  refusalCount: number
}

export function createJournal(options: JournalOptions): JournalPart {
  const { clock, events, rowsMax = 20_000 } = options
  const run = randomBytes(6).toString('hex')
  const buffer: Entry[] = []
  const batches: Batch[] = []
  let sequence = 0
  let isFailing = false
  let cancelTimer = () => {}
  let chain: Promise<void> = Promise.resolve()

  /** Stores the oldest batch; false when it must be tried again later. */
  const storeFirst = async (batch: Batch): Promise<boolean> => {
    try {
      await options.insert(batch)
      isFailing = false
    } catch (fault) {
      const reason = fault instanceof Error ? fault.message : String(fault)
      const isRefused = !(fault instanceof AppError && fault.code === 'CLICKHOUSE_UNAVAILABLE')
      if (!isFailing) events.journalFailed({ table: batch.table, reason })
      isFailing = true
      if (!isRefused || ++batch.refusalCount < REFUSALS_MAX) return false
      events.journalDropped({ table: batch.table, rowCount: batch.rows.length, reason })
    }
    batches.shift()
    return true
  }

  const storeAll = async () => {
    for (;;) {
      if (batches.length === 0) batches.push(...toBatches(buffer.splice(0, BATCH_ROWS_MAX)))
      const [first] = batches
      if (first === undefined || !(await storeFirst(first))) return
    }
  }
  const toBatches = (entries: readonly Entry[]): Batch[] => {
    const byTable = new Map<JournalTable, Row[]>()
    for (const { table, row } of entries) {
      const rows = byTable.get(table)
      if (rows) rows.push(row)
      else byTable.set(table, [row])
    }
    return [...byTable].map(([table, rows]) => {
      return { table, rows, token: `journal-${run}-${sequence++}:${table}`, refusalCount: 0 }
    })
  }
  // One round at a time: order is kept, and a slow database is not asked twice at once.
  const flush = (): Promise<void> => {
    chain = chain.then(storeAll)
    return chain
  }

  return {
    name: 'journal',
    write(table, row) {
      if (buffer.length >= rowsMax) {
        const oldest = buffer.shift()
        if (oldest) events.journalDropped({ table: oldest.table, rowCount: 1, reason: 'full' })
      }
      buffer.push({ table, row: withTextTimes(row) })
    },
    flush,
    async start() {
      let isRunning = false
      cancelTimer = clock.every(FLUSH_EVERY_MS, () => {
        if (isRunning) return
        isRunning = true
        void flush().then(() => {
          isRunning = false
        })
      })
    },
    async stop() {
      cancelTimer()
      const patience = new AbortController()
      const timeout = clock.sleep(STOP_MS_MAX, patience.signal).catch(() => {})
      await Promise.race([flush(), timeout])
      patience.abort()
    },
  }
}

/** A bare number would be read as seconds, or as ticks, depending on its size. */
function withTextTimes(row: Row): Row {
  const times = ['At', 'Watermark'].filter((column) => typeof row[column] === 'number')
  if (times.length === 0) return row
  const texts = times.map((column) => [column, new Date(row[column] as number).toISOString()])
  return { ...row, ...Object.fromEntries(texts) }
}
