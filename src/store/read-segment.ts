import { readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { ONCE_MS, type TakenRequest } from '../model/otlp.ts'
import { decodeFrames, type Frame, type FramedBlock } from './log-frames.ts'
import { journalFileOf, type Segment, tableFileOf } from './log-segment.ts'
import { sizeOf } from './segment-file.ts'
import { createTableChecks, type TableChecks } from './table-checks.ts'

/** Blocks of one table: a file as it lies, or a part of it. */
export interface StoredTable {
  readonly table: string
  readonly columns: readonly string[]
  readonly rowCount: number
  readonly byteCount: number
  readonly blocks: readonly StoredBlock[]
}

export interface StoredBlock {
  readonly from: number
  readonly byteCount: number
  readonly rowCount: number
}

export interface SegmentContent {
  /** In the order of their first use. */
  readonly tables: readonly StoredTable[]
  /** What must be remembered of its requests when it is gone. */
  readonly taken: readonly TakenRequest[]
  /** Bytes of an unfinished or damaged end, cut off all files. */
  readonly tornBytes: number
}

/**
 * What counts of a segment; the rest is cut off its files, so that it is counted once. Of one that
 * this process wrote, the sizes are compared; of another one, all bytes.
 *
 * @throws when a file cannot be read: then nothing was cut
 */
export async function readSegment(
  dir: string,
  segment: Segment,
  check: 'sizes' | 'end' | 'all' = segment.journalBytes === undefined ? 'all' : 'sizes',
): Promise<SegmentContent> {
  const journal = await readFile(journalFileOf({ dir, id: segment.id })).catch(emptyIfMissing)
  const frames = decodeFrames(journal.subarray(0, segment.journalBytes))
  const checks = createTableChecks((table) => join(dir, tableFileOf(segment.id, table)))
  try {
    const good = await takeGood(frames, { checks, check })
    const tornBytes = await cut({ dir, segment, frames: good, journalBytes: journal.length })
    return { tables: toTables(good), taken: good.flatMap(({ taken }) => taken), tornBytes }
  } finally {
    await checks.close()
  }
}

/**
 * What must still be remembered of a segment that an earlier run left. Only its last group can be
 * unfinished, so that the rest is not even read; nor is an old one: there may be gigabytes of them.
 */
export async function readTaken(dir: string, segment: Segment, nowUnixMs: number) {
  const { mtimeMs } = await stat(journalFileOf({ dir, id: segment.id }))
  if (nowUnixMs - mtimeMs > ONCE_MS) return { taken: [], tornBytes: 0 }
  return await readSegment(dir, segment, 'end')
}

type PlacedFrame = Frame & { readonly endsAt: number }

async function takeGood(
  frames: readonly PlacedFrame[],
  { checks, check }: { readonly checks: TableChecks; readonly check: 'sizes' | 'end' | 'all' },
): Promise<readonly PlacedFrame[]> {
  for (const [index, { blocks }] of frames.entries()) {
    const isRead = check === 'all' || (check === 'end' && index === frames.length - 1)
    for (const block of blocks) {
      if (!(await checks.holds(block, isRead))) return frames.slice(0, index)
    }
  }
  return frames
}

async function cut(given: {
  readonly dir: string
  readonly segment: Segment
  readonly frames: readonly PlacedFrame[]
  readonly journalBytes: number
}): Promise<number> {
  const { dir, segment, frames } = given
  const goodBytes = frames.at(-1)?.endsAt ?? 0
  let tornBytes = given.journalBytes - goodBytes
  if (given.journalBytes > goodBytes)
    await truncate(journalFileOf({ dir, id: segment.id }), goodBytes)
  const stored = toTables(frames)
  for (const table of segment.tables) {
    const file = join(dir, tableFileOf(segment.id, table))
    const keptBytes = stored.find((one) => one.table === table)?.byteCount ?? 0
    const tornHere = (await sizeOf(file)) - keptBytes
    if (tornHere <= 0) continue
    await truncate(file, keptBytes)
    tornBytes += tornHere
  }
  return tornBytes
}

function toTables(frames: readonly Frame[]): StoredTable[] {
  const byTable = new Map<string, FramedBlock[]>()
  for (const block of frames.flatMap(({ blocks }) => blocks)) {
    const known = byTable.get(block.table)
    if (known) known.push(block)
    else byTable.set(block.table, [block])
  }
  return [...byTable].map(([table, framed]) => {
    let [rowCount, byteCount] = [0, 0]
    const blocks = framed.map((block) => {
      const from = byteCount
      rowCount += block.rowCount
      byteCount += block.byteCount
      return { from, byteCount: block.byteCount, rowCount: block.rowCount }
    })
    return { table, columns: framed[0]?.columns ?? [], rowCount, byteCount, blocks }
  })
}

/** Somebody took a file away by hand: what was in it is gone, and must not block the rest. */
function emptyIfMissing(fault: { readonly code?: string }): Buffer {
  if (fault.code !== 'ENOENT') throw fault
  return Buffer.alloc(0)
}
