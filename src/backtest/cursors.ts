import { type Heard, readArrivals } from '../decode/recorded-arrivals.ts'
import {
  type ReadSentRow,
  readLogs,
  readPoints,
  readSpans,
  readSpansOf,
  type SpanIndex,
} from '../decode/recorded-items.ts'
import type { Senders } from '../decode/recorded-resource.ts'
import { type ReadRow, readServed } from '../decode/recorded-served.ts'
import type { ResourceOptions } from '../decode/resource.ts'
import type { NativeRows, NumberColumn } from '../lib/native-reader.ts'
import type { Observation, Source } from '../model/observation.ts'

/** Rows of one kind on their way into frames, in the order in which they were seen. */
export interface Cursor {
  /** Where the next row stands; Infinity after the last. */
  readonly seen: number
  /** Makes all that stands at `seen`, and goes on. */
  take(into: Observation[], senders: Senders): void
}

/** Where attempts and requests find what has no column: in their own row, or among few spans. */
export type SpanItems =
  | { readonly kind: 'joined'; readonly resources: ResourceOptions }
  | { readonly kind: 'rare'; readonly rare: SpanIndex }

export function cursorOfServed(
  unit: 'attempt' | 'request',
  blocks: readonly NativeRows[],
  items: SpanItems,
): Cursor {
  return createCursor(blocks, (rows) => {
    const readItem = items.kind === 'joined' ? readSpansOf(rows, items.resources) : items.rare(rows)
    const read = readServed(unit, rows, readItem)
    const routers = rows.texts('Router')
    return bySender(read, (row) => routers.at(row))
  })
}

/** An attempt or request is its router's, also where that was not heard as one. */
function bySender(read: ReadRow, routerOf: (row: number) => string): ReadSentRow {
  const unheard = new Map<string, Source>()
  return (row, senders) => {
    const id = routerOf(row)
    const source = senders.get(id) ?? unheard.get(id) ?? { id, component: 'router' }
    if (!senders.has(id)) unheard.set(id, source)
    return read(row, source)
  }
}

export const cursorOfSpans = (blocks: readonly NativeRows[], options: ResourceOptions) =>
  createCursor(blocks, (rows) => readSpans(rows, options))

export const cursorOfLogs = (blocks: readonly NativeRows[], options: ResourceOptions) =>
  createCursor(blocks, (rows) => readLogs(rows, options))

export const cursorOfPoints = (
  blocks: readonly NativeRows[],
  options: ResourceOptions & { readonly hasTotal: boolean },
) => createCursor(blocks, (rows) => readPoints(rows, options))

/** Who was heard, request by request. */
export interface ArrivalCursor {
  readonly seen: number
  /** Of the request at `seen`: its senders, and that they were heard. */
  take(into: Observation[]): Senders
}

export function cursorOfArrivals(
  blocks: readonly NativeRows[],
  { meanings }: ResourceOptions,
): ArrivalCursor {
  const heard = blocks.flatMap((rows) => readArrivals(rows, meanings))
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

function createCursor(
  blocks: readonly NativeRows[],
  createRead: (rows: NativeRows) => ReadSentRow,
): Cursor {
  const full = blocks.filter(({ rowCount }) => rowCount > 0)
  let index = -1
  let rowCount = 0
  let row = 0
  let column: NumberColumn | undefined
  let read: ReadSentRow | undefined
  let seen = Number.NEGATIVE_INFINITY
  const advance = () => {
    while (row >= rowCount) {
      const next = full[++index]
      if (next === undefined) {
        seen = Number.POSITIVE_INFINITY
        return
      }
      rowCount = next.rowCount
      row = 0
      column = next.numbers('seen')
      read = createRead(next)
    }
    seen = column?.at(row) ?? Number.POSITIVE_INFINITY
  }
  advance()
  return {
    get seen() {
      return seen
    },
    take(into, senders) {
      const now = seen
      while (seen === now && read) {
        into.push(read(row, senders))
        row++
        advance()
      }
    },
  }
}
