import type { Clock } from '../lib/clock.ts'
import type { Incident } from '../model/incident.ts'
import type { IncidentBook } from './book.ts'
import { closeRecord, withRow } from './lifecycle.ts'
import { type IncidentRecord, isOpen } from './record.ts'

const TEXT_MAX = 4_000

/**
 * What a person may do to an incident; each is a row of its timeline, with who it was. Undefined
 * when the incident is not known; doing it a second time changes nothing.
 */
export interface PeopleActions {
  ack(id: string, by: string): Incident | undefined
  resolve(id: string, by: string): Incident | undefined
  note(id: string, text: string, by: string): Incident | undefined
  addAction(id: string, text: string, by: string): Incident | undefined
}

export function createPeopleActions(options: {
  readonly book: IncidentBook
  readonly clock: Clock
  close(record: IncidentRecord): void
}): PeopleActions {
  const { book, clock, close } = options
  const change = (id: string, run: (record: IncidentRecord, nowMs: number) => void) => {
    const record = book.find(id)
    if (!record) return undefined
    run(record, clock.nowMs())
    return book.view(book.find(id) ?? record)
  }
  const write = (kind: string) => (id: string, text: string, by: string) =>
    change(id, (record, nowMs) => {
      const short = text.slice(0, TEXT_MAX)
      book.put(withRow(record, nowMs, { kind, text: short, evidence: { by } }), 'updated')
    })
  return {
    ack: (id, by) =>
      change(id, (record, nowMs) => {
        if (!isOpen(record) || record.acknowledgedUnixMs !== undefined) return
        const row = { kind: 'ack', text: `Acknowledged by ${by}`, evidence: { by } }
        const acknowledged = { acknowledgedUnixMs: nowMs, acknowledgedBy: by }
        book.put({ ...withRow(record, nowMs, row), ...acknowledged }, 'acknowledged')
      }),
    resolve: (id, by) =>
      change(id, (record, nowMs) => {
        if (!isOpen(record)) return
        const closed = closeRecord(record, nowMs, `Resolved by ${by}`)
        close({ ...closed, dismissed: stillBreached(record) })
      }),
    note: write('note'),
    addAction: write('action'),
  }
}

/** What would open it again at once, though a person has just said that it is over. */
function stillBreached(record: IncidentRecord): string[] {
  const rules = Object.entries(record.rules).filter(([, rule]) => !rule.isCalm)
  const isAway = record.routeState !== undefined && record.routeState !== 'primary'
  return [...rules.map(([key]) => key), ...(isAway ? [record.scope] : [])]
}
