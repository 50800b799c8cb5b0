// Just enough of ClickHouse's lexer to find what the HTTP interface must know of a statement:
// where it ends, where an INSERT's data starts, its FORMAT, and its `{name:Type}` parameters.
// Everything else is the engine's to judge.

export interface SqlText {
  /** First word, upper case: `SELECT`, `INSERT`, `SET`, … */
  readonly verb: string
  /** Where the statement ends: before `;`, before an INSERT's data, or at the end of the text. */
  readonly endAt: number
  /** For INSERT … FORMAT x: where its data starts. Undefined for every other statement. */
  readonly dataAt: number | undefined
  /** Where the FORMAT clause starts, when there is one. */
  readonly formatAt: number | undefined
  readonly format: string | undefined
  readonly parameters: readonly SqlParameter[]
  /** Something other than white space and comments follows the first `;`. */
  readonly isMulti: boolean
}

export interface SqlParameter {
  readonly name: string
  readonly type: string
  readonly startAt: number
  readonly endAt: number
}

const TOKEN =
  /(?<blank>\s+|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?\*\/)|(?<quoted>'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'|"[^"\\]*(?:(?:\\[\s\S]|"")[^"\\]*)*"|`[^`\\]*(?:(?:\\[\s\S]|``)[^`\\]*)*`)|\{\s*(?<name>[A-Za-z_]\w*)\s*:\s*(?<type>[^{}]*[^{}\s])\s*\}|(?<word>\w+)|[\s\S]/gy

/** Scans one statement, up to its end or to the start of inline data. Linear in what it scans. */
export function scanSql(text: string): SqlText {
  const parameters: SqlParameter[] = []
  let verb = ''
  let depth = 0
  let isQuery = false
  let formatAt: number | undefined
  let format: string | undefined
  const found = (rest: Partial<SqlText>): SqlText => ({
    verb,
    endAt: text.length,
    dataAt: undefined,
    isMulti: false,
    formatAt,
    format,
    parameters,
    ...rest,
  })
  for (const match of text.matchAll(TOKEN)) {
    const { blank, name, type, word } = match.groups ?? {}
    const token = match[0]
    if (blank !== undefined) continue
    if (name !== undefined && type !== undefined) {
      parameters.push({ name, type, startAt: match.index, endAt: match.index + token.length })
    } else if (token === '(') depth++
    else if (token === ')') depth--
    else if (token === ';') {
      return found({ endAt: match.index, isMulti: hasMore(text, match.index + 1) })
    } else if (word !== undefined && depth === 0) {
      const upper = word.toUpperCase()
      if (formatAt !== undefined && format === undefined) {
        format = word
        const isData = verb === 'INSERT' && !isQuery
        const end = match.index + word.length
        if (isData) return found({ endAt: end, dataAt: skipDataBreak(text, end) })
      } else if (upper === 'FORMAT') formatAt = match.index
      else if (upper === 'SELECT' || upper === 'WITH') isQuery = true
      // What follows VALUES is data that the engine reads itself.
      else if (upper === 'VALUES' && verb === 'INSERT') return found({})
      if (verb === '') verb = upper
    }
  }
  return found({})
}

function hasMore(text: string, from: number): boolean {
  for (const match of text.slice(from).matchAll(TOKEN)) {
    if (match.groups?.blank === undefined && match[0] !== ';') return true
  }
  return false
}

/** As the server does: `;`, blanks, then at most one line break stand between FORMAT and data. */
function skipDataBreak(text: string, from: number): number {
  const gap = /[ \t\f]*;?[ \t\f]*\r?\n?/y
  gap.lastIndex = from
  return from + (gap.exec(text)?.[0].length ?? 0)
}

export interface BoundSql {
  readonly sql: string
  readonly rest: Readonly<Record<string, string>>
  readonly missing?: string
}

/**
 * Writes parameters into the SQL as typed literals. The engine can bind them itself, but runs such
 * queries one after the other over the whole process. Values are in TSV escaping, as over HTTP.
 * A parameter of a type that text cannot be cast to (Map, Tuple …) stays, for the engine to bind.
 *
 * @returns the SQL, the (unescaped) values of those that stay, and the first name without a value
 */
export function bindParameters(
  text: string,
  options: { readonly found: SqlText; readonly values: ReadonlyMap<string, string> },
): BoundSql {
  const rest: Record<string, string> = {}
  let sql = ''
  let at = 0
  for (const { name, type, startAt, endAt } of options.found.parameters) {
    const value = options.values.get(name)
    if (value === undefined) return { sql: text, rest, missing: name }
    const literal = toLiteral(value, type)
    if (literal === undefined) rest[name] = unescapeTsv(value)
    sql += text.slice(at, startAt) + (literal ?? text.slice(startAt, endAt))
    at = endAt
  }
  return { sql: sql + text.slice(at, options.found.endAt), rest }
}

function toLiteral(value: string, type: string): string | undefined {
  if (type === 'Identifier') return `\`${escapeQuoted(unescapeTsv(value), '`')}\``
  if (/\b(?:Map|Tuple|Nested|Variant|Dynamic|JSON|Object)\b/.test(type)) return undefined
  if (value === '\\N') return `CAST(NULL AS ${type})`
  return `CAST('${escapeQuoted(unescapeTsv(value), "'")}' AS ${type})`
}

const escapeQuoted = (text: string, quote: string) =>
  text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`)

const TSV_ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  0: '\0',
}

const unescapeTsv = (text: string) =>
  text.replace(/\\([\s\S])/g, (_, next: string) => TSV_ESCAPES[next] ?? next)
