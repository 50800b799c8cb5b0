import { type ByteSource, createGrowingBytes, type GrowingBytes } from './growing-bytes.ts'
import { createGrowingIntegers, type GrowingIntegers } from './growing-integers.ts'
import type { Interner } from './interner.ts'
import type { NativeColumn } from './native-column.ts'

// `LowCardinality(String)`: a dictionary per block, and one index per value. Keys of attributes
// take a byte each that way instead of twenty, in the log, on the wire and in the database's work.

export interface WordColumn extends NativeColumn {
  /** One per value. */
  readonly indexes: GrowingIntegers
  /** Changes when the dictionary starts anew: indexes got before are void. */
  readonly serial: number
  /** The index of an interned string, added to the dictionary when it is new. */
  indexOfId(id: number): number
  indexOfText(text: string): number
  /** Appends the bytes from `from` to `to` as one value. */
  pushBytes(source: ByteSource, from: number, to: number): void
  pushText(text: string): void
}

/** Longer ones are not worth remembering. */
const INTERNED_BYTES_MAX = 1_024
const VERSION = 1
const HAS_OWN_KEYS = 0x200

export function createWordColumn(name: string, interner: Interner): WordColumn {
  return new Words(name, interner)
}

class Words implements WordColumn {
  readonly type = 'LowCardinality(String)'
  readonly indexes = createGrowingIntegers()
  serial = 0
  readonly name: string
  readonly #interner: Interner
  readonly #keys: GrowingBytes = createGrowingBytes()
  #keyCount = 0
  #marked = 0
  #markedKeys = 0
  #markedBytes = 0
  /** Index plus one by number of the interned string; 0 is not there. */
  #byId = new Int32Array(256)
  #byText = new Map<string, number>()
  /** By index. */
  #texts: string[] = []
  #epoch = 0
  #lastId = 0
  #lastEpoch = -1
  #lastText: string | undefined
  #lastIndex = 0

  constructor(name: string, interner: Interner) {
    this.name = name
    this.#interner = interner
  }

  get byteCount(): number {
    return this.#keys.length + this.indexes.length * 4 + 32
  }

  indexOfId(id: number): number {
    if (this.#epoch !== this.#interner.epoch) this.#forgetIds()
    const known = this.#byId[id]
    if (known) return known - 1
    if (id >= this.#byId.length) this.#growIds(id)
    const index = this.indexOfText(this.#interner.text(id))
    this.#byId[id] = index + 1
    return index
  }

  indexOfText(text: string): number {
    const known = this.#byText.get(text)
    if (known !== undefined) return known
    this.#keys.text(text)
    this.#byText.set(text, this.#keyCount)
    this.#texts.push(text)
    return this.#keyCount++
  }

  pushBytes(source: ByteSource, from: number, to: number): void {
    const isShort = to - from <= INTERNED_BYTES_MAX
    this.indexes.push(
      isShort
        ? this.indexOfId(this.#idOf(source, from, to))
        : this.indexOfText(source.bytes.toString('utf8', from, to)),
    )
  }

  /** Mostly it is the same word again. */
  #idOf(source: ByteSource, from: number, to: number): number {
    const interner = this.#interner
    const id = this.#lastId
    const isSame =
      this.#lastEpoch === interner.epoch &&
      interner.lengthOf(id) === to - from &&
      interner.isAt(id, source, from)
    if (isSame) return id
    this.#lastId = interner.idOf(source, from, to)
    this.#lastEpoch = interner.epoch
    return this.#lastId
  }

  /** Mostly it is the same text again, and mostly the same object. */
  pushText(text: string): void {
    if (text !== this.#lastText) {
      this.#lastIndex = this.indexOfText(text)
      this.#lastText = text
    }
    this.indexes.push(this.#lastIndex)
  }

  writePrefix(out: GrowingBytes): void {
    out.uint64(VERSION)
  }

  writeData(out: GrowingBytes): void {
    const { indexes } = this
    // Nothing at all where there are no values: the reader expects no empty dictionary.
    if (indexes.length === 0) return
    const width = this.#keyCount <= 0x100 ? 0 : this.#keyCount <= 0x10000 ? 1 : 2
    out.uint64(HAS_OWN_KEYS | width)
    out.uint64(this.#keyCount)
    out.copy(this.#keys.bytes, 0, this.#keys.length)
    out.uint64(indexes.length)
    const values = indexes.values.subarray(0, indexes.length)
    const narrow =
      width === 0 ? new Uint8Array(values) : width === 1 ? new Uint16Array(values) : values
    const bytes = new Uint8Array(narrow.buffer, narrow.byteOffset, narrow.byteLength)
    out.copy(bytes, 0, bytes.length)
  }

  mark(): void {
    this.#marked = this.indexes.length
    this.#markedKeys = this.#keyCount
    this.#markedBytes = this.#keys.length
  }

  /** Of the dictionary too: nobody may fill it with requests that are refused. */
  rollback(): void {
    this.indexes.length = this.#marked
    if (this.#keyCount === this.#markedKeys) return
    for (let i = this.#markedKeys; i < this.#keyCount; i++)
      this.#byText.delete(this.#texts[i] as string)
    this.#texts.length = this.#markedKeys
    this.#keys.length = this.#markedBytes
    this.#keyCount = this.#markedKeys
    this.#forgetIds()
  }

  clear(): void {
    this.indexes.length = 0
    this.#keys.length = 0
    this.#keyCount = 0
    this.#byText = new Map()
    this.#texts = []
    this.#forgetIds()
  }

  #forgetIds(): void {
    this.#lastText = undefined
    this.#byId.fill(0)
    this.#epoch = this.#interner.epoch
    this.serial++
  }

  #growIds(id: number): void {
    const grown = new Int32Array(2 ** Math.ceil(Math.log2(id + 1)))
    grown.set(this.#byId)
    this.#byId = grown
  }
}
