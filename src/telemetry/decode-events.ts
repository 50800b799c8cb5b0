import type { Telemetry } from './telemetry.ts'

/** What happens to asynchronous requests (`signalbox.request.id`) while they have no end. */
export interface DecodeEvents {
  jobsOpen(count: number): void
  /** Too many are open: this one, the oldest, will not be judged by its deadline. */
  jobDropped(): void
  /** Its deadline passed without an end. */
  jobExpired(): void
}

export function createDecodeEvents({ gauge, counter }: Telemetry): DecodeEvents {
  const open = gauge('signalbox_decode_jobs_open', 'Asynchronous requests that have no end yet')
  const dropped = counter(
    'signalbox_decode_jobs_dropped_total',
    'Asynchronous requests that stay unknown unless their end comes: over 100,000 were open',
  )
  const expired = counter(
    'signalbox_decode_jobs_expired_total',
    'Asynchronous requests whose deadline passed without an end',
  )
  return {
    jobsOpen: (count) => open.set(count),
    jobDropped: () => dropped.inc(),
    jobExpired: () => expired.inc(),
  }
}
