import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'libsql'
import { AppError } from '../lib/errors.ts'
import type { StateChange, StateStore } from '../model/state-store.ts'

// SQLite, because control state must survive `kill -9` and power loss, fits in memory, and belongs
// together in transactions. WAL with synchronous=FULL: a commit is one append and one fsync.
// locking_mode=EXCLUSIVE: the lock is held from open to close (or death, then the kernel lets it
// go), so that two controllers never act on one data directory.

/**
 * Opens or creates the control state. Holds the data directory's lock until `close`.
 *
 * @throws AppError DATA_DIR_LOCKED at once when another process, or store, has it open
 */
export function createStateStore(options: {
  readonly file: string
}): StateStore & { close(): void } {
  const database = openLocked(options.file)
  const select = database.prepare('SELECT value, revision FROM documents WHERE key = ?')
  const selectRange = database.prepare(
    'SELECT key, value, revision FROM documents WHERE key >= ? AND key < ? ORDER BY key',
  )
  const upsert = database.prepare(
    `INSERT INTO documents (key, value, revision) VALUES (?, ?, 1)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = revision + 1`,
  )
  const remove = database.prepare('DELETE FROM documents WHERE key = ?')
  const find = (key: string) => select.get(key) as DocumentRow | undefined

  const apply = ({ key, value, expect }: StateChange): boolean => {
    if (expect !== undefined && (find(key)?.revision ?? 0) !== expect) return false
    if (value === undefined) remove.run(key)
    else upsert.run(key, JSON.stringify(value))
    return true
  }

  return {
    get<T>(key: string) {
      const row = find(key)
      return row && { value: JSON.parse(row.value) as T, revision: row.revision }
    },
    list<T>(prefix: string) {
      const rows = selectRange.all(prefix, `${prefix}\u{10ffff}`) as DocumentRow[]
      return rows.map(({ key, value, revision }) => ({
        key,
        value: JSON.parse(value) as T,
        revision,
      }))
    },
    commit(changes) {
      database.exec('BEGIN IMMEDIATE')
      try {
        const isApplied = changes.every(apply)
        database.exec(isApplied ? 'COMMIT' : 'ROLLBACK')
        return isApplied
      } catch (fault) {
        if (database.inTransaction) database.exec('ROLLBACK')
        throw fault
      }
    },
    close() {
      if (!database.open) return
      // Prepared statements keep the handle, and so the lock, alive until they are collected:
      // leaving WAL and exclusive locking lets go of it now.
      database.pragma('journal_mode = DELETE')
      database.pragma('locking_mode = NORMAL')
      find('')
      database.close()
    },
  }
}

/** @throws AppError CONFIG_INVALID when the folder cannot be made or written */
function openFile(file: string) {
  try {
    mkdirSync(dirname(file), { recursive: true })
    return new Database(file, { timeout: 0 })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AppError(
      'CONFIG_INVALID',
      `cannot keep data in ${dirname(file)} (${reason}); set SIGNALBOX_DATA_DIR to a directory that may be written`,
      { cause },
    )
  }
}

interface DocumentRow {
  readonly key: string
  readonly value: string
  readonly revision: number
}

function openLocked(file: string) {
  const database = openFile(file)
  try {
    database.pragma('locking_mode = EXCLUSIVE')
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    // The first write takes the lock; SQLite then keeps it.
    database.exec(`BEGIN EXCLUSIVE;
      CREATE TABLE IF NOT EXISTS documents (
        key TEXT PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT NULL
      ) WITHOUT ROWID;
      COMMIT`)
    return database
  } catch (fault) {
    database.close()
    if ((fault as { code?: string }).code?.startsWith('SQLITE_BUSY')) {
      throw new AppError(
        'DATA_DIR_LOCKED',
        `another Signalbox is already running on ${dirname(file)}; ` +
          'stop it first, or give this one a directory of its own with SIGNALBOX_DATA_DIR',
        { cause: fault },
      )
    }
    throw fault
  }
}
