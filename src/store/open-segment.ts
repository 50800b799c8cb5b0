import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Block } from '../model/block.ts'
import type { TakenRequest } from '../model/otlp.ts'
import { encodeFrame, type FramedBlock } from './log-frames.ts'
import {
  journalFileOf,
  removeSegment,
  type Segment,
  type SegmentPlace,
  tableFileOf,
} from './log-segment.ts'
import { createSegmentFile, type SegmentFile, syncDirectory } from './segment-file.ts'

/** What is written and synced together. */
interface Group {
  readonly blocks: readonly Block[]
  readonly taken: readonly TakenRequest[]
}

/** The segment that is being written: one file per table, and the journal that says what counts. */
export interface OpenSegment {
  /** Bytes that count. */
  readonly bytes: number
  readonly rowCount: number
  /** Whether the blocks have the columns that their tables have here. */
  fits(blocks: readonly Block[]): boolean
  /** Resolves when the group survives a power loss. After a failure the segment must be closed. */
  append(group: Group): Promise<void>
  /** @returns undefined when nothing in it counts; then it is gone */
  close(): Promise<Segment | undefined>
}

interface OpenTable {
  readonly file: SegmentFile
  readonly columns: readonly string[]
}

/** @throws when its files cannot be made */
export async function openSegment(place: SegmentPlace): Promise<OpenSegment> {
  const { dir, id } = place
  const journal = await createSegmentFile(journalFileOf(place))
  const tables = new Map<string, OpenTable>()
  let isNew = true
  let [bytes, rowCount, journalBytes] = [0, 0, 0]

  const openTable = async ({ table, columns }: Block): Promise<SegmentFile> => {
    const known = tables.get(table)
    if (known !== undefined) return known.file
    const file = await createSegmentFile(join(dir, tableFileOf(id, table)))
    tables.set(table, { file, columns })
    isNew = true
    return file
  }
  const files = () => [journal, ...[...tables.values()].map(({ file }) => file)]

  /** All at once: one round of syncs. Every write is over, well or badly, when it returns. */
  const write = async (frame: Buffer, chunksOf: ReadonlyMap<SegmentFile, Uint8Array[]>) => {
    const writes = [...chunksOf].map(([file, chunks]) => file.append(chunks))
    if (isNew) writes.push(syncDirectory(dir))
    const ends = await Promise.allSettled([journal.append([frame]), ...writes])
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed) throw failed.reason
    isNew = false
  }

  return {
    get bytes() {
      return bytes
    },
    get rowCount() {
      return rowCount
    },
    fits: (blocks) =>
      blocks.every(({ table, columns }) => {
        const known = tables.get(table)?.columns
        return known === undefined || known === columns || known.join() === columns.join()
      }),
    async append({ blocks, taken }) {
      const framed: FramedBlock[] = []
      const chunksOf = new Map<SegmentFile, Uint8Array[]>()
      try {
        for (const block of blocks) {
          framed.push(toFramed(block, tables.has(block.table)))
          const file = await openTable(block)
          chunksOf.set(file, [...(chunksOf.get(file) ?? []), ...block.chunks])
        }
        const frame = encodeFrame({ blocks: framed, taken })
        await write(frame, chunksOf)
        for (const file of files()) file.keep()
        journalBytes += frame.length
        bytes += frame.length + sumOf(blocks, 'byteCount')
        rowCount += sumOf(blocks, 'rowCount')
      } catch (fault) {
        await Promise.all(files().map((file) => file.cut()))
        throw fault
      }
    },
    async close() {
      await Promise.all(files().map((file) => file.close()))
      const segment = { id, bytes, journalBytes, tables: [...tables.keys()] }
      if (journalBytes > 0) return segment
      // What cannot be removed is found at the next start.
      await removeSegment(dir, segment).catch(() => {})
      return undefined
    },
  }
}

function toFramed(block: Block, isKnown: boolean): FramedBlock {
  const { table, columns, rowCount, byteCount } = block
  const crc = block.chunks.reduce((sum, chunk) => crc32(chunk, sum), 0)
  return { table, ...(!isKnown && { columns }), rowCount, byteCount, crc }
}

const sumOf = (blocks: readonly Block[], key: 'byteCount' | 'rowCount') =>
  blocks.reduce((sum, block) => sum + block[key], 0)
