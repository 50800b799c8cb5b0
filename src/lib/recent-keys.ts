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
  return new KeyTable(options.countMax)
}

/** Entries of a line: 64 bytes, what a processor fetches at once. */
const LINE = 8
const WORDS = 2
const LINE_WORDS = LINE * WORDS
const HIGH_BITS = 21
const FLAG_BITS = 8
const FLAGS = 0xff

/**
 * A key is looked for in one line of memory, since each look into another costs more than all the
 * rest. Its entry says of which generation it is; what is older than the one before is a free place.
 * Where a line is full, which few are at a load of a half, keys go into a map beside.
 *
 * An entry is 53 bits: the line tells `lineBits` of them, 32 stand in the first word, the others in the
 * second, below the flags and the generation.
 */
class KeyTable implements RecentKeys {
  readonly #countMax: number
  readonly #lineBits: number
  readonly #lineMask: number
  readonly #restBits: number
  readonly #generationMask: number
  readonly #words: Int32Array
  #generation = 1
  #count = 0
  /** Flags by identity, of both generations. */
  #overflow = new Map<number, number>()
  #overflowBefore = new Map<number, number>()

  constructor(countMax: number) {
    this.#countMax = countMax
    const lineBits = Math.max(1, Math.ceil(Math.log2((countMax * 4) / LINE)))
    this.#lineBits = lineBits
    this.#lineMask = 2 ** lineBits - 1
    this.#restBits = HIGH_BITS - lineBits
    this.#generationMask = 2 ** (32 - FLAG_BITS - this.#restBits) - 1
    this.#words = new Int32Array(2 ** lineBits * LINE_WORDS)
  }

  isNew(identity: number, flag: number): boolean {
    const low = identity | 0
    const high = Math.floor(identity / 2 ** 32)
    const first = (low >>> this.#lineBits) | (high << (32 - this.#lineBits))
    const rest = high >>> this.#lineBits
    const from = (low & this.#lineMask) * LINE_WORDS
    const words = this.#words
    let free = -1
    for (let at = from; at < from + LINE_WORDS; at += WORDS) {
      const second = words[at + 1] as number
      if (!this.#isAlive(second)) {
        if (free < 0) free = at
        continue
      }
      if (words[at] !== first || (second & (2 ** this.#restBits - 1)) !== rest) continue
      return this.#addFlag(at, flag)
    }
    if (this.#overflow.size + this.#overflowBefore.size > 0) {
      const flags = this.#overflow.get(identity) ?? this.#overflowBefore.get(identity)
      if (flags !== undefined) return this.#addFlagBeside(identity, flags, flag)
    }
    this.#grow()
    if (free < 0) this.#overflow.set(identity, flag)
    else {
      words[free] = first
      words[free + 1] = this.#toSecond(rest, flag)
    }
    return true
  }

  /** Of this generation or the one before. */
  #isAlive(second: number): boolean {
    const flags = (second >>> this.#restBits) & FLAGS
    if (flags === 0) return false
    const generation = second >>> (this.#restBits + FLAG_BITS)
    return ((this.#generation - generation) & this.#generationMask) <= 1
  }

  #toSecond(rest: number, flags: number): number {
    const head = ((this.#generation & this.#generationMask) << FLAG_BITS) | flags
    return (head << this.#restBits) | rest
  }

  /** A key with a further flag is as young as a new one. */
  #addFlag(at: number, flag: number): boolean {
    const second = this.#words[at + 1] as number
    const flags = (second >>> this.#restBits) & FLAGS
    if ((flags & flag) !== 0) return false
    if (second >>> (this.#restBits + FLAG_BITS) !== (this.#generation & this.#generationMask))
      this.#grow()
    const rest = second & (2 ** this.#restBits - 1)
    this.#words[at + 1] = this.#toSecond(rest, flags | flag)
    return true
  }

  #addFlagBeside(identity: number, flags: number, flag: number): boolean {
    if ((flags & flag) !== 0) return false
    if (!this.#overflow.has(identity)) this.#grow()
    this.#overflow.set(identity, flags | flag)
    return true
  }

  /** Makes room for one more of the young. */
  #grow(): void {
    if (this.#count < this.#countMax) {
      this.#count++
      return
    }
    this.#count = 1
    this.#generation++
    this.#overflowBefore = this.#overflow
    this.#overflow = new Map()
    // Their numbers come again: long before, what is dead must be gone.
    if ((this.#generation & (this.#generationMask >> 1)) === 0) this.#sweep()
  }

  #sweep(): void {
    const words = this.#words
    for (let at = 1; at < words.length; at += WORDS)
      if (!this.#isAlive(words[at] as number)) words[at] = 0
  }
}
