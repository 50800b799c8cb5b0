import type { Clock } from '../lib/clock.ts'
import type { StateData } from '../model/desired.ts'
import type { ControllerCalls } from './controller-calls.ts'
import { isRecord, parseJson, parseStateData, parseStateDocument } from './document.ts'
import { readEvents } from './event-stream.ts'
import type { RouterEvent } from './router-event.ts'
import type { StateReader } from './state-reader.ts'

// Two pull channels beside the push: the stream for speed, the poll for certainty (a proxy that
// buffers, a half-open connection). While the stream is down the poll waits at the controller.

const SILENT_MS = 6_000
const BACKOFF_MS_FIRST = 250
const BACKOFF_MS_MAX = 5_000
const POLL_MS = 5_000
const LONG_POLL_MS = 25_000

export interface FollowOptions {
  readonly calls: Pick<ControllerCalls, 'openStream'>
  readonly reader: StateReader
  readonly clock: Clock
  random(): number
  offer(data: StateData): void
  heard(): void
  /** Highest version in force. */
  version(): number
  emit(event: RouterEvent): void
}

/** Follows stream and poll until the signal aborts. */
export function follow(options: FollowOptions, signal: AbortSignal): void {
  const link = { isStreaming: false }
  void keepStreaming(options, link, signal)
  void keepPolling(options, link, signal)
}

interface Link {
  isStreaming: boolean
}

async function keepStreaming(options: FollowOptions, link: Link, signal: AbortSignal) {
  let delayMs = BACKOFF_MS_FIRST
  while (!signal.aborted) {
    const wasOpen = await streamOnce(options, link, signal)
    delayMs = wasOpen ? BACKOFF_MS_FIRST : Math.min(delayMs * 2, BACKOFF_MS_MAX)
    await pause(options, delayMs * (0.5 + options.random() / 2), signal)
  }
}

async function keepPolling(options: FollowOptions, link: Link, signal: AbortSignal) {
  const { reader } = options
  let delayMs = BACKOFF_MS_FIRST
  while (!signal.aborted) {
    if (link.isStreaming) {
      await pause(options, POLL_MS, signal)
      await reader.read({ signal, ...(reader.etag !== undefined && { etag: reader.etag }) })
      continue
    }
    const isHeard = await reader.read({ waitMs: LONG_POLL_MS, since: reader.version, signal })
    delayMs = isHeard ? BACKOFF_MS_FIRST : Math.min(delayMs * 2, BACKOFF_MS_MAX)
    await pause(options, delayMs * (0.5 + options.random() / 2), signal)
  }
}

/** Returns when the stream ended; false when it could not be opened at all. */
async function streamOnce(
  options: FollowOptions,
  link: Link,
  signal: AbortSignal,
): Promise<boolean> {
  const { calls, clock, emit } = options
  const silence = new AbortController()
  const either = AbortSignal.any([signal, silence.signal])
  const stream = await calls.openStream({ lastEventId: options.version(), signal: either })
  if (!stream) return false
  link.isStreaming = true
  emit({ kind: 'stream', state: 'up' })
  const watch = () => clock.after(SILENT_MS, () => silence.abort())
  let cancel = watch()
  try {
    for await (const { event, data } of readEvents(stream)) {
      cancel()
      cancel = watch()
      take(options, event, parseJson(data))
    }
  } catch {
    // A broken stream is opened again; what was missed is in its snapshot.
  } finally {
    cancel()
    link.isStreaming = false
  }
  const reason = silence.signal.aborted ? 'no heartbeat for 6 s' : 'it ended'
  if (!signal.aborted) emit({ kind: 'stream', state: 'down', reason })
  return true
}

function take(options: FollowOptions, event: string, data: unknown): void {
  options.heard()
  if (event === 'snapshot') {
    const state = parseStateDocument(data)
    if (state) options.reader.take(state)
  } else if (event === 'state') {
    const state = parseStateData(data)
    if (state) options.offer(state)
  } else if (event === 'heartbeat' && isRecord(data)) {
    options.reader.hint(data)
  }
}

function pause({ clock }: FollowOptions, delayMs: number, signal: AbortSignal): Promise<void> {
  return clock.sleep(delayMs, signal).catch(() => {})
}
