// Each span once, by its last word. A span that came again has equal rows, and one that was written
// again has one of a higher Revision; all have the same Timestamp, so that the database can group
// them in the order of its primary key, with memory for one moment only, over weeks if need be.

const IDENTITY = 'Route, Timestamp, TraceId, SpanId'

/** Goes to the end of a query that uses them. */
export const IN_ORDER = 'SETTINGS optimize_aggregation_in_order = 1'

interface OnceOptions {
  /** Columns wanted beside `Outcome`, each under its name with a small first letter. */
  readonly columns: readonly string[]
  readonly where: string
  /** Outcomes that count, as SQL; default any. */
  readonly outcomes?: string
}

/** A subquery of attempts. */
export function attemptsOnce({ columns, where, outcomes }: OnceOptions): string {
  return `(
  SELECT * FROM (
    SELECT ${lastOf(['Outcome', ...columns])} FROM signalbox_attempts WHERE ${where} GROUP BY ${IDENTITY}
  ) WHERE outcome ${outcomes === undefined ? "!= ''" : `IN ${outcomes}`}
)`
}

/** A subquery of request spans and asynchronous requests; polls are none. */
export function requestsOnce({ columns, where, outcomes }: OnceOptions): string {
  return `(
  SELECT * FROM (
    SELECT ${lastOf(['Outcome', 'Form', ...columns])} FROM signalbox_requests WHERE ${where} GROUP BY ${IDENTITY}
  ) WHERE form != 'poll'${outcomes === undefined ? '' : ` AND outcome IN ${outcomes}`}
)`
}

/** The keys of the grouping need no aggregate. */
function lastOf(columns: readonly string[]): string {
  return columns
    .map((column) => {
      const name = column.charAt(0).toLowerCase() + column.slice(1)
      return column === 'Timestamp'
        ? `${column} AS ${name}`
        : `argMax(${column}, Revision) AS ${name}`
    })
    .join(', ')
}
