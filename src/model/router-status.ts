import type { Generation } from './generation.ts'

/** Body of `PUT /api/v1/routers/{id}/status`: counters since boot, sent every second. */
export interface RouterStatus {
  readonly boot_id: string
  /** The router's wall clock, RFC 3339. */
  readonly clock: string
  readonly observed: Readonly<Record<string, Generation>>
  readonly routes: Readonly<
    Record<string, { readonly targets: Readonly<Record<string, TargetCounters>> }>
  >
}

export interface TargetCounters {
  readonly started: number
  readonly ok: number
  readonly failed: number
  readonly rejected: number
  readonly cancelled: number
  readonly inflight: number
  /** Age of the oldest open attempt, 0 when none is open. */
  readonly oldest_ms: number
}

/** A status with who sent it and when it came. */
export interface ReceivedStatus {
  readonly router: string
  readonly receivedUnixMs: number
  readonly status: RouterStatus
}
