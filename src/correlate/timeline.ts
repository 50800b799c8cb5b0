import type { TimelineEntry } from '../model/incident.ts'

// An incident of hours must not grow without end: how it began and how it stands now are kept, the
// middle is counted. The journal in ClickHouse still has every row.
const FIRST_COUNT = 100
const LAST_COUNT = 150

/** A row; `key` lets a later value replace it in place. */
export interface TimelineRow extends TimelineEntry {
  readonly key?: string
}

/** Immutable, survives JSON, at most 250 rows. */
export interface Timeline {
  readonly first: readonly TimelineRow[]
  readonly last: readonly TimelineRow[]
  readonly droppedCount: number
}

export const EMPTY_TIMELINE: Timeline = { first: [], last: [], droppedCount: 0 }

export function appendRows(timeline: Timeline, rows: readonly TimelineRow[]): Timeline {
  const room = Math.max(0, FIRST_COUNT - timeline.first.length)
  const first = [...timeline.first, ...rows.slice(0, room)]
  const last = [...timeline.last, ...rows.slice(room)]
  const overCount = Math.max(0, last.length - LAST_COUNT)
  return {
    first,
    last: last.slice(overCount),
    droppedCount: timeline.droppedCount + overCount,
  }
}

/** Puts `row` where the newest row with its key stands; appends when that row is gone. */
export function replaceRow(timeline: Timeline, row: TimelineRow & { key: string }): Timeline {
  const isOld = (one: TimelineRow) => one.key === row.key
  const lastIndex = timeline.last.findLastIndex(isOld)
  if (lastIndex >= 0) return { ...timeline, last: timeline.last.with(lastIndex, row) }
  const firstIndex = timeline.first.findLastIndex(isOld)
  if (firstIndex >= 0) return { ...timeline, first: timeline.first.with(firstIndex, row) }
  return appendRows(timeline, [row])
}

/** The rows by time, with one row that says how many were left out. */
export function renderTimeline(timeline: Timeline): TimelineEntry[] {
  const first = byTime(timeline.first)
  const last = byTime(timeline.last)
  if (timeline.droppedCount === 0) return byTime([...first, ...last])
  const gap: TimelineEntry = {
    at: last[0]?.at ?? first.at(-1)?.at ?? '',
    clock: 'signalbox',
    kind: 'dropped',
    text: `${timeline.droppedCount} rows are left out here`,
    evidence: { dropped: timeline.droppedCount },
  }
  return [...first, gap, ...last]
}

function byTime(rows: readonly TimelineRow[]): TimelineEntry[] {
  return rows
    .map(({ key: _key, ...entry }) => entry)
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}
