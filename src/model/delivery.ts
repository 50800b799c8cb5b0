import type { Generation } from './generation.ts'

export type SubscriptionEvent = 'failover.state.v1' | 'failover.heartbeat.v1'

/** JSON of a subscription; `secret` only in the answer that creates or rotates it. */
export interface SubscriptionView {
  readonly id: string
  readonly url: string
  readonly routes: readonly string[]
  readonly events: readonly SubscriptionEvent[]
  readonly router: string
  readonly resolve: 'one' | 'each'
  /** `file`: kept in `subscribers.yaml`, not editable by API. */
  readonly origin: 'file' | 'api'
  readonly created_at: string
  readonly disabled_at?: string
  readonly secret?: string
}

/** JSON of a delivery: one version of one route to one subscription, with all its attempts. */
export interface DeliveryView {
  /** = `webhook-id`. */
  readonly id: string
  readonly subscription: string
  readonly router: string
  readonly route: string
  readonly epoch: number
  readonly generation: number
  readonly version: number
  readonly state: 'pending' | 'answered' | 'observed' | 'superseded' | 'dead'
  readonly attempts: readonly DeliveryAttempt[]
}

export interface DeliveryAttempt {
  readonly at: string
  readonly duration_ms: number
  readonly status?: number
  readonly error?: string
  /** At most 4 kB. */
  readonly response?: string
}

/** A router's 2xx answer to a push: the first witness. */
export interface Answered {
  readonly subscription: string
  readonly router: string
  readonly route: string
  readonly observed: Generation
  readonly atUnixMs: number
  /** When the answered attempt was sent (Signalbox's clock). */
  readonly sentUnixMs: number
  /** Router's clock minus ours, estimated at half the round trip; null when it sent none. */
  readonly clockOffsetMs: number | null
}
