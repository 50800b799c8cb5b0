import { createClient } from '@clickhouse/client'
import type { Row } from '../model/batch.ts'

/** Rows into one table by the client's own JSONEachRow, one insert at a time. */
export interface RowInserter {
  /** Resolves when there is room for them to wait; rejects once an insert has failed. */
  add(rows: readonly Row[]): Promise<void>
  /** Inserts what waits. */
  stop(): Promise<void>
}

/** As the write-ahead log closes its segments: after a second, or when so many rows wait. */
const BATCH_MS_MAX = 1_000
/** Half of a segment's: as JSON, more would not fit into the embedded database's limit of a body. */
const BATCH_ROWS_MAX = 131_072

export function createRowInserter(to: {
  readonly url: string
  readonly table: string
}): RowInserter {
  const client = createClient({
    url: to.url,
    request_timeout: 120_000,
    log: { level: 127 as const },
    clickhouse_settings: {
      ...{ async_insert: 0, wait_end_of_query: 1, session_timezone: 'UTC' },
      date_time_input_format: 'best_effort',
    },
  })
  const waiting: Row[] = []
  const forRoom: (() => void)[] = []
  let timer: NodeJS.Timeout | undefined
  let fault: unknown
  let inserting: Promise<void> | undefined

  const insert = async () => {
    clearTimeout(timer)
    timer = undefined
    const values = waiting.splice(0, BATCH_ROWS_MAX)
    for (const resolve of forRoom.splice(0)) resolve()
    await client.insert({ table: to.table, values, format: 'JSONEachRow' })
  }
  const flush = () => {
    inserting ??= insert()
      .catch((thrown) => {
        fault = thrown
      })
      .finally(() => {
        inserting = undefined
        schedule()
      })
  }
  const schedule = () => {
    if (inserting || fault) return
    if (waiting.length >= BATCH_ROWS_MAX) flush()
    else if (waiting.length > 0) timer ??= setTimeout(flush, BATCH_MS_MAX)
  }

  return {
    async add(rows) {
      while (waiting.length >= BATCH_ROWS_MAX && !fault)
        await new Promise<void>((resolve) => forRoom.push(resolve))
      if (fault) throw fault
      for (const row of rows) waiting.push(row)
      schedule()
    },
    async stop() {
      while (!fault && (waiting.length > 0 || inserting !== undefined)) {
        flush()
        await inserting
      }
      clearTimeout(timer)
      await client.close()
    },
  }
}
