/**
 * How many different values a sliding window of event time holds: an exact set that remembers when
 * each value was last seen. Bounded: above `countMax` the value seen longest ago is forgotten, so
 * the count saturates there and is never too high.
 */
export interface DistinctWindow {
  add(atMs: number, value: string): void
  /** Values last seen after endMs − windowMs; what is newer than endMs counts too. */
  count(endMs: number, windowMs: number): number
  clear(): void
  /** Values with when each was last seen, seen longest ago first. */
  save(): readonly (readonly [string, number])[]
  /** False, and nothing changes, for what is no such list. */
  load(saved: unknown): boolean
}

export function createDistinctWindow(options: { countMax: number }): DistinctWindow {
  // A Map keeps insertion order; a value seen again moves to the end.
  const seen = new Map<string, number>()
  return {
    add(atMs, value) {
      const lastMs = seen.get(value)
      if (lastMs !== undefined && lastMs >= atMs) return
      seen.delete(value)
      seen.set(value, atMs)
      if (seen.size <= options.countMax) return
      const first = seen.keys().next().value
      if (first !== undefined) seen.delete(first)
    },
    count(endMs, windowMs) {
      let total = 0
      for (const atMs of seen.values()) if (atMs > endMs - windowMs) total++
      return total
    },
    clear: () => seen.clear(),
    save: () => [...seen],
    load(saved) {
      if (!Array.isArray(saved) || !saved.every(isSeen)) return false
      seen.clear()
      for (const [value, atMs] of saved.slice(-options.countMax)) seen.set(value, atMs)
      return true
    },
  }
}

function isSeen(entry: unknown): entry is [string, number] {
  return Array.isArray(entry) && typeof entry[0] === 'string' && Number.isFinite(entry[1])
}
