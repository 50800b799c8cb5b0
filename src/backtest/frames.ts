import { UNIT_BITS } from '../decode/arrival-table.ts'
import { indexSpans } from '../decode/recorded-items.ts'
import type { ResourceOptions } from '../decode/resource.ts'
import type { ReplayFrame } from '../detect/replay.ts'
import type { NativeRows } from '../lib/native-reader.ts'
import type { Observation } from '../model/observation.ts'
import type { Recorded, StoredRestart } from '../store/recorded.ts'
import type { Slice } from '../store/recorded-query.ts'
import {
  type Cursor,
  cursorOfArrivals,
  cursorOfLogs,
  cursorOfPoints,
  cursorOfServed,
  cursorOfSpans,
  type SpanItems,
} from './cursors.ts'
import type { PairBook } from './pair-book.ts'
import type { Plan } from './plan.ts'
import { toldBy } from './told.ts'

// From stored rows to frames: everything that was seen within a slice, merged by the moment at which
// it was seen.

export interface FrameOptions {
  readonly recorded: Recorded
  readonly plan: Plan
  readonly resources: ResourceOptions
  readonly pairs: PairBook
}

/** The answers of one slice. */
export interface SliceRows {
  readonly slice: Slice
  readonly arrivals: readonly NativeRows[]
  readonly attempts: readonly NativeRows[]
  readonly requests: readonly NativeRows[]
  /** Spans of them with attributes that few carry. */
  readonly rare: readonly NativeRows[]
  readonly spans: readonly NativeRows[]
  readonly logs: readonly NativeRows[]
  /** Of numbers, and of distributions. */
  readonly points: readonly (readonly NativeRows[])[]
  readonly statuses: readonly NativeRows[]
  readonly restarts: readonly StoredRestart[]
}

export async function fetchSlice(
  slice: Slice,
  { recorded, plan }: FrameOptions,
): Promise<SliceRows> {
  const none: NativeRows[] = []
  const { attempt, request, span, log, metric } = within(plan, slice)
  const rareNames = [...(attempt?.rare ?? []), ...(request?.rare ?? [])]
  const rareQuery = { attributes: rareNames, present: rareNames.map((name) => [name]) }
  const [arrivals, attempts, requests, rare, spans, logs, points, statuses, restarts] =
    await Promise.all([
      recorded.arrivals(slice),
      attempt ? recorded.served(slice, attempt) : none,
      request ? recorded.served(slice, request) : none,
      rareNames.length > 0 ? recorded.spans(slice, { ...rareQuery, isOwnOnly: true }) : none,
      span ? recorded.spans(slice, span) : none,
      log ? recorded.logs(slice, log) : none,
      Promise.all(
        metric ? recorded.pointTables.map((table) => recorded.points(slice, table, metric)) : [],
      ),
      recorded.statuses(slice),
      recorded.restarts(slice),
    ])
  return { slice, arrivals, attempts, requests, rare, spans, logs, points, statuses, restarts }
}

/** Without the units that nobody sent. */
function within(plan: Plan, { units }: Slice): Plan {
  if (units === undefined) return plan
  const sent = Object.entries(plan).filter(
    ([unit]) => (units & UNIT_BITS[unit as keyof Plan]) !== 0,
  )
  return Object.fromEntries(sent)
}

/** Gauges and sums come first among the tables of points. */
const NUMBER_TABLES = 2

/** Hands over every frame of a slice in turn. Frames are good until the call returns. */
export function playSlice(
  rows: SliceRows,
  { plan, resources, pairs }: FrameOptions,
  take: (frame: ReplayFrame) => void,
): void {
  const rare = indexSpans(rows.rare, resources)
  const itemsOf = (query: Plan['attempt']): SpanItems =>
    query?.attributes ? { kind: 'joined', resources } : { kind: 'rare', rare }
  const arrivals = cursorOfArrivals(rows.arrivals, resources)
  const cursors: readonly Cursor[] = [
    cursorOfSpans(rows.spans, resources),
    cursorOfLogs(rows.logs, resources),
    ...rows.points.map((blocks, index) =>
      cursorOfPoints(blocks, { ...resources, hasTotal: index >= NUMBER_TABLES }),
    ),
    cursorOfServed('attempt', rows.attempts, itemsOf(plan.attempt)),
    cursorOfServed('request', rows.requests, itemsOf(plan.request)),
  ]
  const told = toldBy(rows.statuses, rows.restarts)
  const baseUnixMs = Number(rows.slice.base / 1_000_000n)
  let next = 0
  for (;;) {
    const toldSeen = told[next]?.seen ?? Number.POSITIVE_INFINITY
    let seen = Math.min(arrivals.seen, toldSeen)
    for (const cursor of cursors) seen = Math.min(seen, cursor.seen)
    if (seen === Number.POSITIVE_INFINITY) return
    const receivedUnixMs = baseUnixMs + Math.floor(seen / 1e6)
    if (seen === toldSeen) {
      const frame = told[next++]?.toFrame(receivedUnixMs, pairs)
      if (frame) take(frame)
      continue
    }
    const observations: Observation[] = []
    const senders = arrivals.seen === seen ? arrivals.take(observations) : NO_SENDERS
    for (const cursor of cursors) if (cursor.seen === seen) cursor.take(observations, senders)
    take({ receivedUnixMs, observations })
  }
}

const NO_SENDERS = new Map()
