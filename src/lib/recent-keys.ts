/**
 * Remembers the keys seen lately, so that what is delivered twice counts once. Two generations of
 * at most `countMax` keys: when the younger is full, the older is forgotten as a whole. So a key is
 * known for at least the next `countMax` keys.
 *
 * Kept are 53 bits of hash instead of the keys: about 15 bytes each, and no strings that grow old. With
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
const SLOT_BITS = 4
const WORDS = SLOTS / 2
const MARKS_MAX = SLOTS - 1
/** Of all marks, at most so many are in use by two full generations. */
const LOAD_MAX = 0.6
const PART_BITS_MAX = 8
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
 * one for each part of the buckets, and read when a mark is there already. Counts are powers of two, so
 * that nothing is divided.
 *
 * A mark's top bit tells its generation; 0 is none. Keys for which bucket or list has no room stand in
 * sets.
 */
class KeyTable implements RecentKeys {
  readonly #countMax: number
  readonly #bucketBits: number
  readonly #partBits: number
  readonly #halves: Uint16Array
  /** The same, two at a time. */
  readonly #words: Int32Array
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
    this.#bucketBits = Math.ceil(Math.log2(Math.max(2, (countMax * 2) / (MARKS_MAX * LOAD_MAX))))
    this.#partBits = Math.min(PART_BITS_MAX, this.#bucketBits)
    this.#halves = new Uint16Array(SLOTS << this.#bucketBits)
    this.#words = new Int32Array(this.#halves.buffer)
    const partCount = 1 << this.#partBits
    this.#listMax = Math.ceil((countMax / partCount) * LIST_SLACK) + LIST_SLACK_COUNT
    const length = partCount * this.#listMax
    this.#lists = [new Float64Array(length), new Float64Array(length)]
    this.#lengths = [new Int32Array(partCount), new Int32Array(partCount)]
  }

  areNew({ length, identities, flags, isNew }: KeyBatch): void {
    this.#fetch(identities, flags, length)
    for (let at = 0; at < length; at++) {
      const identity = identities[at] as number
      const low = lowOf(identity, flags[at] as number)
      isNew[at] = !Number.isNaN(identity) && !this.#takesNew(low, highOf(identity)) ? 0 : 1
    }
  }

  /**
   * What the questions will look at, from memory: nothing else is done in between, so that a processor
   * waits for many at once.
   */
  #fetch(identities: Float64Array, flags: Uint8Array, length: number): void {
    let fetched = 0
    for (let at = 0; at < length; at++) {
      const low = lowOf(identities[at] as number, flags[at] as number)
      fetched ^= this.#words[(low >>> (32 - this.#bucketBits)) * WORDS] as number
    }
    // Kept, or a compiler might leave the fetching out.
    this.fetched = fetched
  }

  isNew(identity: number, flag: number): boolean {
    return this.#takesNew(lowOf(identity, flag), highOf(identity))
  }

  /** In halves, since a number that is no small integer is put into memory wherever it is handed over. */
  #takesNew(low: number, high: number): boolean {
    const bucket = low >>> (32 - this.#bucketBits)
    // The bits of `low` that matter least for the bucket, and some of `high`.
    const mark = (high ^ low) & MARK || 1
    const isMarked = this.#isMarked(bucket, mark)
    const isBeside = (this.#halves[bucket << SLOT_BITS] as number) > USED
    const key = high * HALF + (low >>> 0)
    if (isMarked && this.#isListed(bucket, key)) return false
    if (isBeside && (this.#beside[0].has(key) || this.#beside[1].has(key))) return false
    this.#add(bucket, mark, key)
    return true
  }

  /** Looks at all of a bucket, each by its place: to end early, or to count, would take longer. */
  #isMarked(bucket: number, mark: number): boolean {
    const words = this.#words
    const both = mark | (mark << 16)
    const at = bucket * WORDS
    // The state is taken for a mark as well: one in 2^15 looks into the list for nothing.
    const found =
      unlike(words[at] as number, both) &
      unlike(words[at + 1] as number, both) &
      unlike(words[at + 2] as number, both) &
      unlike(words[at + 3] as number, both) &
      unlike(words[at + 4] as number, both) &
      unlike(words[at + 5] as number, both) &
      unlike(words[at + 6] as number, both) &
      unlike(words[at + 7] as number, both)
    return (found & NO_MARK) !== NO_MARK
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
    return bucket >>> (this.#bucketBits - this.#partBits)
  }

  #add(bucket: number, mark: number, key: number): void {
    if (this.#count === this.#countMax) this.#turn()
    this.#count++
    const halves = this.#halves
    const young = this.#young
    const part = this.#partOf(bucket)
    const lengths = this.#lengths[young]
    const length = lengths[part] as number
    const first = bucket << SLOT_BITS
    const state = halves[first] as number
    const used = state & USED
    if (used === MARKS_MAX || length === this.#listMax) {
      this.#beside[young].add(key)
      halves[first] = state | BESIDE[young]
      return
    }
    halves[first + 1 + used] = mark | (young << 15)
    halves[first] = state + 1
    this.#lists[young][part * this.#listMax + length] = key
    lengths[part] = length + 1
  }

  /** The older generation goes, and the younger is the older from now on. */
  #turn(): void {
    const gone = this.#young === 0 ? 1 : 0
    this.#young = gone
    this.#count = 0
    this.#lengths[gone].fill(0)
    this.#beside[gone] = new Set()
    const halves = this.#halves
    for (let first = 0; first < halves.length; first += SLOTS) this.#sweep(first, gone)
  }

  /** Keeps what is not of the generation that goes. */
  #sweep(first: number, gone: 0 | 1): void {
    const halves = this.#halves
    const state = halves[first] as number
    const end = first + 1 + (state & USED)
    let kept = first + 1
    for (let slot = first + 1; slot < end; slot++) {
      const half = halves[slot] as number
      if (half >>> 15 !== gone) halves[kept++] = half
    }
    halves[first] = (state & BESIDE[gone === 0 ? 1 : 0]) | (kept - first - 1)
    while (kept < end) halves[kept++] = 0
  }
}

/** The top bit of each half is set where the marks below differ: zero plus all ones leaves it clear. */
function unlike(word: number, both: number): number {
  return ((word ^ both) & MARKS) + MARKS
}

function lowOf(identity: number, flag: number): number {
  return (identity | 0) ^ Math.imul(flag, FLAG_PRIME)
}

function highOf(identity: number): number {
  return (identity * (1 / HALF)) | 0
}
