import type { Telemetry } from './telemetry.ts'

/** What happens in `store`, counted and logged. Bytes and rows as numbers, durations in ms. */
export type StoreEvents = ReturnType<typeof createStoreEvents>

export function createStoreEvents(telemetry: Telemetry) {
  return {
    ...createDatabaseEvents(telemetry),
    ...createLogEvents(telemetry),
    ...createLoadEvents(telemetry),
    ...createReplayEvents(telemetry),
    ...createJournalEvents(telemetry),
  }
}

function createDatabaseEvents({ log, counter, gauge }: Telemetry) {
  const up = gauge('signalbox_store_database_up', 'Whether the embedded database is running')
  const died = counter('signalbox_store_database_died_total', 'Deaths of the embedded database')
  return {
    databaseStarted(event: { pid: number | undefined; durationMs: number }) {
      up.set(1)
      log.info(event, 'embedded database started')
    },
    databaseDied(event: { reason: string; uptimeMs: number }) {
      up.set(0)
      died.inc()
      log.error(event, 'embedded database died, starting it again')
    },
    databaseStartFailed(event: { reason: string; nextTryMs: number }) {
      log.error(event, 'embedded database did not start')
    },
    schemaWaiting(event: { reason: string }) {
      log.warn(event, 'database not reached at the start, trying again; telemetry waits in the log')
    },
    schemaReady() {
      log.info('database reached, schema up to date')
    },
    databaseStopped() {
      up.set(0)
      log.debug('embedded database stopped')
    },
  }
}

function createLogEvents({ log, counter, histogram }: Telemetry) {
  const bytes = counter('signalbox_store_log_appended_bytes_total', 'Bytes synced to the log')
  const rows = counter('signalbox_store_log_appended_rows_total', 'Rows synced to the log')
  const appendSeconds = histogram(
    'signalbox_store_log_append_seconds',
    'Write and sync of one group of requests',
  )
  const refused = counter(
    'signalbox_store_log_refused_total',
    'Requests not taken into the write-ahead log, by reason',
    ['reason'],
  )
  return {
    logAppended(event: {
      bytes: number
      rowCount: number
      requestCount: number
      durationMs: number
    }) {
      bytes.inc(event.bytes)
      rows.inc(event.rowCount)
      appendSeconds.observe(event.durationMs / 1_000)
    },
    /** Every one is counted; only the first of a row is logged. */
    logRefused(event: {
      reason: 'full' | 'disk' | 'behind' | 'failed' | 'stopped'
      detail: string
      isFirst: boolean
    }) {
      refused.inc({ reason: event.reason })
      const { reason, detail } = event
      if (event.isFirst) log.warn({ reason, detail }, 'requests not taken into the write-ahead log')
    },
  }
}

function createLoadEvents({ log, counter, gauge, histogram }: Telemetry) {
  const backlogBytes = gauge('signalbox_store_backlog_bytes', 'Write-ahead log not yet loaded')
  const backlogSegments = gauge('signalbox_store_backlog_segments', 'Segments not yet loaded')
  const lag = gauge('signalbox_store_lag_seconds', 'Age of the oldest segment not yet loaded')
  const rows = counter('signalbox_store_loaded_rows_total', 'Rows loaded, by table', ['table'])
  const loadSeconds = histogram('signalbox_store_load_seconds', 'Load of one segment')
  const loadFailed = counter('signalbox_store_load_failed_total', 'Failed tries to load a segment')
  const refused = counter(
    'signalbox_store_refused_blocks_total',
    'Blocks that ClickHouse refused for good, set aside, by table',
    ['table'],
  )
  return {
    backlogChanged(event: { bytes: number; segmentCount: number; lagMs: number }) {
      backlogBytes.set(event.bytes)
      backlogSegments.set(event.segmentCount)
      lag.set(event.lagMs / 1_000)
    },
    tableLoaded(event: { table: string; rowCount: number }) {
      rows.inc({ table: event.table }, event.rowCount)
    },
    segmentLoaded(event: { segment: string; durationMs: number }) {
      loadSeconds.observe(event.durationMs / 1_000)
      log.debug(event, 'segment loaded')
    },
    segmentFailed(event: { segment: string; reason: string; nextTryMs: number }) {
      loadFailed.inc()
      log.warn(event, 'segment not loaded, trying again')
    },
    blocksRefused(event: {
      segment: string
      table: string
      blockCount: number
      rowCount: number
      reason: string
      file: string
    }) {
      refused.inc({ table: event.table }, event.blockCount)
      log.error(event, 'blocks refused by ClickHouse for good, set aside')
    },
    refusedDropped(event: { file: string; bytes: number }) {
      log.error(event, 'oldest refused blocks deleted to make room')
    },
  }
}

function createReplayEvents({ log, counter }: Telemetry) {
  const torn = counter('signalbox_store_log_torn_total', 'Torn ends of segments that were cut off')
  const tornBytes = counter('signalbox_store_log_torn_bytes_total', 'Bytes of torn ends')
  return {
    replayStarted(event: { segmentCount: number; bytes: number }) {
      log.info(event, 'loading what the last run left in the write-ahead log')
    },
    replayProgressed(event: { doneCount: number; segmentCount: number }) {
      log.info(event, 'write-ahead log replay')
    },
    tornTail(event: { segment: string; bytes: number }) {
      torn.inc()
      tornBytes.inc(event.bytes)
      log.warn(event, 'segment ends in the middle of a group, or is damaged there: cut off')
    },
    /** A restart within ten minutes would count what is sent again. */
    takenNotKept(event: { requestCount: number; reason: string }) {
      log.error(event, 'what must be remembered of loaded requests could not be written')
    },
  }
}

function createJournalEvents({ log, counter }: Telemetry) {
  const dropped = counter('signalbox_store_journal_dropped_total', 'Journal rows lost, by table', [
    'table',
  ])
  return {
    journalDropped(event: { table: string; rowCount: number; reason: string }) {
      dropped.inc({ table: event.table }, event.rowCount)
      log.warn(event, 'journal rows dropped')
    },
    journalFailed(event: { table: string; reason: string }) {
      log.warn(event, 'journal not written, trying again')
    },
  }
}
