import type { Generation } from './generation.ts'
import type { RouteView } from './route.ts'

export type RouteActionName = 'hold' | 'release' | 'force' | 'failback' | 'maintenance' | 'ack'

/** Body of `POST /api/v1/routes/{route}/actions`, with its `If-Match`. */
export interface RouteAction {
  readonly action: RouteActionName
  readonly target?: string
  readonly reason: string
  /** Required for hold, force and maintenance. */
  readonly ttl_s?: number
  /** Ids of safety rules that the operator overrides by name. */
  readonly override?: readonly string[]
  /** The pair the operator looked at; undefined when the header was not sent. */
  readonly ifMatch?: Generation
  readonly actor: string
}

export type RouteActionResult =
  | { readonly status: 'ok'; readonly view: RouteView }
  | { readonly status: 'not_found' }
  | { readonly status: 'invalid'; readonly detail: string }
  | {
      readonly status: 'precondition_required' | 'precondition_failed'
      readonly current: Generation
    }
  | { readonly status: 'refused'; readonly rules: readonly string[]; readonly detail: string }
