/** Remembers values for a while: at most `countMax`, none older than `ageMaxMs`; oldest go first. */
export interface RecentMap<V> {
  /** Undefined when it was never set, was pushed out, or is older than `ageMaxMs`. */
  get(key: string, nowMs: number): V | undefined
  /** Sets, and makes it the youngest. */
  set(key: string, value: V, nowMs: number): void
}

export function createRecentMap<V>(options: {
  readonly countMax: number
  readonly ageMaxMs: number
}): RecentMap<V> {
  const entries = new Map<string, { readonly value: V; readonly atMs: number }>()
  return {
    get(key, nowMs) {
      const entry = entries.get(key)
      return entry && nowMs - entry.atMs <= options.ageMaxMs ? entry.value : undefined
    },
    set(key, value, nowMs) {
      entries.delete(key)
      entries.set(key, { value, atMs: nowMs })
      for (const [oldest, { atMs }] of entries) {
        if (entries.size <= options.countMax && nowMs - atMs <= options.ageMaxMs) break
        entries.delete(oldest)
      }
    },
  }
}
