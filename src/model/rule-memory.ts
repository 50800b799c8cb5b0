/** Where the state of rules survives `kill -9`: one blob, replaced as a whole. */
export interface RuleMemory {
  /** What was saved last; undefined before the first time, or when it cannot be read. */
  load(): Uint8Array | undefined
  /** Replaces it, synced to disk before it takes the place of the old one. Rejects on I/O faults. */
  save(chunks: readonly Uint8Array[]): Promise<void>
}
