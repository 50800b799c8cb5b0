/**
 * Remembers the keys seen lately, so that what is delivered twice counts once. Two generations of
 * at most `countMax` keys: when the younger is full, the older is forgotten as a whole. So a key is
 * known for at least the next `countMax` keys, and never costs more than two generations.
 */
export interface RecentKeys {
  /** True when this key was not yet seen with this flag (a bit); remembers it. */
  isNew(key: string, flag: number): boolean
}

export function createRecentKeys(options: { countMax: number }): RecentKeys {
  let young = new Map<string, number>()
  let old = new Map<string, number>()
  return {
    isNew(key, flag) {
      const flags = young.get(key) ?? old.get(key) ?? 0
      if ((flags & flag) !== 0) return false
      if (young.size >= options.countMax && !young.has(key)) {
        old = young
        young = new Map()
      }
      young.set(key, flags | flag)
      return true
    },
  }
}
