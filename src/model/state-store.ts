/** A stored document with the revision that compare-and-set goes by (first is 1). */
export interface Stored<T> {
  readonly value: T
  readonly revision: number
}

/** One write of a transaction; `expect` 0 means "must not exist", absent means "whatever is there". */
export interface StateChange {
  readonly key: string
  /** Undefined deletes. Must survive JSON. */
  readonly value: unknown
  readonly expect?: number
}

/**
 * Small documents that must survive `kill -9`: desired state, incidents, pages, subscriptions.
 * Synchronous on purpose: a decision is committed before anything is sent.
 * Keys are `area/…`, for example `route/preview`.
 */
export interface StateStore {
  get<T>(key: string): Stored<T> | undefined
  /** Every document whose key starts with `prefix`, by key. */
  list<T>(
    prefix: string,
  ): readonly { readonly key: string; readonly value: T; readonly revision: number }[]
  /** All or nothing, synced to disk; false, and nothing written, when an expectation fails. */
  commit(changes: readonly StateChange[]): boolean
}
