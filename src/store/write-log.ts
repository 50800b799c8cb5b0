import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Outcome } from '../lib/outcome.ts'
import type { Part } from '../lib/part.ts'
import type { Block } from '../model/block.ts'
import type { TakenRequest } from '../model/otlp.ts'
import type { StoreEvents } from '../telemetry/store-events.ts'
import { createDiskRoom } from './disk-room.ts'
import { createLogRefusals, type Refusal } from './log-refusals.ts'
import { findSegments, type Segment } from './log-segment.ts'
import { createLogWriter, type LogEntry, type LogWriter } from './log-writer.ts'
import type { Load } from './native-load.ts'
import { readTaken } from './read-segment.ts'
import { createRefusedBlocks, type RefusedBlocks } from './refused-blocks.ts'
import { createSegmentLoader, type SegmentLoader } from './segment-loader.ts'
import { createTakenFiles } from './taken-files.ts'

// The write-ahead log: what has been answered is on disk as ClickHouse reads it, and reaches
// ClickHouse exactly once, also over a crash between load and delete, because the segment's id is
// the load's deduplication token.

export interface WriteLog extends Part {
  /**
   * Called in the same stretch in which the entry's rows went into the open block. `ok` once they
   * are on disk; `retry` when the log is full, failed or stopped. Never rejects.
   */
  append(entry: LogEntry): Promise<Outcome>
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
  /** Of all segments that wait; as much again may be kept of refused blocks. */
  readonly bytesMax: number
  /** All rows appended since it was called last. Called when a group is taken to the disk. */
  readonly seal: () => readonly Block[]
  readonly load: Load
  /** As the writer has it. */
  readonly groupEveryMs?: number
}

const STOP_MS_MAX = 3_000
const LAG_EVERY_MS = 1_000
const LAG_SAID_MS = 30_000
/** Rows in memory that wait for the disk; beyond it a slow disk would cost the process its life. */
const PENDING_BYTES_MAX = 256 << 20

export function createWriteLog(options: WriteLogOptions): WriteLog {
  const { clock, events } = options
  // ClickHouse does not know where we stand.
  const dir = resolve(options.dir)
  let isAccepting = false
  const disk = createDiskRoom({ dir, clock })
  const refusals = createLogRefusals({ clock, events })
  let refused: RefusedBlocks | undefined
  const cancels: Cancel[] = []
  let remembered: TakenRequest[] = []
  const takenFiles = createTakenFiles({ dir: join(dir, 'taken'), clock, events })
  const loader = createSegmentLoader({
    ...{ dir, clock, events, load: options.load, remember: takenFiles.keep },
    setAside: async (part) => await refused?.add(part),
    changed: () => sayBacklog(),
  })
  const writer = createLogWriter({ ...options, dir, closed: loader.add })
  const bytes = () => writer.bytes + loader.bytes
  const lagMs = () => Math.max(0, clock.nowMs() - (loader.oldestUnixMs ?? Number.POSITIVE_INFINITY))
  const sayBacklog = () =>
    events.backlogChanged({ bytes: bytes(), segmentCount: loader.segmentCount, lagMs: lagMs() })

  const whyNot = ({ byteCount }: LogEntry): Refusal | undefined => {
    if (!isAccepting) return 'stopped'
    if (bytes() + byteCount > options.bytesMax) return 'full'
    if (disk.isShort) return 'disk'
    return writer.pendingBytes > PENDING_BYTES_MAX ? 'behind' : undefined
  }

  return {
    name: 'write-log',
    async start() {
      mkdirSync(dir, { recursive: true })
      refused = createRefusedBlocks({ ...options, dir: join(dir, 'refused') })
      const left = await findSegments(dir)
      remembered = [...(await takenFiles.read()), ...(await takenOf(left, { ...options, dir }))]
      if (left.length > 0) cancels.push(replay({ left, loader, options }))
      cancels.push(clock.every(LAG_EVERY_MS, sayBacklog), await disk.watch())
      loader.start()
      isAccepting = true
    },
    async stop() {
      isAccepting = false
      await writer.rotate()
      await drainFor(STOP_MS_MAX, loader, clock)
      for (const cancel of cancels.splice(0)) cancel()
      loader.stop()
    },
    // Not `async`, nothing awaited before the writer has it: its rows must not be sealed without it.
    append(entry) {
      const why = whyNot(entry)
      if (why !== undefined) return Promise.resolve(refusals.refuse(entry, why))
      refusals.end()
      return writer.append(entry)
    },
    get backlog() {
      return { bytes: bytes(), segmentCount: loader.segmentCount }
    },
    async flush() {
      await writer.rotate()
      await loader.drain()
    },
    takeOver: () => remembered.splice(0),
    refusing: () => [...refusals.lately(), ...sayFault(writer)],
    degraded: () => [
      ...(loader.stuck ? [sayStuck({ ...loader.stuck, bytes: bytes(), ...options })] : []),
      ...(!loader.stuck && lagMs() > LAG_SAID_MS ? [sayLag(lagMs())] : []),
      ...sayRefused(refused),
    ],
  }
}

async function drainFor(delayMs: number, loader: SegmentLoader, clock: Clock): Promise<void> {
  const patience = new AbortController()
  const timeout = clock.sleep(delayMs, patience.signal).catch(() => {})
  await Promise.race([loader.drain(), timeout])
  patience.abort()
}

const sayFault = ({ fault }: LogWriter) =>
  fault === undefined ? [] : [`the write-ahead log cannot be written: ${fault}`]

function sayRefused(refused: RefusedBlocks | undefined): string[] {
  if (!refused?.count) return []
  const last = refused.reason === undefined ? '' : `, the last one ${refused.reason}`
  return [`ClickHouse refused ${refused.count} parts of the log, see ${refused.dir}${last}`]
}

const sayLag = (lagMs: number) =>
  `what arrives can be queried only after ${Math.round(lagMs / 1_000)} s: loading is behind`

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

async function takenOf(
  left: readonly Segment[],
  { dir, clock, events }: Pick<WriteLogOptions, 'dir' | 'clock' | 'events'>,
): Promise<TakenRequest[]> {
  const all: TakenRequest[] = []
  for (const segment of left) {
    const { taken, tornBytes } = await readTaken(dir, segment, clock.nowMs())
    if (tornBytes > 0) events.tornTail({ segment: segment.id, bytes: tornBytes })
    for (const one of taken) all.push(one)
  }
  return all
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
