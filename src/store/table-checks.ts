import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { FramedBlock } from './log-frames.ts'

/** Whether the table files of a segment hold what its journal says, block after block. */
export interface TableChecks {
  /** Whether the next block of its table is there in full; `isRead`: and its bytes are right. */
  holds(block: FramedBlock, isRead: boolean): Promise<boolean>
  close(): Promise<void>
}

interface OpenTable {
  /** Undefined when there is no such file. */
  readonly handle: FileHandle | undefined
  readonly size: number
  at: number
}

const CHUNK_BYTES = 1 << 20

/** Memory: one mebibyte, whatever the size of the blocks. */
export function createTableChecks(fileOf: (table: string) => string): TableChecks {
  const tables = new Map<string, OpenTable>()
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  return {
    async holds({ table, byteCount, crc }, isRead) {
      const file = tables.get(table) ?? (await openTable(fileOf(table)))
      tables.set(table, file)
      const from = file.at
      file.at += byteCount
      if (file.at > file.size) return false
      if (!isRead || file.handle === undefined) return true
      return (await sumOf(file.handle, { buffer, from, byteCount })) === crc
    },
    async close() {
      for (const { handle } of tables.values()) await handle?.close()
    },
  }
}

async function openTable(file: string): Promise<OpenTable> {
  try {
    const handle = await open(file, 'r')
    return { handle, size: (await handle.stat()).size, at: 0 }
  } catch (fault) {
    if ((fault as { code?: string }).code !== 'ENOENT') throw fault
    return { handle: undefined, size: 0, at: 0 }
  }
}

async function sumOf(
  handle: FileHandle,
  part: { readonly buffer: Buffer; readonly from: number; readonly byteCount: number },
): Promise<number> {
  const end = part.from + part.byteCount
  let sum = 0
  for (let at = part.from; at < end; ) {
    const length = Math.min(CHUNK_BYTES, end - at)
    const { bytesRead } = await handle.read(part.buffer, 0, length, at)
    if (bytesRead === 0) return -1
    sum = crc32(part.buffer.subarray(0, bytesRead), sum)
    at += bytesRead
  }
  return sum
}
