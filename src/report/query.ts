import type { ClickHouse } from '../store/clickhouse.ts'

/** A SELECT by its id in the report's `queries`, with its parameters. */
export interface Query {
  readonly id: string
  readonly sql: string
  readonly params: Readonly<Record<string, unknown>>
}

/** Runs queries and remembers each, so that every figure can name where it came from. */
export interface QueryRunner {
  run<T>(query: Query): Promise<T[]>
  /** Like `run`, for a query that always gives one row. */
  one<T>(query: Query): Promise<T>
  /** Id → SQL that can be pasted into a ClickHouse client: its parameters stand first. */
  readonly texts: Readonly<Record<string, string>>
}

export function createQueryRunner(clickhouse: Pick<ClickHouse, 'query'>): QueryRunner {
  const texts: Record<string, string> = {}
  const run = <T>(query: Query): Promise<T[]> => {
    texts[query.id] = renderQuery(query)
    return clickhouse.query<T>(query.sql, query.params)
  }
  return {
    run,
    async one<T>(query: Query) {
      const [row] = await run<T>(query)
      if (row === undefined) throw new Error(`query ${query.id} gave no row`)
      return row
    },
    get texts() {
      return Object.fromEntries(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)))
    },
  }
}

function renderQuery({ sql, params }: Query): string {
  const lines = Object.entries(params).map(
    ([name, value]) => `SET param_${name} = ${quote(renderParam(value))};\n`,
  )
  return `${lines.join('')}${sql.trim()}`
}

function renderParam(value: unknown): string {
  if (!Array.isArray(value)) return String(value)
  return `[${value.map((one) => (typeof one === 'number' ? String(one) : quote(String(one)))).join(',')}]`
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
