import { readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
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
      const handle = await open(next, 'w', 0o600)
      try {
        await handle.writev(chunks)
        await handle.datasync()
      } finally {
        await handle.close()
      }
      await rename(next, file)
    },
  }
}
