import { setImmediate as nextTurn } from 'node:timers/promises'
import { UNIT_BITS } from '../decode/arrival-table.ts'
import { indexSpans } from '../decode/recorded-items.ts'
import type { RecordedMemory } from '../decode/recorded-memory.ts'
import type { ResourceFacts, ResourceOptions } from '../decode/resource.ts'
import type { ReplayFrame } from '../detect/replay.ts'
import type { NativeRows } from '../lib/native-reader.ts'
import type { Observation } from '../model/observation.ts'
import type { Recorded, StoredRestart } from '../store/recorded.ts'
import type { ItemQuery, ServedQuery, Slice } from '../store/recorded-query.ts'
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
import type { Plan, UnitPlan } from './plan.ts'
import { fetchResources, type ResourcePart } from './resources.ts'
import { toldBy } from './told.ts'

// From stored rows to frames: everything that was seen within a slice, merged by the moment at which
// it was seen.

export interface FrameOptions {
  readonly recorded: Recorded
  readonly plan: Plan
  readonly resources: ResourceOptions
  readonly pairs: PairBook
  readonly memory: RecordedMemory
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
  readonly resourcesByHash: ReadonlyMap<number, ResourceFacts>
}

export async function fetchSlice(slice: Slice, options: FrameOptions): Promise<SliceRows> {
  const { recorded, plan } = options
  const none: NativeRows[] = []
  const { attempt, request, span, log, metric } = within(plan, slice)
  const rareNames = [...(attempt?.rare ?? []), ...(request?.rare ?? [])]
  const rareQuery: ItemQuery = {
    attributes: rareNames,
    present: rareNames.map((name) => [name]),
    ...{ isOwnOnly: true, columns: [] },
  }
  const [arrivals, attempts, requests, rare, spans, logs, points, statuses, restarts] =
    await Promise.all([
      recorded.arrivals(slice),
      attempt ? fetchServed(slice, attempt, options) : none,
      request ? fetchServed(slice, request, options) : none,
      rareNames.length > 0 ? recorded.spans(slice, rareQuery) : none,
      span ? recorded.spans(slice, span) : none,
      log ? recorded.logs(slice, log) : none,
      Promise.all(
        metric ? recorded.pointTables.map((table) => recorded.points(slice, table, metric)) : [],
      ),
      recorded.statuses(slice),
      recorded.restarts(slice),
    ])
  const rows = { arrivals, attempts, requests, rare, spans, logs, points, statuses, restarts }
  const joined = [attempt, request].some((query) => query?.span)
    ? [attempts, requests].flat().filter((one) => one.has('R'))
    : none
  const parts: readonly ResourcePart[] = [
    { table: 'otel_traces', blocks: [...spans, ...rare, ...joined] },
    { table: 'otel_logs', blocks: logs },
    ...recorded.pointTables.map((table, index) => ({ table, blocks: points[index] ?? none })),
  ]
  return { slice, ...rows, resourcesByHash: await fetchResources(slice, parts, options) }
}

/** Where some rows are odd, the next slices have such rows as well. */
async function fetchServed(
  slice: Slice,
  query: ServedQuery,
  { recorded, memory }: FrameOptions,
): Promise<NativeRows[]> {
  const { table } = query
  if (!memory.oddTables.has(table)) {
    const blocks = await recorded.served(slice, { ...query, isPlain: true })
    if (!blocks.some(hasOdd)) return blocks
    memory.oddTables.add(table)
  }
  return await recorded.served(slice, query)
}

function hasOdd(rows: NativeRows): boolean {
  if (rows.rowCount === 0) return false
  const odd = rows.numbers('odd')
  for (let row = 0; row < rows.rowCount; row++) if (odd.at(row) !== 0) return true
  return false
}

/** Without the units that nobody sent. */
function within({ varying: _, resource: __, ...plan }: Plan, { units }: Slice): UnitPlan {
  if (units === undefined) return plan
  const sent = Object.entries(plan).filter(
    ([unit]) => (units & UNIT_BITS[unit as keyof UnitPlan]) !== 0,
  )
  return Object.fromEntries(sent)
}

/** Gauges and sums come first among the tables of points. */
const NUMBER_TABLES = 2

/** Between two turns of the event loop: a few hundredths of a second. */
const OBSERVATIONS_PER_TURN = 20_000

/**
 * Hands over every frame of a slice in turn. Frames are good until the call returns. In between, what
 * the database answers meanwhile is taken in, and connections that it closed are noticed.
 */
export async function playSlice(
  rows: SliceRows,
  { plan, resources, pairs, memory }: Omit<FrameOptions, 'recorded'>,
  take: (frame: ReplayFrame) => void,
): Promise<void> {
  const { varying } = plan
  const options = { ...resources, memory, varying, resourcesByHash: rows.resourcesByHash }
  const rare = indexSpans(rows.rare, options)
  const itemsOf = (query: Plan['attempt']): SpanItems =>
    query?.span ? { kind: 'joined' } : { kind: 'rare', rare }
  const arrivals = cursorOfArrivals(rows.arrivals, options)
  const cursors: readonly Cursor[] = [
    cursorOfSpans(rows.spans, options),
    cursorOfLogs(rows.logs, options),
    ...rows.points.map((blocks, index) =>
      cursorOfPoints(blocks, { ...options, hasTotal: index >= NUMBER_TABLES }),
    ),
    cursorOfServed('attempt', rows.attempts, { items: itemsOf(plan.attempt), options }),
    cursorOfServed('request', rows.requests, { items: itemsOf(plan.request), options }),
  ].filter(({ seen }) => seen !== Number.POSITIVE_INFINITY)
  const told = toldBy(rows.statuses, rows.restarts)
  const baseUnixMs = Number(rows.slice.base / 1_000_000n)
  let next = 0
  let count = 0
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
    count += observations.length
    if (count < OBSERVATIONS_PER_TURN) continue
    count = 0
    await nextTurn()
  }
}

const NO_SENDERS = new Map()
