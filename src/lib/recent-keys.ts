/**
 * Remembers the keys seen lately, so that what is delivered twice counts once. Two generations of
 * at most `countMax` keys: when the younger is full, the older is forgotten as a whole. So a key is
 * known for at least the next `countMax` keys.
 *
 * Kept are 64 bits of hash instead of the keys: 20 bytes each, and no strings that grow old. With
 * half a million keys, one in 10^8 generations takes two keys for one.
 */
export interface RecentKeys {
  /** True when this key was not yet seen with this flag (a bit, below 256); remembers it. */
  isNew(key: string, flag: number): boolean
}

export function createRecentKeys(options: { countMax: number }): RecentKeys {
  return new Generations(options.countMax)
}

class Generations implements RecentKeys {
  readonly #countMax: number
  #young: KeyTable
  #old: KeyTable

  constructor(countMax: number) {
    this.#countMax = countMax
    this.#young = new KeyTable(countMax)
    this.#old = new KeyTable(countMax)
  }

  isNew(key: string, flag: number): boolean {
    let low = LOW_SEED
    let high = HIGH_SEED
    for (let i = 0; i < key.length; i++) {
      const code = key.charCodeAt(i)
      low = Math.imul(low ^ code, LOW_PRIME)
      high = Math.imul(high ^ code, HIGH_PRIME)
    }
    low = mix(low)
    high = mix(high)
    const place = this.#young.placeOf(low, high)
    const flags = this.#young.flagsAt(place) || this.#old.flagsAt(this.#old.placeOf(low, high))
    if ((flags & flag) !== 0) return false
    if (this.#young.count < this.#countMax || this.#young.flagsAt(place) !== 0) {
      this.#young.set(place, { low, high, flags: flags | flag })
      return true
    }
    const next = this.#old
    next.clear()
    this.#old = this.#young
    this.#young = next
    next.set(next.placeOf(low, high), { low, high, flags: flags | flag })
    return true
  }
}

interface Entry {
  readonly low: number
  readonly high: number
  readonly flags: number
}

/** Open addressing, at most half full; no flags mean a free place. */
class KeyTable {
  count = 0
  readonly #mask: number
  readonly #lows: Int32Array
  readonly #highs: Int32Array
  readonly #flags: Uint8Array

  constructor(countMax: number) {
    const size = 2 ** Math.ceil(Math.log2(countMax * 2 + 2))
    this.#mask = size - 1
    this.#lows = new Int32Array(size)
    this.#highs = new Int32Array(size)
    this.#flags = new Uint8Array(size)
  }

  /** Where the key is, or would be put. */
  placeOf(low: number, high: number): number {
    let place = low & this.#mask
    while (this.#flags[place] !== 0) {
      if (this.#lows[place] === low && this.#highs[place] === high) return place
      place = (place + 1) & this.#mask
    }
    return place
  }

  flagsAt(place: number): number {
    return this.#flags[place] as number
  }

  set(place: number, { low, high, flags }: Entry): void {
    if (this.#flags[place] === 0) this.count++
    this.#lows[place] = low
    this.#highs[place] = high
    this.#flags[place] = flags
  }

  clear(): void {
    this.#flags.fill(0)
    this.count = 0
  }
}

// Two hashes of 32 bits each.
const LOW_SEED = 0x811c9dc5 | 0
const HIGH_SEED = 0x41c6ce57
const LOW_PRIME = 0x01000193
const HIGH_PRIME = 0x5bd1e995

/** At the end, since the table takes the lowest bits. */
function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}
