// What a back-test asks of storage.

/** Moments of `lib/sequence.ts`; `to` is the first that is not part of it. */
export interface Slice {
  readonly from: bigint
  readonly to: bigint
  /** What `seen` in the answers counts from (ns): so that it fits a number. */
  readonly base: bigint
  /** Bits of the units that came within it; absent: any. */
  readonly units?: number
}

/** A condition that SQL can tell cheaply: any of these values. */
export interface ColumnIs {
  readonly column: string
  readonly values: readonly string[]
}

export interface ServedQuery {
  readonly table: 'signalbox_attempts' | 'signalbox_requests'
  readonly columns: readonly string[]
  /** Of one of these lists all must hold; absent: everything is taken. */
  readonly anyOf?: readonly (readonly ColumnIs[])[]
  /** Attributes to take from the span of each row; absent: none is needed. */
  readonly attributes?: readonly string[]
  /** Instead: attributes that few spans carry, so that only those are looked up. */
  readonly rare?: readonly string[]
}

export interface ItemQuery {
  /** Attributes to fetch, of the item, its resource and its exception. */
  readonly attributes: readonly string[]
  /** Lists of attributes of which at least one list must be present as a whole; absent: every item. */
  readonly present?: readonly (readonly string[])[]
  /** Of spans: what their events carry does not count. */
  readonly isOwnOnly?: boolean
}

export interface PointQuery extends ItemQuery {
  /** Absent: all. */
  readonly metrics?: readonly string[]
}
