import type { OnCall } from '../config/oncall.ts'
import type { Clock } from '../lib/clock.ts'
import type { Send } from '../lib/outcome.ts'
import type { PageEvents } from '../telemetry/page-events.ts'
import { deadlined } from './deadlined.ts'
import { post } from './http-post.ts'

const DEADLINE_MS = 5_000

export interface DeadManState {
  readonly every_ms: number
  readonly last_ok_at: string | null
  readonly last_error: string | null
}

/**
 * Tells an outside watcher that paging is alive. Driven by the pager's own sweep and sent by the same
 * code as pages, so that a wedged pager falls silent, and the watcher rings.
 */
export interface DeadMan {
  /** Pings when it is time and no ping is on its way. */
  tick(): void
  state(): DeadManState
}

export interface DeadManOptions {
  readonly config: NonNullable<OnCall['deadMan']>
  readonly clock: Clock
  readonly events: PageEvents
  readonly signal: AbortSignal
}

export function createDeadMan({ config, clock, events, signal }: DeadManOptions): DeadMan {
  const { url, everyMs } = config
  let nextMs = clock.nowMs()
  let isOnItsWay = false
  let lastOkMs: number | undefined
  let lastError: string | null = null
  const ping: Send<string> = deadlined(
    (body, inner) => post({ url: url.reveal(), body, signal: inner, secrets: [url] }),
    { clock, deadlineMs: DEADLINE_MS },
  )
  const run = async () => {
    const timestamp = new Date(clock.nowMs()).toISOString()
    const outcome = await ping(JSON.stringify({ type: 'signalbox.alive', timestamp }), signal)
    lastError = outcome.status === 'ok' ? null : outcome.reason
    if (outcome.status === 'ok') lastOkMs = clock.nowMs()
    events.deadManPinged({ outcome, atUnixMs: clock.nowMs() })
  }
  return {
    tick() {
      if (isOnItsWay || clock.nowMs() < nextMs) return
      isOnItsWay = true
      nextMs = clock.nowMs() + everyMs
      run()
        .catch((fault) => events.sendFailed({ fault }))
        .finally(() => {
          isOnItsWay = false
        })
    },
    state: () => ({
      every_ms: everyMs,
      last_ok_at: lastOkMs === undefined ? null : new Date(lastOkMs).toISOString(),
      last_error: lastError,
    }),
  }
}
