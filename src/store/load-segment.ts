import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../lib/errors.ts'
import type { StoreEvents } from '../telemetry/store-events.ts'
import { clickHouseCodeOf } from './clickhouse.ts'
import { byBlockFileOf, type Segment, tableFileOf } from './log-segment.ts'
import type { Load } from './native-load.ts'
import type { SegmentContent, StoredBlock, StoredTable } from './read-segment.ts'
import type { RefusedPart } from './refused-blocks.ts'
import { syncDirectory } from './segment-file.ts'

// One segment on its way into ClickHouse: each table file is one load with the token ID:TABLE. A
// file that is refused for good is loaded block by block, ID:TABLE:BLOCK, so that only the refused
// blocks are set aside.

export type Attempt =
  | { readonly status: 'ok' }
  | { readonly status: 'unavailable' | 'refused'; readonly reason: string }

export interface LoadSegmentOptions {
  readonly dir: string
  readonly load: Load
  readonly setAside: (part: RefusedPart) => Promise<void>
  readonly events: Pick<StoreEvents, 'tableLoaded'>
  /** Tables whose last file was refused: there, trying again is a waste. Grows and shrinks. */
  readonly badTables: Set<string>
}

export interface SegmentLoad {
  /** One round over the tables that are not done. Loads that were confirmed are not repeated. */
  attempt(): Promise<Attempt>
}

const REFUSALS_MAX = 3

/** Codes that say something of the table, not of the data: 8, 10, 16, 36, 47, 60, 81. */
const TABLE_CODES = new Set([8, 10, 16, 36, 47, 60, 81])

export function createSegmentLoad(given: {
  readonly segment: Segment
  readonly content: SegmentContent
  readonly options: LoadSegmentOptions
}): SegmentLoad {
  const { segment, options } = given
  const { badTables, events } = options
  const left = new Set(given.content.tables)
  const refusalCounts = new Map<string, number>()
  const blockLoads = new Map<string, () => Promise<void>>()

  const fileOf = ({ table }: StoredTable) => join(options.dir, tableFileOf(segment.id, table))

  const refuse = async (stored: StoredTable, fault: unknown): Promise<string | undefined> => {
    const { table } = stored
    const refusalCount = (refusalCounts.get(table) ?? 0) + 1
    refusalCounts.set(table, refusalCount)
    const reason = reasonOf(fault)
    if (refusalCount < REFUSALS_MAX && !badTables.has(table)) return `${table}: ${reason}`
    badTables.add(table)
    const part = { segment, stored, file: fileOf(stored), options }
    if (TABLE_CODES.has(clickHouseCodeOf(fault) ?? 0)) {
      await options.setAside(toRefused(part, { blocks: stored.blocks, reason }))
      return undefined
    }
    await markSynced(options.dir, byBlockFileOf(part.file))
    return await loadByBlock(part)
  }
  const loadByBlock = async (part: TablePart): Promise<undefined> => {
    const { table } = part.stored
    const byBlock = blockLoads.get(table) ?? createBlockLoad(part)
    blockLoads.set(table, byBlock)
    await byBlock()
  }
  const loadTable = async (stored: StoredTable): Promise<string | undefined> => {
    const { table, columns } = stored
    const file = fileOf(stored)
    if (existsSync(byBlockFileOf(file))) {
      return await loadByBlock({ segment, stored, file, options })
    }
    try {
      await options.load({ table, columns, file, token: `${segment.id}:${table}` })
    } catch (fault) {
      if (isUnavailable(fault)) throw fault
      return await refuse(stored, fault)
    }
    badTables.delete(table)
    events.tableLoaded({ table, rowCount: stored.rowCount })
    return undefined
  }

  return {
    async attempt() {
      let refusal: string | undefined
      try {
        for (const stored of left) {
          const refused = await loadTable(stored)
          if (refused === undefined) left.delete(stored)
          refusal ??= refused
        }
      } catch (fault) {
        return { status: 'unavailable', reason: reasonOf(fault) }
      }
      return refusal === undefined ? { status: 'ok' } : { status: 'refused', reason: refusal }
    },
  }
}

interface TablePart {
  readonly segment: Segment
  readonly stored: StoredTable
  readonly file: string
  readonly options: LoadSegmentOptions
}

interface RefusedRun {
  readonly blocks: StoredBlock[]
  readonly reason: string
}

/** Goes on where it was when the database did not answer. */
function createBlockLoad(part: TablePart): () => Promise<void> {
  const { segment, stored, file, options } = part
  const { table, columns, blocks } = stored
  /** Neighbours are kept together. */
  const runs: RefusedRun[] = []
  let [next, lastRefused, loadedRows] = [0, -1, 0]

  const loadBlock = async (block: StoredBlock) => {
    try {
      const token = `${segment.id}:${table}:${next}`
      await options.load({ table, columns, file, part: block, token })
      loadedRows += block.rowCount
    } catch (fault) {
      if (isUnavailable(fault)) throw fault
      const run = lastRefused === next - 1 ? runs.at(-1) : undefined
      if (run) run.blocks.push(block)
      else runs.push({ blocks: [block], reason: reasonOf(fault) })
      lastRefused = next
    }
  }
  return async () => {
    for (let block = blocks[next]; block; block = blocks[++next]) await loadBlock(block)
    for (let run = runs[0]; run; run = runs[0]) {
      await options.setAside(toRefused(part, run))
      runs.shift()
    }
    options.events.tableLoaded({ table, rowCount: loadedRows })
  }
}

function toRefused(
  { segment, stored, file }: TablePart,
  { blocks, reason }: { readonly blocks: StoredTable['blocks']; readonly reason: string },
): RefusedPart {
  return {
    ...{ segment: segment.id, table: stored.table, file, reason },
    from: blocks[0]?.from ?? 0,
    byteCount: blocks.reduce((sum, { byteCount }) => sum + byteCount, 0),
    rowCount: blocks.reduce((sum, { rowCount }) => sum + rowCount, 0),
    blockCount: blocks.length,
  }
}

async function markSynced(dir: string, file: string): Promise<void> {
  await writeFile(file, '')
  await syncDirectory(dir)
}

/** Our own faults too: a disk that cannot be read or written now may be again. */
const isUnavailable = (fault: unknown) =>
  !(fault instanceof AppError) || fault.code === 'CLICKHOUSE_UNAVAILABLE'

const reasonOf = (fault: unknown) => (fault instanceof Error ? fault.message : String(fault))
