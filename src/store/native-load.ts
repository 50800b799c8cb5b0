import { createReadStream, type ReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import type { ClickHouseSettings } from '@clickhouse/client'
import { AppError } from '../lib/errors.ts'

/** `Native` blocks, revision 0, one after the other. */
export interface NativeLoad {
  readonly table: string
  readonly columns: readonly string[]
  /** Absolute. */
  readonly file: string
  /** Whole blocks of the file; without it, all of it. */
  readonly part?: { readonly from: number; readonly byteCount: number }
  /** The same bytes with the same token are stored once, as far back as the table remembers. */
  readonly token: string
}

export type Load = (load: NativeLoad) => Promise<void>

/**
 * A load becomes one block, and so one part per partition: fewer merges, and a retry is the same
 * block again, which its token needs. Two threads, because the machine has other work.
 */
export const LOAD_SETTINGS: ClickHouseSettings = {
  min_insert_block_size_rows: '1073741824',
  min_insert_block_size_bytes: '0',
  max_threads: 2,
  max_insert_threads: '1',
  // Blocks of the file as they are, one after the other: read ahead, they cost 300 MB.
  max_block_size: '8192',
  input_format_parallel_parsing: 0,
  // Else a column of another name is left out, and filled with nothing.
  input_format_skip_unknown_fields: 0,
}

/** What `file()` would take for a pattern or an archive. */
const NO_PLAIN_PATH = /[*?{}]|::/

export interface LoadStatement {
  readonly query: string
  /** Undefined where the database reads the file itself. */
  readonly body: ReadStream | undefined
}

/** @throws AppError CLICKHOUSE_QUERY_FAILED when there is no such file: waiting would not mend it */
export async function toLoadStatement(
  load: NativeLoad,
  { readsFiles }: { readonly readsFiles: boolean },
): Promise<LoadStatement> {
  const { table, file, part } = load
  await access(file).catch((cause) => {
    if (cause.code !== 'ENOENT') throw cause
    throw new AppError('CLICKHOUSE_QUERY_FAILED', `${file} is gone`, { cause })
  })
  const columns = load.columns.map((name) => `\`${name}\``).join(', ')
  const into = `INSERT INTO ${table} (${columns})`
  if (!readsFiles || part !== undefined || NO_PLAIN_PATH.test(file)) {
    const range = part && { start: part.from, end: part.from + part.byteCount - 1 }
    return { query: `${into} FORMAT Native`, body: createReadStream(file, range) }
  }
  const path = file.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
  return { query: `${into} SELECT ${columns} FROM file('${path}', 'Native')`, body: undefined }
}
