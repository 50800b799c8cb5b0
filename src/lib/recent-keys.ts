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
  /** Fetches where this identity is looked for, for questions soon to come. */
  touch(identity: number): void
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
const HALF = 2 ** 32
/** So that a free entry, all zeros, is older than the one before the first. */
const FIRST_GENERATION = 2

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
  readonly #restBits: number
  readonly #generationShift: number
  readonly #generationMax: number
  readonly #words: Int32Array
  #generation = FIRST_GENERATION
  #count = 0
  /** Flags by identity, of both generations. */
  #overflow = new Map<number, number>()
  #overflowBefore = new Map<number, number>()
  /** By line: whether any key of it stands there. */
  readonly #hasSpilled: Uint8Array
  #touched = 0

  constructor(countMax: number) {
    this.#countMax = countMax
    const lineBits = Math.max(1, Math.ceil(Math.log2((countMax * 4) / LINE)))
    this.#lineBits = lineBits
    this.#restBits = HIGH_BITS - lineBits
    this.#generationShift = this.#restBits + FLAG_BITS
    this.#generationMax = 2 ** (32 - this.#generationShift) - 1
    this.#words = new Int32Array(2 ** lineBits * LINE_WORDS)
    this.#hasSpilled = new Uint8Array(2 ** lineBits)
  }

  touch(identity: number): void {
    // Kept, or a compiler would leave the fetching out.
    this.#touched ^= this.#words[this.#lineOf(identity) * LINE_WORDS] as number
  }

  isNew(identity: number, flag: number): boolean {
    const lineBits = this.#lineBits
    const low = identity | 0
    const high = (identity / HALF) | 0
    const first = (low >>> lineBits) | (high << (32 - lineBits))
    const rest = high >>> lineBits
    const line = this.#lineOf(identity)
    const from = line * LINE_WORDS
    const words = this.#words
    const restMask = (1 << this.#restBits) - 1
    const shift = this.#generationShift
    const alive = this.#generation - 1
    let free = -1
    for (let at = from; at < from + LINE_WORDS; at += WORDS) {
      const second = words[at + 1] as number
      if (second >>> shift < alive) free = at
      else if (words[at] === first && (second & restMask) === rest) return this.#addFlag(at, flag)
    }
    if (this.#hasSpilled[line] !== 0) {
      const flags = this.#overflow.get(identity) ?? this.#overflowBefore.get(identity)
      if (flags !== undefined) return this.#addFlagBeside(identity, flags, flag)
    }
    this.#grow()
    if (free < 0) {
      this.#putBeside(identity, flag)
    } else {
      words[free] = first
      words[free + 1] = this.#toSecond(rest, flag)
    }
    return true
  }

  #toSecond(rest: number, flags: number): number {
    return (this.#generation << this.#generationShift) | (flags << this.#restBits) | rest
  }

  /** A key with a further flag is as young as a new one. */
  #addFlag(at: number, flag: number): boolean {
    const second = this.#words[at + 1] as number
    const flags = (second >>> this.#restBits) & FLAGS
    if ((flags & flag) !== 0) return false
    if (second >>> this.#generationShift !== this.#generation) this.#grow()
    const rest = second & ((1 << this.#restBits) - 1)
    this.#words[at + 1] = this.#toSecond(rest, flags | flag)
    return true
  }

  #addFlagBeside(identity: number, flags: number, flag: number): boolean {
    if ((flags & flag) !== 0) return false
    if (!this.#overflow.has(identity)) this.#grow()
    this.#putBeside(identity, flags | flag)
    return true
  }

  #putBeside(identity: number, flags: number): void {
    this.#overflow.set(identity, flags)
    // Also for a key that stood beside: it may be the first since the generation changed.
    this.#hasSpilled[this.#lineOf(identity)] = 1
  }

  /** Makes room for one more of the young. */
  #grow(): void {
    if (this.#count < this.#countMax) {
      this.#count++
      return
    }
    this.#count = 1
    if (this.#generation === this.#generationMax) this.#renumber()
    this.#generation++
    this.#overflowBefore = this.#overflow
    this.#overflow = new Map()
    this.#hasSpilled.fill(0)
    for (const identity of this.#overflowBefore.keys()) this.#hasSpilled[this.#lineOf(identity)] = 1
  }

  #lineOf(identity: number): number {
    return (identity | 0) & ((1 << this.#lineBits) - 1)
  }

  /** Rare: generations are counted from the first again, and what is dead is gone. */
  #renumber(): void {
    const words = this.#words
    const shift = this.#generationShift
    const step = this.#generation - FIRST_GENERATION
    for (let at = 1; at < words.length; at += WORDS) {
      const second = words[at] as number
      const isAlive = second >>> shift >= this.#generation
      words[at] = isAlive ? second - (step << shift) : 0
    }
    this.#generation = FIRST_GENERATION
  }
}
