import { createWriteStream, readFileSync } from 'node:fs'
import type { LedgerEntry } from './ledger-entry.ts'

/** One file of the fleet's record, one JSON object per line; each process writes its own. */
export interface Ledger {
  write(entry: LedgerEntry): void
  /** Resolves when everything is on disk. */
  close(): Promise<void>
}

export function createLedger(file: string): Ledger {
  const stream = createWriteStream(file)
  return {
    write: (entry) => void stream.write(`${JSON.stringify(entry)}\n`),
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  }
}

export function readLedger(files: readonly string[]): LedgerEntry[] {
  return files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LedgerEntry),
  )
}
