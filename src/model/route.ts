import type { Role } from './attempt.ts'
import type { Desired, Reason, RouteState, StateData } from './desired.ts'
import type { Generation } from './generation.ts'

export type InhibitorKind = 'hold' | 'paused' | 'frozen' | 'forced' | 'maintenance'

/** Why automation may not act; each with who and until when. */
export interface Inhibitor {
  readonly kind: InhibitorKind
  readonly reason: string
  readonly actor: string
  readonly since: string
  readonly until?: string
}

/** What automation has done about an outage, said first on every page. */
export type Mitigation =
  | 'pending'
  | 'confirmed'
  | 'partial'
  | 'unverified'
  | 'blocked'
  | 'latched'
  | 'none'

/** The three witnesses of a move, RFC 3339; absent until they came. */
export interface Proof {
  readonly answered_at?: string
  readonly observed_at?: string
  readonly verified_at?: string
}

/** JSON of `GET /api/v1/routes/{route}`. */
export interface RouteView extends Generation {
  readonly route: string
  readonly state: RouteState
  readonly since: string
  readonly desired: Desired
  readonly inhibitors: readonly Inhibitor[]
  readonly reason: Reason
  readonly policy_revision: number
  readonly mode: 'off' | 'observe' | 'recommend' | 'auto'
  readonly targets: readonly RouteTarget[]
  readonly routers: readonly RouteRouter[]
  readonly proof: Proof
  readonly mitigation: Mitigation
  readonly incident?: string
}

export interface RouteTarget {
  readonly target: string
  readonly role: Role
  readonly weight: number
  /** Null: unproven, no evidence either way. */
  readonly ready: boolean | null
  readonly requests_per_s: number
  readonly failed_ratio: number | null
}

export interface RouteRouter {
  readonly router: string
  readonly accountable: boolean
  readonly gone: boolean
  readonly observed: Generation | null
  readonly answered_at: string | null
  readonly observed_at: string | null
  readonly last_seen: string | null
}

/**
 * One step of a route, emitted by `decide` after it is committed. `data` is what routers are to be
 * told (absent when nothing changed for them: an inhibitor, a proof, a would-be action).
 */
export interface Transition {
  readonly route: string
  readonly atUnixMs: number
  readonly kind:
    | 'state'
    | 'generation'
    | 'proof'
    | 'inhibitor'
    | 'would_act'
    | 'refused'
    | 'router'
    | 'shares'
  readonly from: RouteState
  readonly to: RouteState
  readonly text: string
  readonly view: RouteView
  /** For the chain: rule true (event time), kind of witness, router, and so on. */
  readonly evidence: Readonly<Record<string, unknown>>
  readonly data?: StateData
  readonly traceparent?: string
}
