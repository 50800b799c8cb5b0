import { readFileSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RuleMemory } from '../model/rule-memory.ts'

/**
 * A file of its own and not the state store: it is rewritten every second, may be megabytes, and what
 * a crash loses of it is one second of windows, while the state store syncs on the main thread.
 */
export function createRuleMemory({ dataDir }: { readonly dataDir: string }): RuleMemory {
  const file = join(dataDir, 'rules.state')
  return {
    load() {
      try {
        return readFileSync(file)
      } catch {
        return undefined
      }
    },
    async save(chunks) {
      const next = `${file}.next`
      try {
        await write(next, chunks)
      } catch (fault) {
        // Where there is no room, what was written of it would take the last of it from others.
        await rm(next, { force: true })
        throw fault
      }
      await rename(next, file)
    },
  }
}

async function write(file: string, chunks: readonly Uint8Array[]): Promise<void> {
  const handle = await open(file, 'w', 0o600)
  try {
    const { bytesWritten } = await handle.writev(chunks)
    const byteCount = chunks.reduce((sum, { length }) => sum + length, 0)
    // A nearly full disk takes what fits, without an error: only the rest fails.
    if (bytesWritten < byteCount)
      await handle.writeFile(Buffer.concat(chunks).subarray(bytesWritten))
    await handle.datasync()
  } finally {
    await handle.close()
  }
}
