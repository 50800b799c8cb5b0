// Each span once, by its last word. A span that came again has equal rows, and one that was written
// again has one of a higher Revision; all have the same Timestamp. Grouping by span costs thirty
// times a plain sum, so only minutes in which some span has more than one row are grouped; which they
// are is found by counting. Both go in the order of the primary key: memory is that of one minute.

const IDENTITY = 'Route, Timestamp, TraceId, SpanId'
const MINUTE = 'toStartOfMinute(Timestamp)'

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
  const counts = outcomes === undefined ? "outcome != ''" : `outcome IN ${outcomes}`
  return rowsOnce('signalbox_attempts', { columns: ['Outcome', ...columns], where, counts })
}

/** A subquery of request spans and asynchronous requests; polls are none. */
export function requestsOnce({ columns, where, outcomes }: OnceOptions): string {
  const counts = outcomes === undefined ? '' : ` AND outcome IN ${outcomes}`
  const own = ['Outcome', 'Form', ...columns]
  return rowsOnce('signalbox_requests', { columns: own, where, counts: `form != 'poll'${counts}` })
}

interface RowsOptions {
  readonly columns: readonly string[]
  readonly where: string
  readonly counts: string
}

function rowsOnce(table: string, { columns, where, counts }: RowsOptions): string {
  const repeated = `(
      SELECT ${MINUTE} FROM ${table} WHERE ${where}
      GROUP BY Route, ${MINUTE} HAVING count() > uniqExact(cityHash64(TraceId, SpanId)))`
  const plain = columns.map((column) => `${column} AS ${nameOf(column)}`)
  // The keys of the grouping need no aggregate.
  const last = columns.map((column) =>
    column === 'Timestamp'
      ? `${column} AS ${nameOf(column)}`
      : `argMax(${column}, Revision) AS ${nameOf(column)}`,
  )
  return `(
  SELECT * FROM (
    SELECT ${plain.join(', ')} FROM ${table}
    WHERE ${where} AND ${MINUTE} NOT IN ${repeated}
    UNION ALL
    SELECT ${last.join(', ')} FROM ${table}
    WHERE ${where} AND ${MINUTE} IN ${repeated}
    GROUP BY ${IDENTITY}
  ) WHERE ${counts}
)`
}

function nameOf(column: string): string {
  return column.charAt(0).toLowerCase() + column.slice(1)
}
