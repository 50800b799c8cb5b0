import { isUtf8 } from 'node:buffer'

// Bytes that are only ever appended to. The hot path writes into `bytes` itself after `reserve`, so
// that a row costs neither an object nor a call per byte; a class, so that engines see one shape.

/** Bytes, and the view through which four of them are read at once. */
export interface ByteSource {
  readonly bytes: Buffer
  readonly view: DataView
}

export interface GrowingBytes extends ByteSource {
  /** Replaced when it grows, as its view is: read both anew after every `reserve`. */
  readonly bytes: Buffer
  /** How many of them count; whoever writes beyond moves it on. */
  length: number
  /** Makes room for `count` more bytes. */
  reserve(count: number): void
  byte(value: number): void
  /** A base-128 number, up to 2^53. */
  varint(value: number): void
  /** The bytes of `source` from `from` (inclusive) to `to`. */
  copy(source: Uint8Array, from: number, to: number): void
  /** Its own bytes from `from` (inclusive) to `to`, again. */
  copyOwn(from: number, to: number): void
  /** A text as UTF-8, with its length in bytes before it; half characters become U+FFFD. */
  text(value: string): void
  /** Eight bytes, little-endian; up to 2^53. */
  uint64(value: number): void
  /** As `copy`, with their number before them; what is no UTF-8 becomes U+FFFD. */
  utf8(source: ByteSource, from: number, to: number): void
  /** The bytes since `from`, again, until they stand there `times` times. */
  repeat(from: number, times: number): void
}

const FIRST_BYTES = 1_024
/** A call costs as much as so many bytes in a loop. */
const LOOP_BYTES_MAX = 64
const OWN_LOOP_BYTES_MAX = 256
const LENGTH_BYTES_MAX = 8
const WORD_BYTES = 4
/** Set in some byte of what is not ASCII. */
const HIGH_BITS = 0x80808080 | 0
/** The first 0 to 3 bytes of a word. */
const TAIL_MASKS = Int32Array.of(0, 0xff, 0xffff, 0xffffff)

export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/** @param firstBytes room that there is from the start */
export function createGrowingBytes(firstBytes = FIRST_BYTES): GrowingBytes {
  return new Growing(firstBytes)
}

class Growing implements GrowingBytes {
  bytes: Buffer
  view: DataView
  length = 0

  constructor(firstBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(firstBytes)
    this.view = viewOf(this.bytes)
  }

  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(this.length + count)
  }

  #grow(count: number): void {
    let size = this.bytes.length * 2
    while (size < count) size *= 2
    const grown = Buffer.allocUnsafeSlow(size)
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
    this.view = viewOf(grown)
  }

  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  varint(value: number): void {
    this.reserve(8)
    let rest = value
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80
      rest = rest > 0x7fffffff ? Math.floor(rest / 128) : rest >>> 7
    }
    this.bytes[this.length++] = rest
  }

  copy(source: Uint8Array, from: number, to: number): void {
    const count = to - from
    this.reserve(count)
    const { bytes, length } = this
    if (count <= LOOP_BYTES_MAX) {
      for (let i = 0; i < count; i++) bytes[length + i] = source[from + i] as number
    } else bytes.set(source.subarray(from, to), length)
    this.length = length + count
  }

  copyOwn(from: number, to: number): void {
    const count = to - from
    if (count === 0) return
    this.reserve(count + WORD_BYTES)
    const { view, length } = this
    // The last word may read and write beyond, where there is room and nothing counts yet.
    if (count <= OWN_LOOP_BYTES_MAX) {
      for (let i = 0; i < count; i += WORD_BYTES)
        view.setInt32(length + i, view.getInt32(from + i, true), true)
    } else this.bytes.copyWithin(length, from, to)
    this.length = length + count
  }

  text(value: string): void {
    if (value.length <= LOOP_BYTES_MAX && this.#asciiText(value)) return
    const count = Buffer.byteLength(value)
    this.varint(count)
    this.reserve(count)
    this.bytes.write(value, this.length, count, 'utf8')
    this.length += count
  }

  /** False, and nothing is written, when there is anything else in it. */
  #asciiText(value: string): boolean {
    const count = value.length
    this.reserve(count + 1)
    const { bytes } = this
    const at = this.length + 1
    for (let i = 0; i < count; i++) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) return false
      bytes[at + i] = code
    }
    bytes[at - 1] = count
    this.length = at + count
    return true
  }

  utf8(source: ByteSource, from: number, to: number): void {
    const count = to - from
    const start = this.length
    this.reserve(count + LENGTH_BYTES_MAX + WORD_BYTES)
    this.varint(count)
    const { bytes, view } = source
    // Whole words are read, so that the last one must not lead beyond the end.
    if (count > LOOP_BYTES_MAX || to + WORD_BYTES > bytes.length) {
      this.copy(bytes, from, to)
      if (isUtf8(bytes.subarray(from, to))) return
      this.length = start
      this.text(bytes.toString('utf8', from, to))
      return
    }
    const at = this.length
    const into = this.view
    let bits = 0
    let i = 0
    for (; i + WORD_BYTES <= count; i += WORD_BYTES) {
      const word = view.getInt32(from + i, true)
      into.setInt32(at + i, word, true)
      bits |= word
    }
    if (i < count) {
      const word = view.getInt32(from + i, true)
      into.setInt32(at + i, word, true)
      bits |= word & (TAIL_MASKS[count - i] as number)
    }
    this.length = at + count
    if ((bits & HIGH_BITS) === 0 || isUtf8(bytes.subarray(from, to))) return
    this.length = start
    this.text(bytes.toString('utf8', from, to))
  }

  uint64(value: number): void {
    this.reserve(8)
    this.view.setUint32(this.length, value % 0x1_0000_0000, true)
    this.view.setUint32(this.length + 4, Math.floor(value / 0x1_0000_0000), true)
    this.length += 8
  }

  repeat(from: number, times: number): void {
    const count = this.length - from
    const end = from + count * times
    this.reserve(Math.max(0, end - this.length))
    // Doubling: a thousand copies are ten calls.
    for (let done = this.length; done < end; ) {
      const step = Math.min(done - from, end - done)
      this.bytes.copyWithin(done, from, from + step)
      done += step
    }
    this.length = end
  }
}
