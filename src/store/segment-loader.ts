import type { Clock } from '../lib/clock.ts'
import type { TakenRequest } from '../model/otlp.ts'
import type { StoreEvents } from '../telemetry/store-events.ts'
import { type Attempt, createSegmentLoad, type LoadSegmentOptions } from './load-segment.ts'
import { bornUnixMs, removeSegment, type Segment } from './log-segment.ts'
import { readSegment } from './read-segment.ts'

// The back half of the write-ahead log: closed segments go into ClickHouse one after the other, and
// their files go away only when every table has confirmed. A database that does not answer is waited
// for, for ever and in order; what it refuses for good is set aside and never blocks the rest.

export interface SegmentLoader {
  /** Takes a segment, behind those that wait. */
  add(segment: Segment): void
  /** Starts loading; without it segments only wait. */
  start(): void
  /** Resolves when every segment that was added before is loaded or set aside. */
  drain(): Promise<void>
  /** Starts nothing more; a load that runs is not waited for. */
  stop(): void
  readonly bytes: number
  readonly segmentCount: number
  /** When the oldest segment that waits was opened. */
  readonly oldestUnixMs: number | undefined
  /** Since when, by the wall clock, and why nothing could be loaded; undefined when all is well. */
  readonly stuck: { readonly sinceUnixMs: number; readonly reason: string } | undefined
}

export interface SegmentLoaderOptions extends Omit<LoadSegmentOptions, 'badTables' | 'events'> {
  readonly clock: Clock
  readonly events: Pick<StoreEvents, 'segmentLoaded' | 'segmentFailed' | 'tableLoaded' | 'tornTail'>
  /** Puts on disk what must outlive a segment. Called before it is removed. */
  readonly remember: (taken: readonly TakenRequest[]) => Promise<void>
  /** Called after each change of the backlog. */
  readonly changed: () => void
}

const RETRY_MS_FIRST = 250
const RETRY_MS_MAX = 5_000

interface Waiting {
  readonly segment: Segment
  readonly done: Promise<void>
  readonly finish: () => void
}

export function createSegmentLoader(options: SegmentLoaderOptions): SegmentLoader {
  const { clock, events } = options
  const queue: Waiting[] = []
  let bytes = 0
  let stopped: AbortController | undefined
  let hurry = new AbortController()
  let isRunning = false
  let stuck: SegmentLoader['stuck']
  const attempts = createAttempts(options)

  /** Tries until the segment is loaded, set aside, or the loader stopped; true when it is gone. */
  const loadOne = async (segment: Segment, signal: AbortSignal): Promise<boolean> => {
    const attempt = attempts(segment)
    let delayMs = RETRY_MS_FIRST
    for (; !signal.aborted; delayMs = Math.min(delayMs * 2, RETRY_MS_MAX)) {
      const startMs = clock.monotonicMs()
      const outcome = await attempt()
      if (outcome.status === 'ok') {
        stuck = undefined
        events.segmentLoaded({ segment: segment.id, durationMs: clock.monotonicMs() - startMs })
        return true
      }
      stuck ??= { sinceUnixMs: clock.nowMs(), reason: outcome.reason }
      events.segmentFailed({ segment: segment.id, reason: outcome.reason, nextTryMs: delayMs })
      await clock.sleep(delayMs, AbortSignal.any([signal, hurry.signal])).catch(() => {})
    }
    return false
  }

  const run = async (signal: AbortSignal) => {
    isRunning = true
    for (let next = queue[0]; next && !signal.aborted; next = queue[0]) {
      if (!(await loadOne(next.segment, signal))) break
      queue.shift()
      bytes -= next.segment.bytes
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
      queue.push(createWaiting(segment))
      bytes += segment.bytes
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
      return bytes
    },
    get segmentCount() {
      return queue.length
    },
    get oldestUnixMs() {
      return queue[0] && bornUnixMs(queue[0].segment)
    },
    get stuck() {
      return stuck
    },
  }
}

function createWaiting(segment: Segment): Waiting {
  let finish = () => {}
  const done = new Promise<void>((resolve) => {
    finish = resolve
  })
  return { segment, done, finish }
}

/** Tries of one segment after the other: read what counts, load it, remember its requests, remove it. */
function createAttempts(options: SegmentLoaderOptions) {
  const { dir, events } = options
  const badTables = new Set<string>()

  const begin = async (segment: Segment) => {
    const content = await readSegment(dir, segment)
    if (content.tornBytes > 0) events.tornTail({ segment: segment.id, bytes: content.tornBytes })
    const load = createSegmentLoad({ segment, content, options: { ...options, badTables } })
    return { content, load }
  }
  return (segment: Segment): (() => Promise<Attempt>) => {
    let begun: Awaited<ReturnType<typeof begin>> | undefined
    return async () => {
      try {
        begun ??= await begin(segment)
        const outcome = await begun.load.attempt()
        if (outcome.status !== 'ok') return outcome
        await options.remember(begun.content.taken)
        await removeSegment(dir, segment)
        return outcome
      } catch (fault) {
        return { status: 'unavailable', reason: `segment ${segment.id}: ${String(fault)}` }
      }
    }
  }
}
