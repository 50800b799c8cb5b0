/**
 * Remembers the keys seen lately, so that what is delivered twice counts once. Two generations of
 * at most `countMax` keys: when the younger is full, the older is forgotten as a whole. So a key is
 * known for at least the next `countMax` keys.
 *
 * Kept are 53 bits of hash instead of the keys: 16 bytes each, and no strings that grow old. With
 * half a million keys, one in 10^5 generations takes two keys for one.
 */
export interface RecentKeys {
  /**
   * True when this identity (`identity.ts`) was not yet seen with this flag (a bit, below 256);
   * remembers it.
   */
  isNew(identity: number, flag: number): boolean
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

  isNew(identity: number, flag: number): boolean {
    const low = identity | 0
    const high = Math.floor(identity / 2 ** 32) << 8
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
 * side by side, since each look costs a line of memory: 32 bits of hash, then 21 more and the flags.
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
