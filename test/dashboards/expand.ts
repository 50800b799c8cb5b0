// What Grafana does to a query before it sends it, as far as our dashboards use it.

export interface Expansion {
  readonly fromMs: number
  readonly toMs: number
  readonly intervalS: number
  readonly variables: Readonly<Record<string, readonly string[]>>
}

/** The SQL that ClickHouse gets. Throws on a macro or variable that is not known here. */
export function expandSql(sql: string, expansion: Expansion): string {
  const { fromMs, toMs, intervalS, variables } = expansion
  const at = (ms: number) => `fromUnixTimestamp64Milli(${ms})`
  const expanded = sql
    .replaceAll(/\$__timeFilter_ms\((\w+)\)/g, (_, column) => {
      return `${column} >= ${at(fromMs)} AND ${column} <= ${at(toMs)}`
    })
    .replaceAll(/\$__timeInterval\((\w+)\)/g, (_, column) => {
      return `toStartOfInterval(toDateTime(${column}), INTERVAL ${intervalS} second)`
    })
    .replaceAll('$__interval_s', String(intervalS))
    .replaceAll(/\$\{(\w+):singlequote\}/g, (text, name) => {
      const values = variables[name]
      return values ? values.map((value) => `'${value}'`).join(',') : text
    })
  const left = /\$[_{a-z]+/.exec(expanded)
  if (left) throw new Error(`nobody expands ${left[0]} in: ${sql}`)
  return expanded
}
