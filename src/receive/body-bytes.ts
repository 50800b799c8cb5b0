// Bodies in memory that is used again. Made anew for each, their buffers are what V8 counts as
// external memory, and 64 MiB of growth there makes it mark the whole heap: at 80 MB/s a sixth of the
// server's CPU went there. So pieces are copied as they come into buffers that outlive requests.

export interface BodyMemory {
  /** @param expectedBytes what the sender says it will send; undefined when it does not say */
  open(expectedBytes?: number): BodyBytes
}

/** The bytes of one body. */
export interface BodyBytes {
  append(piece: Buffer): void
  /** All that was appended; good until `release`. */
  bytes(): Buffer
  /** Gives the memory to the next body; safe twice. */
  release(): void
}

const CLASS_BYTES_MIN = 2 ** 16
/** Larger ones are rare, and would stay for ever. */
const CLASS_BYTES_MAX = 2 ** 22
const KEPT_BYTES_MAX = 32 * 2 ** 20
/** A sender that says much and sends little gets this many times what it has sent. */
const AHEAD_TIMES_MAX = 8
const NOTHING = Buffer.alloc(0)

export function createBodyMemory(keptBytesMax = KEPT_BYTES_MAX): BodyMemory {
  const free = new Map<number, Buffer[]>()
  let keptBytes = 0
  const memory: Lender = {
    lend(byteCount) {
      const size = 2 ** Math.ceil(Math.log2(Math.max(byteCount, CLASS_BYTES_MIN)))
      const known = free.get(size)?.pop()
      if (known) keptBytes -= size
      return known ?? Buffer.allocUnsafeSlow(size)
    },
    giveBack(buffer) {
      const size = buffer.length
      if (size > CLASS_BYTES_MAX || keptBytes + size > keptBytesMax) return
      keptBytes += size
      const known = free.get(size)
      if (known) known.push(buffer)
      else free.set(size, [buffer])
    },
  }
  return { open: (expectedBytes = 0) => new Bytes(memory, expectedBytes) }
}

interface Lender {
  lend(byteCount: number): Buffer
  giveBack(buffer: Buffer): void
}

class Bytes implements BodyBytes {
  readonly #memory: Lender
  readonly #expectedBytes: number
  /** The first piece stays where it is: most bodies have no second. */
  #first: Buffer | undefined
  #lent: Buffer | undefined
  #byteCount = 0

  constructor(memory: Lender, expectedBytes: number) {
    this.#memory = memory
    this.#expectedBytes = expectedBytes
  }

  append(piece: Buffer): void {
    const from = this.#byteCount
    this.#byteCount += piece.length
    if (from === 0) {
      this.#first = piece
      return
    }
    const into = this.#reserve(from)
    piece.copy(into, from)
  }

  /** Room for all, with the bytes before `from` in it. */
  #reserve(from: number): Buffer {
    if (this.#lent !== undefined && this.#lent.length >= this.#byteCount) return this.#lent
    const ahead = Math.min(this.#expectedBytes, this.#byteCount * AHEAD_TIMES_MAX)
    const lent = this.#memory.lend(Math.max(this.#byteCount, ahead))
    const held = this.#lent ?? this.#first ?? NOTHING
    held.copy(lent, 0, 0, from)
    if (this.#lent !== undefined) this.#memory.giveBack(this.#lent)
    this.#first = undefined
    this.#lent = lent
    return lent
  }

  bytes(): Buffer {
    return this.#lent?.subarray(0, this.#byteCount) ?? this.#first ?? NOTHING
  }

  release(): void {
    if (this.#lent !== undefined) this.#memory.giveBack(this.#lent)
    this.#lent = this.#first = undefined
    this.#byteCount = 0
  }
}
