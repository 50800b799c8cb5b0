// Just enough of ClickHouse's lexer to find what the HTTP interface must know of a statement:
// whether it is one, where an INSERT's data starts, and its FORMAT. The rest is the engine's to judge.

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
  /** Something other than white space and comments follows the first `;`. */
  readonly isMulti: boolean
}

const TOKEN =
  /(?<blank>\s+|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?\*\/)|(?<quoted>'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'|"[^"\\]*(?:(?:\\[\s\S]|"")[^"\\]*)*"|`[^`\\]*(?:(?:\\[\s\S]|``)[^`\\]*)*`)|(?<word>\w+)|[\s\S]/gy

/** Scans one statement, up to its end or to the start of inline data. Linear in what it scans. */
export function scanSql(text: string): SqlText {
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
    ...rest,
  })
  for (const match of text.matchAll(TOKEN)) {
    const { blank, word } = match.groups ?? {}
    const token = match[0]
    if (blank !== undefined) continue
    if (token === '(') depth++
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
