/** What a remote system said. Failing is an expected answer there, so it is a value, not a throw. */
export type Outcome =
  | { readonly status: 'ok' }
  | { readonly status: 'retry'; readonly reason: string; readonly afterMs?: number }
  | { readonly status: 'reject'; readonly reason: string }

/** Hands one item to a remote system. Wrappers of a Send are Sends. */
export type Send<T> = (item: T, signal: AbortSignal) => Promise<Outcome>

export const OK: Outcome = { status: 'ok' }
