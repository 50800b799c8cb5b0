import { createInterner, type InternerOptions } from '../lib/interner.ts'
import type { NativeTable } from '../lib/native-table.ts'
import type { Block } from '../model/block.ts'
import type { QualityVerdict, StoredAttempt, StoredRequest } from '../model/stored.ts'
import { type Arrivals, createArrivals } from './arrival-table.ts'
import { createShapes, type Shapes } from './attribute-shapes.ts'
import { createEventHashes, type EventHashes } from './event-hashes.ts'
import { createLogTable, type LogTable } from './log-table.ts'
import { createMapWriter } from './map-writer.ts'
import { BY_ROUTED, BY_TRAITS } from './pair-hashes.ts'
import { createPairList, type PairList } from './pairs.ts'
import type { PointKind } from './point-scan.ts'
import { createPointTable, type PointTable } from './point-table.ts'
import type { Privacy } from './privacy.ts'
import { createSeenAt } from './seen-at.ts'
import {
  createAttemptTable,
  createQualityTable,
  createRequestTable,
  type ServedTable,
} from './served-table.ts'
import { createSpanParts } from './span-parts.ts'
import { createSpanTable, type SpanTable } from './span-table.ts'
import { createWatch, type SpanInterest, type Watch } from './watched.ts'

// All tables that telemetry goes into, each with the block that is open, and the lists through which
// attributes get there. They share their memory of attribute names.

export interface Tables {
  readonly spans: SpanTable
  readonly logs: LogTable
  readonly points: Readonly<Record<PointKind, PointTable>>
  readonly attempts: ServedTable<StoredAttempt>
  readonly requests: ServedTable<StoredRequest>
  readonly quality: ServedTable<QualityVerdict>
  readonly arrivals: Arrivals
  /** Of the item that is read. */
  readonly pairs: PairList
  /** Of the events of the span that is read: for rules, and for what routers' spans are. */
  readonly eventHashes: readonly [traits: EventHashes, routed: EventHashes]
  /** For looking at a span once more, and at its events. */
  readonly viewPairs: PairList
  readonly viewEventPairs: PairList
  /** What rules watch for now. */
  watch(interest: SpanInterest): Watch
  /** A request begins, of which detection will have seen all rows then; see `lib/sequence.ts`. */
  mark(seenAtUnixNs: bigint): void
  rollback(): void
  rowsSinceMark(): number
  seal(): readonly Block[]
}

/** Names of attributes, and of spans, services and metrics: bounded apart, so that a sender of many
 * span names does not make the others' attributes unknown. */
const NAMES = { countMax: 16_384, bytesMax: 8 << 20 }

export interface TablesOptions {
  readonly privacy: Privacy
  /** How many names are remembered of attributes, and of spans, services and metrics. */
  readonly names?: { readonly keys: InternerOptions; readonly words: InternerOptions }
}

export function createTables({
  privacy,
  names = { keys: NAMES, words: NAMES },
}: TablesOptions): Tables {
  const keys = createInterner(names.keys)
  const words = createInterner(names.words)
  let interest: SpanInterest = []
  let watch = createWatch(interest)
  const shapes: Shapes[] = []
  const createPairs = () => {
    const own = createShapes({
      interner: keys,
      find: privacy.find,
      bitOf: (attribute) => watch.bitOf(attribute),
    })
    shapes.push(own)
    return createPairList({ shapes: own, interner: keys })
  }
  const writer = createMapWriter(privacy)
  const seenAt = createSeenAt()
  const shared = { interner: words, writer, seenAt }
  const [pairs, eventPairs] = [createPairs(), createPairs()]
  const eventHashes = [
    createEventHashes(eventPairs, BY_TRAITS),
    createEventHashes(eventPairs, BY_ROUTED),
  ] as const
  const linkPairs = createPairs()
  const parts = createSpanParts({ ...shared, eventPairs, linkPairs, eventHashes, privacy })
  const exemplars = { ...shared, pairs: createPairs() }
  const spans = createSpanTable({ ...shared, parts })
  const logs = createLogTable(shared)
  const points = {
    gauge: createPointTable('gauge', exemplars),
    sum: createPointTable('sum', exemplars),
    histogram: createPointTable('histogram', exemplars),
    exponentialHistogram: createPointTable('exponentialHistogram', exemplars),
    summary: createPointTable('summary', exemplars),
  }
  const attempts = createAttemptTable(shared)
  const requests = createRequestTable(shared)
  const quality = createQualityTable(words)
  const arrivals = createArrivals(shared)
  const own = [attempts, requests, quality]
  const all = [spans, logs, ...Object.values(points), ...own].map(({ table }) => table)
  return {
    ...{ spans, logs, points, attempts, requests, quality, arrivals, pairs },
    eventHashes,
    viewPairs: createPairs(),
    viewEventPairs: createPairs(),
    watch(wanted) {
      if (wanted === interest) return watch
      interest = wanted
      watch = createWatch(interest)
      for (const own of shapes) own.forget()
      return watch
    },
    ...createOpenBlocks([...all, arrivals.table], { counted: all, begin: seenAt.set }),
  }
}

interface OpenBlocksOptions {
  /** Who was heard is no row of what was sent. */
  readonly counted: readonly NativeTable[]
  begin(seenAtUnixNs: bigint): void
}

function createOpenBlocks(tables: readonly NativeTable[], { counted, begin }: OpenBlocksOptions) {
  let markedRows = 0
  const countRows = () => counted.reduce((sum, { rowCount }) => sum + rowCount, 0)
  return {
    mark(seenAtUnixNs: bigint) {
      begin(seenAtUnixNs)
      markedRows = countRows()
      for (const table of tables) table.mark()
    },
    rollback() {
      for (const table of tables) table.rollback()
    },
    rowsSinceMark: () => countRows() - markedRows,
    seal: () => tables.filter(({ rowCount }) => rowCount > 0).map(toBlock),
  }
}

function toBlock(table: NativeTable): Block {
  const { name, rowCount } = table
  const bytes = table.seal()
  const { columns } = table
  return { table: name, columns, rowCount, byteCount: bytes.length, chunks: [bytes] }
}
