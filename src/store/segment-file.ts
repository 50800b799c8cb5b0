import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'

/** A file that only grows, and whose every answered byte survives a power loss. */
export interface SegmentFile {
  /** Adds bytes and syncs them. When it fails, `cut` decides what becomes of what is there. */
  append(chunks: readonly Uint8Array[]): Promise<void>
  /** Takes back what `append` added since the last `keep`, as far as that is possible. */
  cut(): Promise<void>
  /** What was appended counts from now on. */
  keep(): void
  close(): Promise<void>
}

/**
 * Every write returns when the disk has it (`O_DSYNC`): one trip through the thread pool instead of
 * two. On macOS it may still wait in the drive's own cache, where only `fsync` would reach it.
 */
const FLAGS = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_DSYNC

/** @throws when the file exists, or cannot be made */
export async function createSegmentFile(file: string): Promise<SegmentFile> {
  const handle = await open(file, FLAGS, 0o600)
  let keptBytes = 0
  let bytes = 0
  return {
    async append(chunks) {
      bytes += await writeAll(handle, { chunks, at: bytes })
    },
    async cut() {
      bytes = keptBytes
      await handle.truncate(keptBytes).catch(() => {})
    },
    keep() {
      keptBytes = bytes
    },
    async close() {
      // Everything that counts is synced already.
      await handle.close().catch(() => {})
    },
  }
}

/** A full disk takes a part of what it is given, and says so only when it is given the rest. */
async function writeAll(
  handle: FileHandle,
  { chunks, at }: { readonly chunks: readonly Uint8Array[]; readonly at: number },
): Promise<number> {
  let rest = chunks.filter((chunk) => chunk.byteLength > 0)
  let written = 0
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at + written)
    if (bytesWritten === 0) throw new Error('the disk took nothing')
    written += bytesWritten
    rest = withoutFirst(rest, bytesWritten)
  }
  return written
}

function withoutFirst(chunks: readonly Uint8Array[], byteCount: number): Uint8Array[] {
  let skipped = 0
  return chunks.flatMap((chunk) => {
    const from = Math.min(chunk.byteLength, Math.max(0, byteCount - skipped))
    skipped += chunk.byteLength
    return from === chunk.byteLength ? [] : [chunk.subarray(from)]
  })
}

/** A new file is only safe from a power loss when its directory is. */
export async function syncDirectory(dir: string) {
  const handle: FileHandle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** 0 for a file that is not there. */
export async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch (fault) {
    if ((fault as { code?: string }).code === 'ENOENT') return 0
    throw fault
  }
}
