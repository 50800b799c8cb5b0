import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** A file that only grows, and whose every answered byte survives a power loss. */
export interface SegmentFile {
  readonly file: string
  /** Adds bytes and syncs them. When it fails, what it left behind is cut off if that is possible. */
  append(chunks: readonly Uint8Array[]): Promise<void>
  /** Closes it; a file without bytes is removed. */
  close(): Promise<void>
}

/** @throws when the file exists, or cannot be made */
export async function createSegmentFile(options: {
  readonly dir: string
  readonly name: string
}): Promise<SegmentFile> {
  const file = join(options.dir, options.name)
  const handle = await open(file, 'ax', 0o600)
  await syncDirectory(options.dir)
  let goodBytes = 0
  return {
    file,
    async append(chunks) {
      const bytes = Buffer.concat(chunks)
      try {
        await handle.appendFile(bytes)
        await handle.datasync()
        goodBytes += bytes.length
      } catch (fault) {
        await handle.truncate(goodBytes).catch(() => {})
        throw fault
      }
    },
    async close() {
      // Everything that counts is synced already.
      await handle.close().catch(() => {})
      if (goodBytes === 0) await rm(file, { force: true })
    },
  }
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
