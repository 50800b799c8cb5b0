import type { Generation } from './generation.ts'

// The wire shapes of CONTRACT.md §7, in the wire's own spelling: one document, carried by webhook,
// long-poll, event stream and router client alike.

export type RouteState =
  | 'primary'
  | 'suspect'
  | 'engaging'
  | 'fallback'
  | 'probing'
  | 'ramping'
  | 'blocked'
  | 'latched'

export interface TargetShare {
  readonly target: string
  /** 0..1; the weights of a document sum to 1. */
  readonly weight: number
  readonly label?: string
  readonly params?: Readonly<Record<string, unknown>>
  /** Request classes it takes: field → allowed values. */
  readonly only?: Readonly<Record<string, readonly string[]>>
  /** Only requests that the router will retry elsewhere. */
  readonly retryable_only?: boolean
  /** One router's share of the route's limit, requests per second. */
  readonly max_rps?: number
}

export interface Desired {
  readonly targets: readonly TargetShare[]
  readonly rescue: {
    readonly order: readonly string[]
    /** One router's share; 0 = no rescue. */
    readonly max_rps: number
    readonly attempt_timeout_ms: number
  }
  readonly new_requests_only: boolean
}

export interface Reason {
  readonly rule?: string
  readonly value?: number
  readonly threshold?: number
  readonly count?: number
  readonly window_s?: number
  /** `signalbox`, or the name of the token or person that acted. */
  readonly actor: string
  readonly text?: string
}

/** `data` of the failover webhook, and one route of `GET /api/v1/state`. */
export interface StateData extends Generation {
  readonly version: number
  readonly route: string
  readonly previous_generation: number
  readonly state: RouteState
  readonly desired: Desired
  readonly on_controller_loss: { readonly after_s: number; readonly then: 'hold' | 'revert' }
  readonly reason: Reason
  readonly policy_revision: number
  readonly incident?: string
  readonly decided_at: string
  /** Set per delivery attempt: its time + 60 s. */
  readonly not_after?: string
  readonly dry_run: boolean
  readonly state_url: string
}

export interface StateDocument {
  readonly epoch: number
  readonly version: number
  readonly routes: Readonly<Record<string, StateData>>
}
