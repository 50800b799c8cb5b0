/**
 * Remembers the keys seen lately, so that what is delivered twice counts once. Two generations of
 * at most `countMax` keys: when the younger is full, the older is forgotten as a whole. So a key is
 * known for at least the next `countMax` keys.
 *
 * Kept are 56 bits of hash instead of the keys: 16 bytes each, and no strings that grow old. With
 * half a million keys, one in 10^5 generations takes two keys for one.
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
    // Four characters at once: ids are long, and there are many.
    const fours = key.length & ~3
    for (let i = 0; i < fours; i += 4) {
      const first = key.charCodeAt(i) ^ (key.charCodeAt(i + 1) << 8)
      const word = first ^ (key.charCodeAt(i + 2) << 16) ^ (key.charCodeAt(i + 3) << 24)
      low = Math.imul(low ^ word, LOW_PRIME)
      low ^= low >>> 15
      high = Math.imul(high ^ word, HIGH_PRIME)
      high ^= high >>> 13
    }
    for (let i = fours; i < key.length; i++) {
      const code = key.charCodeAt(i)
      low = Math.imul(low ^ code, LOW_PRIME)
      high = Math.imul(high ^ code, HIGH_PRIME)
    }
    return this.#isNewHash(mix(low), mix(high), flag)
  }

  #isNewHash(low: number, high: number, flag: number): boolean {
    const place = this.#young.placeOf(low, high)
    const known = this.#young.flagsAt(place)
    const flags = known || this.#old.flagsAt(this.#old.placeOf(low, high))
    if ((flags & flag) !== 0) return false
    if (known !== 0 || this.#young.count < this.#countMax) {
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

/**
 * Open addressing, at most half full; no flags mean a free place. The two words of an entry stand
 * side by side, since each look costs a line of memory: 32 bits of hash, then 24 more and the flags.
 */
class KeyTable {
  count = 0
  readonly #mask: number
  readonly #words: Int32Array

  constructor(countMax: number) {
    const size = 2 ** Math.ceil(Math.log2(countMax * 2 + 2))
    this.#mask = size - 1
    this.#words = new Int32Array(size * 2)
  }

  /** Where the key is, or would be put. */
  placeOf(low: number, high: number): number {
    const words = this.#words
    let place = (low & this.#mask) << 1
    for (;;) {
      const second = words[place + 1] as number
      if ((second & FLAGS) === 0) return place
      if (words[place] === low && ((second ^ high) & ~FLAGS) === 0) return place
      place = (((place >> 1) + 1) & this.#mask) << 1
    }
  }

  flagsAt(place: number): number {
    return (this.#words[place + 1] as number) & FLAGS
  }

  set(place: number, { low, high, flags }: Entry): void {
    if (this.flagsAt(place) === 0) this.count++
    this.#words[place] = low
    this.#words[place + 1] = (high & ~FLAGS) | flags
  }

  clear(): void {
    this.#words.fill(0)
    this.count = 0
  }
}

const FLAGS = 0xff

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
