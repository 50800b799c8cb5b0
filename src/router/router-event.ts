import type { StateData } from '../model/desired.ts'

/** What a client tells its owner, for logs and metrics of the router. */
export type RouterEvent =
  /** A newer generation is in force. */
  | { readonly kind: 'applied'; readonly data: StateData }
  /** Same generation, new `max_rps`. */
  | { readonly kind: 'shares'; readonly data: StateData }
  /** A push was not trusted or not valid. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** A push came after its `not_after`; the state is read instead. */
  | { readonly kind: 'expired'; readonly data: StateData }
  | { readonly kind: 'save_failed'; readonly reason: string }
  | { readonly kind: 'stream'; readonly state: 'up' | 'down'; readonly reason?: string }
  /** The controller was not heard for the route's `after_s`. */
  | { readonly kind: 'controller_lost'; readonly route: string; readonly then: 'hold' | 'revert' }
  | { readonly kind: 'controller_back'; readonly route: string }
