import { randomBytes } from 'node:crypto'
import type { Cancel, Clock } from '../lib/clock.ts'
import { OK, type Outcome } from '../lib/outcome.ts'
import type { DecodedBatch, Row } from '../model/batch.ts'
import type { OtlpRequest, TakenRequest } from '../model/otlp.ts'
import type { StoreEvents } from '../telemetry/store-events.ts'
import { encodeFrame, frameBytes } from './log-frames.ts'
import { addRows, type Segment } from './log-segment.ts'
import { createSegmentFile, type SegmentFile } from './segment-file.ts'

// The front half of the write-ahead log. Requests that arrive while a sync runs are written and
// synced together after it, so that the disk sets the size of the groups and nobody waits for a
// timer. A segment is closed after a second, 20,000 rows or 16 MiB: one insert's worth.

export interface LogWriter {
  /** Resolves `ok` when the request is on disk, `retry` when it could not be put there. */
  append(request: OtlpRequest, batch: DecodedBatch): Promise<Outcome>
  /** Closes the open segment, after everything that was appended before. */
  rotate(): Promise<void>
  /** Bytes accepted and not yet handed on in a closed segment. */
  readonly bytes: number
  /** Why the last group could not be written, for 5 s: then it is worth another try. */
  readonly fault: string | undefined
}

export interface LogWriterOptions {
  readonly dir: string
  readonly clock: Clock
  readonly events: Pick<StoreEvents, 'logAppended' | 'logRefused'>
  /** Takes a closed segment that holds at least one request. */
  readonly closed: (segment: Segment) => void
}

const SEGMENT_AGE_MS_MAX = 1_000
const SEGMENT_ROWS_MAX = 20_000
const SEGMENT_BYTES_MAX = 16 << 20
const GROUP_BYTES_MAX = 32 << 20
// A sender that asks before it sends would else never find out that there is room again.
const FAULT_MEMORY_MS = 5_000

interface Pending {
  readonly request: OtlpRequest
  readonly batch: DecodedBatch
  readonly resolve: (outcome: Outcome) => void
}

interface OpenSegment {
  readonly segment: Segment
  readonly taken: TakenRequest[]
  readonly file: SegmentFile
  readonly cancelClose: Cancel
}

export function createLogWriter(options: LogWriterOptions): LogWriter {
  const { dir, clock, events } = options
  const pending: Pending[] = []
  let pendingBytes = 0
  let current: OpenSegment | undefined
  let failing: { readonly reason: string; readonly untilMs: number } | undefined
  // One thing at a time: groups and closings follow each other in the order they were asked for.
  let chain: Promise<void> = Promise.resolve()
  const inTurn = (run: () => Promise<void>): Promise<void> => {
    chain = chain.then(run)
    return chain
  }

  const openSegment = async (): Promise<OpenSegment> => {
    const id = `${String(clock.nowMs()).padStart(15, '0')}-${randomBytes(6).toString('hex')}`
    const file = await createSegmentFile({ dir, name: `${id}.log` })
    const taken: TakenRequest[] = []
    const rows = new Map<string, Row[]>()
    const segment = { id, file: file.file, bytes: 0, rowCount: 0, rows, taken }
    const cancelClose = clock.after(SEGMENT_AGE_MS_MAX, () => void inTurn(close))
    return { segment, taken, file, cancelClose }
  }

  const close = async () => {
    if (current === undefined) return
    const { segment, file, cancelClose } = current
    current = undefined
    cancelClose()
    await file.close()
    if (segment.bytes > 0) options.closed(segment)
  }

  const writeGroup = async () => {
    const group = takeGroup(pending)
    if (group.length === 0) return
    const bytes = group.reduce((sum, { request }) => sum + frameBytes(request), 0)
    const startMs = clock.monotonicMs()
    try {
      current ??= await openSegment()
      await current.file.append(group.flatMap(({ request, batch }) => encodeFrame(request, batch)))
    } catch (fault) {
      pendingBytes -= bytes
      events.logRefused({ reason: 'failed', detail: String(fault), isFirst: !failing })
      failing = { reason: String(fault), untilMs: clock.monotonicMs() + FAULT_MEMORY_MS }
      for (const { resolve } of group) resolve({ status: 'retry', reason: 'log cannot be written' })
      await close()
      return
    }
    const { segment, taken } = current
    failing = undefined
    pendingBytes -= bytes
    segment.bytes += bytes
    for (const { request, batch, resolve } of group) {
      taken.push(...takenOf(request, batch))
      if (segment.rows) segment.rowCount += addRows(segment.rows, batch)
      resolve(OK)
    }
    const durationMs = clock.monotonicMs() - startMs
    events.logAppended({ bytes, requestCount: group.length, durationMs })
    if (segment.rowCount >= SEGMENT_ROWS_MAX || segment.bytes >= SEGMENT_BYTES_MAX) await close()
  }

  return {
    append(request, batch) {
      pendingBytes += frameBytes(request)
      return new Promise((resolve) => {
        pending.push({ request, batch, resolve })
        void inTurn(writeGroup)
      })
    },
    rotate: () => inTurn(close),
    get fault() {
      return failing && clock.monotonicMs() < failing.untilMs ? failing.reason : undefined
    },
    get bytes() {
      return pendingBytes + (current?.segment.bytes ?? 0)
    },
  }
}

function takenOf(request: OtlpRequest, { itemCount, rejectedCount }: DecodedBatch) {
  const { onceKey, receivedUnixMs } = request
  return onceKey === undefined ? [] : [{ onceKey, receivedUnixMs, itemCount, rejectedCount }]
}

/** The oldest requests, at least one, at most 32 MiB of them. */
function takeGroup(pending: Pending[]): Pending[] {
  let bytes = 0
  let count = 0
  for (const { request } of pending) {
    bytes += frameBytes(request)
    if (count > 0 && bytes > GROUP_BYTES_MAX) break
    count++
  }
  return pending.splice(0, count)
}
