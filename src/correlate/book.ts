import type { Clock } from '../lib/clock.ts'
import type { Incident, IncidentChange, IncidentState } from '../model/incident.ts'
import type { Journal } from '../model/journal.ts'
import type { StateStore } from '../model/state-store.ts'
import type { CorrelateEvents } from '../telemetry/correlate-events.ts'
import { type IncidentRecord, isOpen, toIncident, toIso } from './record.ts'

// Saved before it is told, so that a restart knows everything that a pager ever heard. A state store
// that refuses (a full disk) must not keep people from being paged: the incident goes on in memory
// and is written again with the next sweep.
const RESOLVED_MAX = 300

/** All open incidents and the last 300 resolved ones. */
export interface IncidentBook {
  /** By id, or by an id that `decide` gave the same outage. */
  find(id: string): IncidentRecord | undefined
  openFor(scope: string): IncidentRecord | undefined
  open(): readonly IncidentRecord[]
  /** Newest first. */
  all(): readonly IncidentRecord[]
  /** Saves, writes history, tells. */
  put(record: IncidentRecord, phase: IncidentChange['phase']): void
  /** Keeps a detail; saved by the next `flush`. */
  putDetail(record: IncidentRecord): void
  flush(): void
  view(record: IncidentRecord): Incident
}

export interface BookOptions {
  readonly store: StateStore
  readonly clock: Clock
  readonly journal: Journal
  readonly events: CorrelateEvents
  publish(change: IncidentChange): void
  /** Failing share of the route's requests now. */
  impactOf(route: string): number | null
}

export function createIncidentBook(options: BookOptions): IncidentBook {
  const { store, clock, events } = options
  const records = new Map<string, IncidentRecord>()
  const revisions = new Map<string, number>()
  const dirty = new Set<string>()
  const open = () => [...records.values()].filter(isOpen)

  const save = (record: IncidentRecord) => {
    const key = `incident/${record.id}`
    dirty.add(record.id)
    try {
      const expect = revisions.get(record.id) ?? 0
      if (store.commit([{ key, value: record, expect }])) {
        revisions.set(record.id, expect + 1)
        dirty.delete(record.id)
        return
      }
      // Only this process writes incidents; whatever is there is older than what we hold.
      revisions.set(record.id, store.get(key)?.revision ?? 0)
      events.saveFailed({ id: record.id, reason: 'the stored revision is another one' })
    } catch (fault) {
      events.saveFailed({ id: record.id, reason: String(fault) })
    }
  }
  const forgetOldest = () => {
    const resolved = [...records.values()].filter((one) => !isOpen(one))
    for (const { id } of resolved.slice(0, Math.max(0, resolved.length - RESOLVED_MAX))) {
      records.delete(id)
      revisions.delete(id)
      store.commit([{ key: `incident/${id}`, value: undefined }])
    }
  }
  const view = (record: IncidentRecord) =>
    toIncident(record, record.route === undefined ? null : options.impactOf(record.route))

  for (const { value, revision } of store.list<IncidentRecord>('incident/')) {
    records.set(value.id, value)
    revisions.set(value.id, revision)
  }
  events.openIncidents(open().length)

  return {
    view,
    open,
    find: (id) => records.get(id) ?? [...records.values()].find((one) => one.aliases.includes(id)),
    openFor: (scope) => [...records.values()].find((one) => isOpen(one) && one.scope === scope),
    all: () => [...records.values()].sort((a, b) => b.openedUnixMs - a.openedUnixMs),
    put(record, phase) {
      records.set(record.id, record)
      save(record)
      if (phase === 'resolved') forgetOldest()
      if (phase === 'opened' || phase === 'resolved') events.openIncidents(open().length)
      const change = { phase, incident: view(record), atUnixMs: clock.nowMs() }
      options.journal('signalbox_incidents', journalRow(change))
      events.incidentChanged(change)
      options.publish(change)
    },
    putDetail(record) {
      records.set(record.id, record)
      dirty.add(record.id)
    },
    flush() {
      for (const id of [...dirty]) {
        const record = records.get(id)
        if (record) save(record)
        else dirty.delete(id)
      }
    },
  }
}

function journalRow({ phase, incident, atUnixMs }: IncidentChange) {
  return {
    At: toIso(atUnixMs).replace('T', ' ').slice(0, -1),
    Id: incident.id,
    Phase: phase,
    Route: incident.route ?? '',
    State: incident.state satisfies IncidentState,
    Severity: incident.severity,
    Title: incident.title,
    Document: JSON.stringify(incident),
  }
}
