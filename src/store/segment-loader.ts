import { rm } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Row } from '../model/batch.ts'
import type { StoreEvents } from '../telemetry/store-events.ts'
import type { Insert } from './clickhouse.ts'
import type { Segment } from './log-segment.ts'

// The back half of the write-ahead log: closed segments go into ClickHouse one after the other, one
// insert per table with the token SEGMENT:TABLE, and their files go away only when every table has
// confirmed. A database that does not answer is waited for, for ever and in order; a segment that it
// refuses for good is handed to `setAside`, so that it never blocks the rest.

export interface SegmentLoader {
  /** Takes a segment, behind those that wait. */
  add(segment: Segment): void
  /** Starts loading; without it segments only wait. */
  start(): void
  /** Resolves when every segment that was added before is loaded or set aside. */
  drain(): Promise<void>
  /** Starts nothing more; an insert that runs is not waited for. */
  stop(): void
  readonly bytes: number
  readonly segmentCount: number
  /** Since when, by the wall clock, and why nothing could be loaded; undefined when all is well. */
  readonly stuck: { readonly sinceUnixMs: number; readonly reason: string } | undefined
}

export interface SegmentLoaderOptions {
  readonly clock: Clock
  readonly events: Pick<StoreEvents, 'segmentLoaded' | 'segmentFailed' | 'tableLoaded'>
  readonly insert: Insert
  readonly read: (segment: Segment) => Promise<Map<string, Row[]>>
  readonly setAside: (segment: Segment, reason: string) => Promise<void>
  /** Puts on disk what must outlive the segment. Called before it is removed or set aside. */
  readonly remember: (segment: Segment) => Promise<void>
  /** Called after each change of the backlog. */
  readonly changed: () => void
}

const RETRY_MS_FIRST = 250
const RETRY_MS_MAX = 5_000
const REFUSALS_MAX = 3
/** Beyond so many rows in memory, segments that wait are read back from disk. */
const ROWS_KEPT_MAX = 200_000

interface Waiting {
  readonly segment: Segment
  readonly done: Promise<void>
  readonly finish: () => void
}

type Attempt =
  | { readonly status: 'ok' }
  | { readonly status: 'unavailable' | 'refused'; readonly reason: string }

export function createSegmentLoader(options: SegmentLoaderOptions): SegmentLoader {
  const { clock, events } = options
  const queue: Waiting[] = []
  let stopped: AbortController | undefined
  let hurry = new AbortController()
  let isRunning = false
  let stuck: SegmentLoader['stuck']

  /** Tries until the segment is loaded, set aside, or the loader stopped; true when it is gone. */
  const loadOne = async (segment: Segment, signal: AbortSignal): Promise<boolean> => {
    const loaded = new Set<string>()
    let delayMs = RETRY_MS_FIRST
    for (let refusalCount = 0; !signal.aborted; delayMs = Math.min(delayMs * 2, RETRY_MS_MAX)) {
      const startMs = clock.monotonicMs()
      const attempt = await tryLoad(segment, { ...options, loaded })
      if (attempt.status === 'ok') {
        await options.remember(segment)
        await rm(segment.file, { force: true })
        stuck = undefined
        events.segmentLoaded({ segment: segment.id, durationMs: clock.monotonicMs() - startMs })
        return true
      }
      if (attempt.status === 'refused' && ++refusalCount >= REFUSALS_MAX) {
        await options.remember(segment)
        await options.setAside(segment, attempt.reason)
        stuck = undefined
        return true
      }
      stuck ??= { sinceUnixMs: clock.nowMs(), reason: attempt.reason }
      events.segmentFailed({ segment: segment.id, reason: attempt.reason, nextTryMs: delayMs })
      await clock.sleep(delayMs, AbortSignal.any([signal, hurry.signal])).catch(() => {})
    }
    return false
  }

  const run = async (signal: AbortSignal) => {
    isRunning = true
    for (let next = queue[0]; next && !signal.aborted; next = queue[0]) {
      if (!(await loadOne(next.segment, signal))) break
      queue.shift()
      next.finish()
      options.changed()
    }
    isRunning = false
  }
  const wake = () => {
    if (!isRunning && stopped && !stopped.signal.aborted) void run(stopped.signal)
  }

  return {
    add(segment) {
      const keptCount = queue.reduce((sum, one) => sum + keptRows(one.segment), 0)
      if (keptCount + keptRows(segment) > ROWS_KEPT_MAX) segment.rows = undefined
      queue.push(createWaiting(segment))
      options.changed()
      wake()
    },
    start() {
      stopped = new AbortController()
      wake()
    },
    async drain() {
      hurry.abort()
      hurry = new AbortController()
      await Promise.all(queue.map(({ done }) => done))
    },
    stop: () => stopped?.abort(),
    get bytes() {
      return queue.reduce((sum, { segment }) => sum + segment.bytes, 0)
    },
    get segmentCount() {
      return queue.length
    },
    get stuck() {
      return stuck
    },
  }
}

const keptRows = (segment: Segment) => (segment.rows ? segment.rowCount : 0)

function createWaiting(segment: Segment): Waiting {
  let finish = () => {}
  const done = new Promise<void>((resolve) => {
    finish = resolve
  })
  return { segment, done, finish }
}

interface TryOptions extends SegmentLoaderOptions {
  /** Tables that have confirmed; grows. */
  readonly loaded: Set<string>
}

/** One round over the tables. One that is refused does not keep the others from being loaded. */
async function tryLoad(segment: Segment, options: TryOptions): Promise<Attempt> {
  let refusal: string | undefined
  try {
    const rowsByTable = segment.rows ?? (await options.read(segment))
    for (const [table, rows] of rowsByTable) {
      if (options.loaded.has(table) || rows.length === 0) continue
      try {
        await options.insert({ table, rows, token: `${segment.id}:${table}` })
        options.loaded.add(table)
        options.events.tableLoaded({ table, rowCount: rows.length })
      } catch (fault) {
        if (isUnavailable(fault)) return { status: 'unavailable', reason: reasonOf(fault) }
        refusal = `${table}: ${reasonOf(fault)}`
      }
    }
  } catch (fault) {
    refusal = `cannot be read back: ${reasonOf(fault)}`
  }
  return refusal === undefined ? { status: 'ok' } : { status: 'refused', reason: refusal }
}

const isUnavailable = (fault: unknown) =>
  fault instanceof AppError && fault.code === 'CLICKHOUSE_UNAVAILABLE'

const reasonOf = (fault: unknown) => (fault instanceof Error ? fault.message : String(fault))
