/**
 * Remembers the keys seen lately, so that what is delivered twice counts once. Two generations of
 * at most `countMax` keys: when the younger is full, the older is forgotten as a whole. So a key is
 * known for at least the next `countMax` keys.
 *
 * Kept are 53 bits of hash instead of the keys: about 22 bytes each, and no strings that grow old. With
 * half a million keys, one in 10^5 generations takes two keys for one. A key that comes again costs a
 * microsecond, a new one a twentieth of that.
 */
export interface RecentKeys {
  /**
   * True when this identity (`identity.ts`) was not yet seen with this flag (a number below 256);
   * remembers both as one key.
   */
  isNew(identity: number, flag: number): boolean
  /** The same of each of many, in their order. */
  areNew(keys: KeyBatch): void
}

/** Columns of at least `length`. */
export interface KeyBatch {
  readonly length: number
  /** NaN of a key that has none, and is always new. */
  readonly identities: Float64Array
  readonly flags: Uint8Array
  /** The answers: 1 or 0. */
  readonly isNew: Uint8Array
}

export function createRecentKeys(options: { countMax: number }): RecentKeys {
  return new KeyTable(options.countMax)
}

/** Of a bucket: 16 of 2 bytes, its state and 15 marks; half of what a processor fetches at once. */
const SLOTS = 16
const WORDS = SLOTS / 2
const MARKS_MAX = SLOTS - 1
/** Of all slots, so many are in use by two full generations. */
const LOAD = 0.6
const PARTS_MAX = 256
/** Lists are longer than their share, so that few overflow. */
const LIST_SLACK = 1.25
const LIST_SLACK_COUNT = 16

const HALF = 2 ** 32
const FLAG_PRIME = 0x9e3779b1
const MARK = 0x7fff
const MARKS = 0x7fff7fff
const NO_MARK = 0x80008000 | 0
/** Of the state of a bucket: how many marks it has; above, which generations have keys beside it. */
const USED = 0x1f
const BESIDE = [0x40, 0x80] as const

/**
 * What is random in memory must be small, or each look waits for it: a mark of 15 bits per key, in
 * buckets, says of nearly every new key that it is new. The keys themselves are only appended to lists,
 * one for each part of the buckets, and read when a mark is there already.
 *
 * A mark's top bit tells its generation. Keys for which bucket or list has no room stand in sets.
 */
class KeyTable implements RecentKeys {
  readonly #countMax: number
  readonly #bucketCount: number
  readonly #marks: Int32Array
  readonly #partCount: number
  readonly #listMax: number
  readonly #lists: readonly [Float64Array, Float64Array]
  readonly #lengths: readonly [Int32Array, Int32Array]
  readonly #beside: [Set<number>, Set<number>] = [new Set(), new Set()]
  /** Which generation is the younger. */
  #young: 0 | 1 = 0
  #count = 0
  /** Of no use to anybody; see `#fetch`. */
  fetched = 0

  constructor(countMax: number) {
    this.#countMax = countMax
    this.#bucketCount = Math.ceil((countMax * 2) / (MARKS_MAX * LOAD))
    this.#marks = new Int32Array(this.#bucketCount * WORDS)
    this.#partCount = Math.min(PARTS_MAX, this.#bucketCount)
    this.#listMax = Math.ceil((countMax / this.#partCount) * LIST_SLACK) + LIST_SLACK_COUNT
    const length = this.#partCount * this.#listMax
    this.#lists = [new Float64Array(length), new Float64Array(length)]
    this.#lengths = [new Int32Array(this.#partCount), new Int32Array(this.#partCount)]
  }

  areNew({ length, identities, flags, isNew }: KeyBatch): void {
    this.#fetch(identities, flags, length)
    for (let at = 0; at < length; at++) {
      const identity = identities[at] as number
      const isOne = !Number.isNaN(identity)
      isNew[at] = isOne && !this.isNew(identity, flags[at] as number) ? 0 : 1
    }
  }

  /**
   * What the questions will look at, from memory: nothing else is done in between, so that a processor
   * waits for many at once.
   */
  #fetch(identities: Float64Array, flags: Uint8Array, length: number): void {
    let fetched = 0
    for (let at = 0; at < length; at++) {
      const low = ((identities[at] as number) | 0) ^ Math.imul(flags[at] as number, FLAG_PRIME)
      fetched ^= this.#marks[this.#bucketOf(low) * WORDS] as number
    }
    // Kept, or a compiler might leave the fetching out.
    this.fetched = fetched
  }

  #bucketOf(low: number): number {
    return Math.floor(((low >>> 0) * this.#bucketCount) / HALF)
  }

  isNew(identity: number, flag: number): boolean {
    const low = (identity | 0) ^ Math.imul(flag, FLAG_PRIME)
    const high = (identity / HALF) | 0
    const bucket = this.#bucketOf(low)
    // The bits of `low` that matter least for the bucket, and some of `high`; 0 is no mark.
    const mark = (high ^ low) & MARK || 1
    const isMarked = this.#isMarked(bucket, mark)
    const isBeside = this.#stateOf(bucket) > USED
    if (isMarked || isBeside) {
      const key = high * HALF + (low >>> 0)
      if (isMarked && this.#isListed(bucket, key)) return false
      if (this.#beside[0].has(key) || this.#beside[1].has(key)) return false
    }
    this.#add(bucket, mark, high * HALF + (low >>> 0))
    return true
  }

  #isMarked(bucket: number, mark: number): boolean {
    const marks = this.#marks
    const both = mark | (mark << 16)
    const from = bucket * WORDS
    // The state is taken for a mark as well: one in 2^15 looks into the list for nothing.
    const end = from + (((this.#stateOf(bucket) & USED) + 2) >> 1)
    for (let at = from; at < end; at++) {
      // Zero in either half: adding to it leaves its top bit clear.
      const rest = ((marks[at] as number) ^ both) & MARKS
      if (((rest + MARKS) & NO_MARK) !== NO_MARK) return true
    }
    return false
  }

  #stateOf(bucket: number): number {
    return (this.#marks[bucket * WORDS] as number) & 0xff
  }

  #isListed(bucket: number, key: number): boolean {
    const part = this.#partOf(bucket)
    const from = part * this.#listMax
    for (let generation = 0; generation < 2; generation++) {
      const list = this.#lists[generation as 0 | 1]
      const end = from + (this.#lengths[generation as 0 | 1][part] as number)
      for (let at = from; at < end; at++) if (list[at] === key) return true
    }
    return false
  }

  #partOf(bucket: number): number {
    return Math.floor((bucket * this.#partCount) / this.#bucketCount)
  }

  #add(bucket: number, mark: number, key: number): void {
    if (this.#count === this.#countMax) this.#turn()
    this.#count++
    const young = this.#young
    const part = this.#partOf(bucket)
    const length = this.#lengths[young][part] as number
    const state = this.#stateOf(bucket)
    const used = state & USED
    const first = bucket * SLOTS
    if (used === MARKS_MAX || length === this.#listMax) {
      this.#beside[young].add(key)
      this.#put(first, state | BESIDE[young])
      return
    }
    this.#put(first + 1 + used, mark | (young << 15))
    this.#put(first, state + 1)
    this.#lists[young][part * this.#listMax + length] = key
    this.#lengths[young][part] = length + 1
  }

  #put(slot: number, half: number): void {
    const at = slot >> 1
    const shift = (slot & 1) << 4
    this.#marks[at] = ((this.#marks[at] as number) & ~(0xffff << shift)) | (half << shift)
  }

  /** The older generation goes, and the younger is the older from now on. */
  #turn(): void {
    const gone = this.#young === 0 ? 1 : 0
    this.#young = gone
    this.#count = 0
    this.#lengths[gone].fill(0)
    this.#beside[gone] = new Set()
    for (let bucket = 0; bucket < this.#bucketCount; bucket++) this.#sweep(bucket, gone)
  }

  #sweep(bucket: number, gone: 0 | 1): void {
    const state = this.#stateOf(bucket)
    const from = bucket * SLOTS + 1
    let kept = 0
    for (let slot = from; slot < from + (state & USED); slot++) {
      const half = ((this.#marks[slot >> 1] as number) >>> ((slot & 1) * 16)) & 0xffff
      if (half >>> 15 !== gone) this.#put(from + kept++, half)
    }
    this.#put(bucket * SLOTS, (state & BESIDE[gone === 0 ? 1 : 0]) | kept)
  }
}
