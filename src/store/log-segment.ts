import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sizeOf } from './segment-file.ts'

// A segment of the write-ahead log is loadable as it lies: one file per table, `ID.TABLE.native`,
// which is nothing but `Native` blocks one after the other, and a journal `ID.log` that says what is
// in them. A group counts only if its frame is whole and every table file holds its bytes. The
// journal goes first when a segment is removed: without it, table files count for nothing.

export interface Segment {
  /** Unique for ever; sorts by age, and starts with it. Part of the deduplication token. */
  readonly id: string
  /** Of all its files. */
  readonly bytes: number
  /** Tables that have a file here, be it one in which nothing counts. */
  readonly tables: readonly string[]
  /** Where its journal ends, if this process wrote it; what another one left is checked first. */
  readonly journalBytes?: number
}

export interface SegmentPlace {
  readonly dir: string
  readonly id: string
}

const JOURNAL = '.log'
const BY_BLOCK = '.by-block'
const TABLE = '.native'

export const journalFileOf = ({ dir, id }: SegmentPlace) => join(dir, `${id}${JOURNAL}`)
export const tableFileOf = (id: string, table: string) => `${id}.${table}${TABLE}`

/**
 * Stands beside a table file that was refused as a whole, so that after a restart its blocks are not
 * loaded under two tokens: as blocks before, and as a whole by a table that takes them now.
 */
export const byBlockFileOf = (file: string) => file.slice(0, -TABLE.length) + BY_BLOCK

/** When it was opened. */
export const bornUnixMs = ({ id }: Pick<Segment, 'id'>) => Number(id.split('-')[0])

/** What an earlier run left, oldest first. Table files without a journal are removed. */
export async function findSegments(dir: string): Promise<Segment[]> {
  const names = (await readdir(dir)).sort()
  const ids = new Set(names.filter((name) => name.endsWith(JOURNAL)).map(idOf))
  const tables = new Map<string, string[]>([...ids].map((id) => [id, []]))
  for (const name of names.filter((one) => one.endsWith(TABLE) || one.endsWith(BY_BLOCK))) {
    const known = tables.get(idOf(name))
    if (known === undefined) await rm(join(dir, name), { force: true })
    else if (name.endsWith(TABLE)) known.push(name.slice(idOf(name).length + 1, -TABLE.length))
  }
  return await Promise.all(
    [...tables].map(async ([id, own]) => {
      const files = [`${id}${JOURNAL}`, ...own.map((table) => tableFileOf(id, table))]
      const sizes = await Promise.all(files.map((file) => sizeOf(join(dir, file))))
      return { id, bytes: sizes.reduce((sum, size) => sum + size, 0), tables: own }
    }),
  )
}

const idOf = (name: string) => name.split('.')[0] ?? ''

export async function removeSegment(dir: string, { id, tables }: Segment): Promise<void> {
  await rm(journalFileOf({ dir, id }), { force: true })
  for (const table of tables) {
    const file = join(dir, tableFileOf(id, table))
    await rm(file, { force: true })
    await rm(byBlockFileOf(file), { force: true })
  }
}
