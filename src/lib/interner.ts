import { randomInt } from 'node:crypto'
import { type ByteSource, viewOf } from './growing-bytes.ts'

// Short byte strings that come again and again (attribute keys, span names) as small numbers: found
// by a hash of their bytes, without making a JavaScript string each time.

export interface Interner {
  /**
   * The number of the bytes from `from` (inclusive) to `to`, from 0. The same bytes have the same
   * number until `epoch` changes.
   */
  idOf(source: ByteSource, from: number, to: number): number
  /** How many bytes the string with this number has. */
  lengthOf(id: number): number
  /** Whether that string stands at `from`, which must be so many bytes from the end at least. */
  isAt(id: number, source: ByteSource, from: number): boolean
  /** As text; bytes that are no UTF-8 are U+FFFD in it. */
  text(id: number): string
  /** Forgets everything now if fewer than `count` strings of `bytes` in all would still fit. */
  makeRoom(count: number, bytes: number): void
  /** Grows when there were too many and all of them were forgotten: then all numbers are void. */
  readonly epoch: number
}

export interface InternerOptions {
  /** So many strings; then it starts anew. Below 2^24. */
  readonly countMax: number
  /** Of all strings together. */
  readonly bytesMax: number
}

export function createInterner(options: InternerOptions): Interner {
  return new HashedInterner(options)
}

class HashedInterner implements Interner {
  epoch = 0
  /** So that nobody can send strings that all have one hash. */
  readonly #seed = randomInt(2 ** 31)
  readonly #countMax: number
  readonly #bytesMax: number
  /** Numbers plus one, at the place of their hash or behind it; 0 is free. A power of two. */
  readonly #slots: Int32Array
  readonly #hashes: Int32Array
  readonly #starts: Int32Array
  #arena: Buffer
  #view: DataView
  #texts: (string | undefined)[] = []
  #count = 0
  #end = 0

  constructor({ countMax, bytesMax }: InternerOptions) {
    this.#countMax = countMax
    this.#bytesMax = bytesMax
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(countMax * 2)))
    this.#hashes = new Int32Array(countMax)
    this.#starts = new Int32Array(countMax + 1)
    this.#arena = Buffer.allocUnsafeSlow(Math.min(bytesMax, 1 << 16))
    this.#view = viewOf(this.#arena)
  }

  idOf(source: ByteSource, from: number, to: number): number {
    const { bytes } = source
    const hash = this.#hashOf(bytes, from, to)
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = (this.#slots[slot] as number) - 1
      if (id < 0) return this.#add(bytes.subarray(from, to), hash)
      const isSame = this.#hashes[id] === hash && this.lengthOf(id) === to - from
      if (isSame && this.isAt(id, source, from)) return id
    }
  }

  lengthOf(id: number): number {
    return (this.#starts[id + 1] as number) - (this.#starts[id] as number)
  }

  isAt(id: number, source: ByteSource, from: number): boolean {
    const start = this.#starts[id] as number
    const count = this.lengthOf(id)
    const { view } = source
    const own = this.#view
    let i = 0
    for (; i + 4 <= count; i += 4)
      if (own.getInt32(start + i, true) !== view.getInt32(from + i, true)) return false
    for (; i < count; i++) if (own.getUint8(start + i) !== view.getUint8(from + i)) return false
    return true
  }

  makeRoom(count: number, bytes: number): void {
    if (this.#count + count > this.#countMax || this.#end + bytes > this.#bytesMax) this.#forget()
  }

  text(id: number): string {
    const known = this.#texts[id]
    if (known !== undefined) return known
    const text = this.#arena.toString('utf8', this.#starts[id], this.#starts[id + 1])
    this.#texts[id] = text
    return text
  }

  #add(string: Uint8Array, hash: number): number {
    const count = string.length
    if (this.#count === this.#countMax || this.#end + count > this.#bytesMax) this.#forget()
    this.#reserve(count)
    const id = this.#count++
    this.#arena.set(string, this.#end)
    this.#end += count
    this.#starts[id + 1] = this.#end
    this.#hashes[id] = hash
    this.#texts[id] = undefined
    const mask = this.#slots.length - 1
    let slot = hash & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = id + 1
    return id
  }

  #reserve(count: number): void {
    if (this.#end + count <= this.#arena.length) return
    const size = Math.max(this.#arena.length * 2, this.#end + count)
    const grown = Buffer.allocUnsafeSlow(size)
    this.#arena.copy(grown, 0, 0, this.#end)
    this.#arena = grown
    this.#view = viewOf(grown)
  }

  #forget(): void {
    this.#slots.fill(0)
    this.#texts = []
    this.#count = 0
    this.#end = 0
    this.epoch++
  }

  /** FNV-1a, 32 bits, its high bits folded down. */
  #hashOf(source: Uint8Array, from: number, to: number): number {
    let hash = this.#seed
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ (source[i] as number), 0x01000193)
    return hash ^ (hash >>> 15)
  }
}
