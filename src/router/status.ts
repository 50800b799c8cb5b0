import type { Cancel, Clock } from '../lib/clock.ts'
import type { RouterStatus } from '../model/router-status.ts'
import type { Applied } from './applied.ts'
import type { ControllerCalls } from './controller-calls.ts'
import type { Counters } from './counters.ts'

const PERIOD_MS = 1_000

/** Tells the controller every second what is in force and how attempts fare. */
export interface StatusReports {
  status(): RouterStatus
  start(): void
  stop(): void
}

export interface StatusReportsOptions {
  readonly router: string
  readonly bootId: string
  readonly clock: Clock
  readonly calls: Pick<ControllerCalls, 'putStatus'>
  readonly applied: Pick<Applied, 'pairs'>
  readonly counters: Pick<Counters, 'routes'>
  heard(): void
  hint(seen: { readonly version: number }): void
  /** What else is due every second. */
  eachSecond(): void
}

export function createStatusReports(options: StatusReportsOptions): StatusReports {
  const { clock, calls } = options
  let cancel: Cancel | undefined
  let isSending = false
  const status = (): RouterStatus => ({
    boot_id: options.bootId,
    clock: new Date(clock.nowMs()).toISOString(),
    observed: options.applied.pairs(),
    routes: options.counters.routes(),
  })
  const send = async () => {
    // Counters are totals: a report that is skipped loses nothing.
    if (isSending) return
    isSending = true
    const version = await calls.putStatus(options.router, status())
    isSending = false
    if (version === undefined) return
    options.heard()
    options.hint({ version })
  }
  return {
    status,
    start() {
      if (cancel) return
      void send()
      cancel = clock.every(PERIOD_MS, () => {
        options.eachSecond()
        void send()
      })
    },
    stop() {
      cancel?.()
      cancel = undefined
    },
  }
}
