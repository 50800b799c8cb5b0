/** Tables of our own that stages write to; columns in `store/schema.ts`. */
export type JournalTable =
  | 'signalbox_rule_evaluations'
  | 'signalbox_transitions'
  | 'signalbox_deliveries'
  | 'signalbox_incidents'
  | 'signalbox_router_statuses'

/**
 * Writes one row for history and evidence. Never fails, never waits: what must survive is in the
 * state store, and a full buffer drops the oldest rows, counted.
 */
export type Journal = (table: JournalTable, row: Readonly<Record<string, unknown>>) => void
