import type { Generation } from '../model/generation.ts'
import { compareGenerations } from '../model/generation.ts'

/** Which pair held since when, oldest first; the oldest are forgotten beyond `PAIRS_MAX`. */
export interface PairHistory {
  /** Ignored when it is the newest one already. */
  add(pair: Generation, sinceUnixMs: number): void
  /** The pair that held at that time; undefined before the first one. */
  at(unixMs: number): Generation | undefined
  readonly newest: { readonly pair: Generation; readonly sinceUnixMs: number } | undefined
}

const PAIRS_MAX = 32

export function createPairHistory(): PairHistory {
  const entries: { pair: Generation; sinceUnixMs: number }[] = []
  return {
    add(pair, sinceUnixMs) {
      const last = entries.at(-1)
      if (last && compareGenerations(last.pair, pair) === 0) return
      entries.push({ pair, sinceUnixMs })
      if (entries.length > PAIRS_MAX) entries.shift()
    },
    at(unixMs) {
      for (let index = entries.length - 1; index >= 0; index--) {
        const entry = entries[index]
        if (entry && entry.sinceUnixMs <= unixMs) return entry.pair
      }
      return undefined
    },
    get newest() {
      return entries.at(-1)
    },
  }
}
