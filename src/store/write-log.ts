import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Outcome } from '../lib/outcome.ts'
import type { Part } from '../lib/part.ts'
import type { DecodedBatch, DecodeResult } from '../model/batch.ts'
import type { OtlpRequest, TakenRequest } from '../model/otlp.ts'
import type { StoreEvents } from '../telemetry/store-events.ts'
import type { Insert } from './clickhouse.ts'
import { frameBytes } from './log-frames.ts'
import { readSegment, readTaken, type Segment } from './log-segment.ts'
import { createLogWriter, type LogWriter } from './log-writer.ts'
import { createRefusedSegments, type RefusedSegments } from './refused-segments.ts'
import { createSegmentLoader, type SegmentLoader } from './segment-loader.ts'
import { createTakenFiles } from './taken-files.ts'

// The write-ahead log: what has been answered is on disk, and reaches ClickHouse exactly once, also
// over a crash between load and delete, because the segment's id is the insert's deduplication
// token. The thin form: request bodies as they came, decoded a second time only after a crash.

export interface WriteLog extends Part {
  /** `ok` once on disk; `retry` when the log is full, failed or stopped. Never rejects. */
  append(request: OtlpRequest, batch: DecodedBatch): Promise<Outcome>
  readonly backlog: { readonly bytes: number; readonly segmentCount: number }
  /** Closes the open segment and resolves when everything is loaded (or set aside). */
  flush(): Promise<void>
  /** What earlier runs took and is to be answered again, once started. Hands it over: then empty. */
  takeOver(): readonly TakenRequest[]
  /** Why a request would be refused now; empty when it would not. */
  refusing(): readonly string[]
  /** What a person should know: the database refuses or does not answer. Empty when all is well. */
  degraded(): readonly string[]
}

export interface WriteLogOptions {
  readonly dir: string
  readonly clock: Clock
  readonly events: StoreEvents
  /** Of all segments that wait; as much again may be kept of refused ones. */
  readonly bytesMax: number
  readonly decode: (request: OtlpRequest) => DecodeResult
  readonly insert: Insert
}

const STOP_MS_MAX = 3_000
const FULL_RETRY_MS = 2_000

export function createWriteLog(options: WriteLogOptions): WriteLog {
  const { dir, clock, events } = options
  let isAccepting = false
  let isRefusing = false
  let refused: RefusedSegments | undefined
  let endReplay: Cancel = () => {}
  let remembered: TakenRequest[] = []
  const takenFiles = createTakenFiles({ dir: join(dir, 'taken'), clock, events })
  const loader = createSegmentLoader({
    clock,
    events,
    insert: options.insert,
    read: (segment) => readSegment(segment, options),
    remember: ({ taken }) => takenFiles.keep(taken),
    setAside: async (segment, reason) => refused?.add(segment, reason),
    changed: () => events.backlogChanged({ bytes: bytes(), segmentCount: loader.segmentCount }),
  })
  const writer = createLogWriter({ dir, clock, events, closed: (segment) => loader.add(segment) })
  const bytes = () => writer.bytes + loader.bytes

  const refuse = (reason: 'full' | 'stopped', detail: string): Outcome => {
    events.logRefused({ reason, detail, isFirst: !isRefusing })
    isRefusing = true
    return { status: 'retry', reason: detail, afterMs: FULL_RETRY_MS }
  }

  return {
    name: 'write-log',
    async start() {
      mkdirSync(dir, { recursive: true })
      refused = createRefusedSegments({ ...options, dir: join(dir, 'refused') })
      const left = findSegments(dir)
      for (const segment of left) segment.taken = await readTaken(segment, clock.nowMs())
      remembered = [...(await takenFiles.read()), ...left.flatMap(({ taken }) => taken)]
      if (left.length > 0) endReplay = replay({ left, loader, options })
      loader.start()
      isAccepting = true
    },
    async stop() {
      isAccepting = false
      await writer.rotate()
      const patience = new AbortController()
      await Promise.race([
        loader.drain(),
        clock.sleep(STOP_MS_MAX, patience.signal).catch(() => {}),
      ])
      patience.abort()
      endReplay()
      loader.stop()
    },
    async append(request, batch) {
      if (!isAccepting) return refuse('stopped', 'the write-ahead log is stopped')
      if (bytes() + frameBytes(request) > options.bytesMax) {
        return refuse('full', `the write-ahead log is full (${bytes()} bytes wait for ClickHouse)`)
      }
      isRefusing = false
      return await writer.append(request, batch)
    },
    get backlog() {
      return { bytes: bytes(), segmentCount: loader.segmentCount }
    },
    async flush() {
      await writer.rotate()
      await loader.drain()
    },
    takeOver: () => remembered.splice(0),
    refusing: () => sayRefusing(writer, bytes() >= options.bytesMax),
    degraded: () => [
      ...(loader.stuck ? [sayStuck({ ...loader.stuck, bytes: bytes(), ...options })] : []),
      ...sayRefused(refused),
    ],
  }
}

function sayRefusing({ fault }: LogWriter, isFull: boolean): string[] {
  const full = isFull ? ['the write-ahead log is full'] : []
  return fault === undefined ? full : [...full, `the write-ahead log cannot be written: ${fault}`]
}

function sayRefused(refused: RefusedSegments | undefined): string[] {
  if (!refused?.count) return []
  return [`ClickHouse refused ${refused.count} segments, see ${refused.dir}`]
}

function sayStuck(stuck: {
  readonly sinceUnixMs: number
  readonly reason: string
  readonly bytes: number
  readonly bytesMax: number
}): string {
  const since = new Date(stuck.sinceUnixMs).toISOString()
  const share = `${stuck.bytes} of ${stuck.bytesMax} bytes wait in the log`
  return `ClickHouse has taken nothing since ${since}: ${stuck.reason}; ${share}`
}

/** What an earlier run left, oldest first. Rows are read back when their turn comes. */
function findSegments(dir: string): Segment[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .map((name) => {
      const file = join(dir, name)
      const id = basename(name, '.log')
      return { id, file, bytes: statSync(file).size, rowCount: 0, rows: undefined, taken: [] }
    })
}

interface Replay {
  readonly left: readonly Segment[]
  readonly loader: SegmentLoader
  readonly options: WriteLogOptions
}

const PROGRESS_EVERY_MS = 2_000

/** Queues what was left, and says how far it is, every two seconds and at its end. */
function replay({ left, loader, options }: Replay): Cancel {
  const { events } = options
  const segmentCount = left.length
  events.replayStarted({ segmentCount, bytes: left.reduce((sum, one) => sum + one.bytes, 0) })
  for (const segment of left) loader.add(segment)
  const progress = (doneCount: number) => events.replayProgressed({ doneCount, segmentCount })
  // New segments queue behind the old ones, so that this can only say too little.
  const cancel = options.clock.every(PROGRESS_EVERY_MS, () =>
    progress(Math.max(0, segmentCount - loader.segmentCount)),
  )
  void loader.drain().then(() => {
    cancel()
    progress(segmentCount)
  })
  return cancel
}
