import type { ByteRoom } from '../lib/byte-room.ts'

// What a back-test asks of storage.

/** Moments of `lib/sequence.ts`; `to` is the first that is not part of it. */
export interface Slice {
  readonly from: bigint
  readonly to: bigint
  /** What `seen` in the answers counts from (ns): so that it fits a number. */
  readonly base: bigint
  /** Bits of the units that came within it; absent: any. */
  readonly units?: number
  /** Where its rows go; absent: wherever there is memory. */
  readonly room?: ByteRoom
}

/** A condition that SQL can tell cheaply: any of these values. */
export interface ColumnIs {
  readonly column: string
  readonly values: readonly string[]
}

export interface ServedQuery {
  readonly table: 'signalbox_attempts' | 'signalbox_requests'
  readonly columns: readonly string[]
  /**
   * Each row is taken for one sample of weight 1 that is named by its span, as nearly all are; where
   * `odd` is 1 that is wrong, and the rows are to be read again without this.
   */
  readonly isPlain?: boolean
  /** Of one of these lists all must hold; absent: everything is taken. */
  readonly anyOf?: readonly (readonly ColumnIs[])[]
  /** What to take from the span of each row; absent: nothing is needed. */
  readonly span?: Pick<ItemQuery, 'attributes' | 'columns'>
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
  /** Of spans, columns that few rules look into: `TraceId`, `StatusMessage`, `LastEvent`. */
  readonly columns: readonly string[]
}

export interface PointQuery extends ItemQuery {
  /** Absent: all. */
  readonly metrics?: readonly string[]
}
