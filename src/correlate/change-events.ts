import type { ChangeEvent } from '../model/silence.ts'
import type { StateStore } from '../model/state-store.ts'
import { toIso } from './record.ts'
import type { TimelineRow } from './timeline.ts'

const COUNT_MAX = 200
const TEXT_MAX = 2_000

/** Deploys and other changes of the last hours: the first suspects when something breaks. */
export interface ChangeEvents {
  /** Keeps it; the oldest of more than 200 is forgotten. */
  add(event: ChangeEvent): void
  /** Rows for a new incident: changes since `fromUnixMs` that may concern `route`. */
  rowsSince(fromUnixMs: number, route: string | undefined): TimelineRow[]
}

export function createChangeEvents(store: StateStore): ChangeEvents {
  const kept = store.list<ChangeEvent>('change/').map(({ key, value }) => ({ key, event: value }))
  let addedCount = 0
  return {
    add(event) {
      const short = { ...event, text: event.text.slice(0, TEXT_MAX) }
      const key = `change/${toIso(Date.parse(event.at))}-${addedCount++}-${short.kind.slice(0, 40)}`
      kept.push({ key, event: short })
      const gone = kept.length > COUNT_MAX ? kept.shift() : undefined
      store.commit([{ key, value: short }, ...(gone ? [{ key: gone.key, value: undefined }] : [])])
    },
    rowsSince: (fromUnixMs, route) =>
      kept
        .filter(({ event }) => Date.parse(event.at) >= fromUnixMs && concerns(event, route))
        .map(({ event }) => changeRow(event)),
  }
}

/** A change without a route may concern every route; one with a route, that one only. */
export function concerns(event: ChangeEvent, route: string | undefined): boolean {
  return event.route === undefined || route === undefined || event.route === route
}

export function changeRow(event: ChangeEvent): TimelineRow {
  return {
    at: toIso(Date.parse(event.at)),
    clock: 'event',
    kind: 'change',
    text: `${event.kind}: ${event.text}`,
    evidence: {
      kind: event.kind,
      ...(event.route !== undefined && { route: event.route }),
      ...event.attributes,
    },
  }
}
