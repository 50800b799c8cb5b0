import { type Heard, readArrivals } from '../decode/recorded-arrivals.ts'
import {
  readLogs,
  readPoints,
  readSpans,
  readSpansOf,
  type SpanIndex,
} from '../decode/recorded-items.ts'
import type { ItemOptions, Senders } from '../decode/recorded-resource.ts'
import { readServed } from '../decode/recorded-served.ts'
import type { ReadSentRow } from '../decode/recorded-traits.ts'
import type { NativeRows } from '../lib/native-reader.ts'
import type { Observation, Source } from '../model/observation.ts'
import { type Moments, sortBySeen } from './moments.ts'

/** Rows of one kind on their way into frames, in the order in which they were seen. */
export interface Cursor {
  /** Where the next row stands; Infinity after the last. */
  readonly seen: number
  /** Makes all that stands at `seen`, and goes on. */
  take(into: Observation[], senders: Senders): void
}

/** Where attempts and requests find what has no column: in their own row, or among few spans. */
export type SpanItems =
  | { readonly kind: 'joined' }
  | { readonly kind: 'rare'; readonly rare: SpanIndex | undefined }

export function cursorOfServed(
  unit: 'attempt' | 'request',
  blocks: readonly NativeRows[],
  { items, options }: { readonly items: SpanItems; readonly options: ItemOptions },
): Cursor {
  const { memory } = options
  return new RowCursor(blocks, (rows) => {
    const more = items.kind === 'joined' ? readSpansOf(rows, options) : items.rare?.(rows)
    return readServed(unit, rows, { memory, items: more })
  })
}

export const cursorOfSpans = (blocks: readonly NativeRows[], options: ItemOptions): Cursor =>
  new RowCursor(blocks, (rows) => readSpans(rows, options))

export const cursorOfLogs = (blocks: readonly NativeRows[], options: ItemOptions): Cursor =>
  new RowCursor(blocks, (rows) => readLogs(rows, options))

export const cursorOfPoints = (
  blocks: readonly NativeRows[],
  options: ItemOptions & { readonly hasTotal: boolean },
): Cursor => new RowCursor(blocks, (rows) => readPoints(rows, options))

/** Who was heard, request by request. */
export interface ArrivalCursor {
  readonly seen: number
  /** Of the request at `seen`: its senders, and that they were heard. */
  take(into: Observation[]): Senders
}

export function cursorOfArrivals(
  blocks: readonly NativeRows[],
  options: ItemOptions,
): ArrivalCursor {
  const heard = blocks.flatMap((rows) => readArrivals(rows, options))
  let at = 0
  return {
    get seen() {
      return heard[at]?.seen ?? Number.POSITIVE_INFINITY
    },
    take(into) {
      const senders = new Map<string, Source>()
      const { seen } = this
      for (let one: Heard | undefined = heard[at]; one?.seen === seen; one = heard[++at]) {
        senders.set(one.source.id, one.source)
        for (const observation of one.observations) into.push(observation)
      }
      return senders
    },
  }
}

/** A class, since there are millions of rows. */
class RowCursor implements Cursor {
  seen = Number.POSITIVE_INFINITY
  readonly #moments: Moments
  readonly #reads: readonly ReadSentRow[]
  #moment = 0

  constructor(blocks: readonly NativeRows[], createRead: (rows: NativeRows) => ReadSentRow) {
    const full = blocks.filter(({ rowCount }) => rowCount > 0)
    this.#moments = sortBySeen(
      full.map((rows) => ({ seen: rows.numbers('seen'), rowCount: rows.rowCount })),
    )
    this.#reads = full.map(createRead)
    this.#stand()
  }

  take(into: Observation[], senders: Senders): void {
    const { ends, blocks, rows } = this.#moments
    const from = this.#moment === 0 ? 0 : (ends[this.#moment - 1] as number)
    const to = ends[this.#moment] as number
    let block = -1
    let read: ReadSentRow | undefined
    for (let at = from; at < to; at++) {
      if (blocks[at] !== block) {
        block = blocks[at] as number
        read = this.#reads[block]
      }
      if (read) into.push(read(rows[at] as number, senders))
    }
    this.#moment++
    this.#stand()
  }

  #stand(): void {
    this.seen = this.#moments.seen[this.#moment] ?? Number.POSITIVE_INFINITY
  }
}
