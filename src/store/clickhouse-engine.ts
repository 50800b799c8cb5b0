import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { drainPending, Session } from 'chdb'
import { type SqlText, scanSql } from './sql-text.ts'

// Runs statements in the embedded engine, in this process. Each gets a session of its own (0.8 ms):
// whatever it sets, selects or leaks dies with it. Results are buffered whole; time and memory of a
// statement are bounded by settings.

export interface EngineRequest {
  /** The statement, or its beginning, from the URL. */
  readonly queryText: string
  /** The rest of the statement, or an INSERT's data. */
  readonly body: Buffer
  readonly parameters: ReadonlyMap<string, string>
  readonly settings: ReadonlyMap<string, string>
  readonly database: string | undefined
  readonly defaultFormat: string | undefined
  readonly isReadOnly: boolean
  readonly queryId: string | undefined
}

export interface EngineResult {
  readonly bytes: Uint8Array
  readonly format: string
  readonly rowsRead: number
  readonly bytesRead: number
  /** Undefined where the engine does not tell. */
  readonly rowsWritten: number | undefined
  readonly bytesWritten: number
}

/** A refusal in ClickHouse's own words: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: number

  constructor(code: number, type: string, message: string) {
    super(`Code: ${code}. DB::Exception: ${message}. (${type})`)
    this.code = code
  }
}

export interface Engine {
  /** @throws EngineError, or the driver's error with `clickhouseCode` */
  run(request: EngineRequest): Promise<EngineResult>
  close(): Promise<void>
}

export interface EngineOptions {
  /** Opened, or created; no other process may have it open. */
  readonly dataDir: string
  /** For bodies that the driver cannot take from memory. */
  readonly temporaryDir: string
  readonly database: string
}

/** @throws when another process has the directory open */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  // Kept open: it holds the directory, and makes every other session cheap.
  const keeper = new Session(options.dataDir)
  await keeper.queryAsync(`CREATE DATABASE IF NOT EXISTS ${options.database} ENGINE = Atomic`)
  return {
    async run(request) {
      const session = new Session(options.dataDir)
      try {
        return await runStatement({ session, request, options })
      } finally {
        session.close()
      }
    },
    async close() {
      keeper.close()
      await drainPending()
    },
  }
}

const DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['max_execution_time', '300'],
  ['max_memory_usage', String(Math.floor(totalmem() * 0.4))],
])

/** The whole statement is text for the engine, except the data of INSERT … FORMAT. */
const STATEMENT_BYTES_MAX = 1 << 20

interface Run {
  readonly session: Session
  readonly request: EngineRequest
  readonly options: EngineOptions
}

async function runStatement({ session, request, options }: Run): Promise<EngineResult> {
  const { text, found, data } = splitData(request)
  if (found.isMulti) throw new EngineError(62, 'SYNTAX_ERROR', 'Multi-statements are not allowed')
  await session.queryAsync(prologueOf(request, options))
  const sql = text.slice(0, found.endAt)
  if (data !== undefined && found.format !== undefined) {
    const head = text.slice(0, found.formatAt)
    return await insertData({ session, head, format: found.format, data, options })
  }
  const format = request.defaultFormat ?? 'TabSeparated'
  const result = await session.queryAsync(sql, { format })
  return {
    bytes: result.bytes(),
    format: found.format ?? format,
    rowsRead: result.rowsRead,
    bytesRead: result.bytesRead,
    rowsWritten: 0,
    bytesWritten: 0,
  }
}

/**
 * `USE` and `SET` for this request's session; `readonly` last, since it forbids what precedes it.
 * Parameters are set too: the driver's own binding runs one query at a time over the whole process.
 */
function prologueOf(request: EngineRequest, options: EngineOptions): string {
  const values = new Map([...DEFAULTS, ...request.settings])
  for (const [name, value] of request.parameters) values.set(`param_${name}`, value)
  if (request.isReadOnly) values.set('readonly', '2')
  const assignments = [...values].map(([name, value]) => {
    if (!/^\w+$/.test(name))
      throw new EngineError(115, 'UNKNOWN_SETTING', `Unknown setting ${name}`)
    return `${name} = ${quote(value)}`
  })
  const database = (request.database || options.database).replaceAll('`', '')
  return `USE \`${database}\`; SET ${assignments.join(', ')}`
}

const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

interface Split {
  readonly text: string
  readonly found: SqlText
  /** Set for INSERT … FORMAT. */
  readonly data: Buffer | undefined
}

/**
 * Finds the statement, and where an INSERT's data starts. The usual INSERT has its SQL in the URL
 * and nothing but data in the body, which is then neither decoded nor copied.
 */
function splitData({ queryText, body }: EngineRequest): Split {
  const fromUrl = scanSql(queryText)
  if (fromUrl.dataAt !== undefined && fromUrl.dataAt >= queryText.length) {
    return { text: queryText, found: fromUrl, data: body }
  }
  const whole =
    queryText === '' ? body : Buffer.concat([Buffer.from(`${queryText}\n`, 'utf8'), body])
  // One character per byte: positions in it are positions in the bytes.
  const head = whole.subarray(0, STATEMENT_BYTES_MAX).toString('latin1')
  const { dataAt } = scanSql(head)
  const text = whole.subarray(0, dataAt ?? whole.length).toString('utf8')
  const data = dataAt === undefined ? undefined : whole.subarray(dataAt)
  return { text, found: scanSql(text), data }
}

interface DataInsert {
  readonly session: Session
  /** `INSERT INTO table (columns)`, without FORMAT. */
  readonly head: string
  readonly format: string
  readonly data: Buffer
  readonly options: EngineOptions
  /** As the statement lists them: `Native` data names its columns, and may order them otherwise. */
  readonly columns?: string | undefined
}

const RAW_FORMATS = new Set(['JSONEachRow', 'JSONCompactEachRow', 'CSV', 'TSV', 'TabSeparated'])
const PLAIN_INSERT =
  /^\s*INSERT\s+INTO\s+(?:TABLE\s+)?(?<table>`?\w+`?(?:\.`?\w+`?)?)\s*(?:\((?<columns>[^()]*)\))?\s*$/i

/**
 * Text formats go to the engine from memory; binary ones would be damaged on that way, so that they
 * (and statements that are not plain) go through a file.
 */
async function insertData(insert: DataInsert): Promise<EngineResult> {
  const plain = PLAIN_INSERT.exec(insert.head)?.groups
  const columns = plain?.columns?.split(',').map((name) => name.trim().replaceAll('`', ''))
  const isPlain = columns?.every((name) => /^[\w.]+$/.test(name)) ?? true
  if (insert.data.length === 0) return wrote(0, 0)
  if (plain?.table === undefined || !isPlain || !RAW_FORMATS.has(insert.format)) {
    const byName = isPlain && insert.format === 'Native'
    return await insertFile({ ...insert, ...(byName && { columns: plain?.columns }) })
  }
  const { rowsWritten, bytesWritten } = await insert.session.insert({
    table: plain.table.replaceAll('`', ''),
    values: insert.data,
    format: insert.format as 'JSONEachRow',
    ...(columns && { columns }),
  })
  return wrote(rowsWritten, bytesWritten)
}

async function insertFile({ session, head, format, data, options, columns = '*' }: DataInsert) {
  const file = join(options.temporaryDir, `${randomUUID()}.data`)
  await writeFile(file, data, { mode: 0o600 })
  try {
    await session.queryAsync(`${head} SELECT ${columns} FROM file(${quote(file)}, '${format}')`)
    return wrote(undefined, data.length)
  } finally {
    await rm(file, { force: true })
  }
}

const wrote = (rowsWritten: number | undefined, bytesWritten: number): EngineResult => ({
  bytes: new Uint8Array(0),
  format: 'TabSeparated',
  rowsRead: 0,
  bytesRead: 0,
  rowsWritten,
  bytesWritten,
})
