/**
 * Finds any of some dozens of words in bytes, whatever their case, in one pass that looks at about
 * every fourth byte (Wu & Manber, A fast algorithm for multi-pattern searching, 1994, blocks of 3).
 */
export interface ByteSearch {
  /** Ascending positions within whatever holds a word: at most `countMax`, then it stops. */
  find(bytes: Uint8Array, countMax: number): number[]
}

interface Options {
  /** ASCII; at least 3 characters. */
  readonly words: readonly string[]
  /** Text in which the searched-for pieces should not occur, since each find costs. */
  readonly usual: string
}

/** Longer pieces would hardly let it skip more. */
const LENGTH_MAX = 8
const BLOCK = 3
const BLOCKS = 1 << 15

export function createByteSearch({ words, usual }: Options): ByteSearch {
  const length = Math.min(LENGTH_MAX, ...words.map((word) => word.length))
  const pieces = choosePieces({ words, usual, length }).map((piece) => Buffer.from(piece, 'latin1'))
  const skipMax = length - BLOCK + 1
  const skips = new Uint8Array(BLOCKS).fill(skipMax)
  const ending = new Map<number, Uint8Array[]>()
  for (const piece of pieces) {
    const last = blockAt(piece, length - 1)
    ending.set(last, [...(ending.get(last) ?? []), piece])
    for (let end = BLOCK - 1; end < length; end++) {
      const block = blockAt(piece, end)
      skips[block] = Math.min(skips[block] ?? 0, length - 1 - end)
    }
  }
  return {
    find(bytes, countMax) {
      const found: number[] = []
      const size = bytes.length
      for (let at = length - 1; at < size && found.length < countMax; at++) {
        let block = blockAt(bytes, at)
        for (let skip = skips[block] ?? 0; skip > 0; skip = skips[block] ?? 0) {
          at += skip
          if (at >= size) return found
          block = blockAt(bytes, at)
        }
        const start = at - length + 1
        for (const piece of ending.get(block) ?? []) {
          if (!isAt(bytes, piece, start)) continue
          found.push(start)
          break
        }
      }
      return found
    },
  }
}

/** The three bytes that end at `end`, in 15 bits that are the same for small and capital letters. */
function blockAt(bytes: Uint8Array, end: number): number {
  const first = (bytes[end - 2] as number) & 31
  const second = (bytes[end - 1] as number) & 31
  return (first << 10) | (second << 5) | ((bytes[end] as number) & 31)
}

/** For each word one piece of it: one that is searched for already, else one that is unusual. */
function choosePieces({ words, usual, length }: Options & { readonly length: number }): string[] {
  const pieces: string[] = []
  const shortestFirst = [...words].sort((a, b) => a.length - b.length)
  for (const word of shortestFirst.map((one) => one.toLowerCase())) {
    if (pieces.some((piece) => word.includes(piece))) continue
    const own = Array.from({ length: word.length - length + 1 }, (_, at) =>
      word.slice(at, at + length),
    ).reverse()
    pieces.push(own.find((piece) => !usual.includes(piece.slice(-BLOCK))) ?? word.slice(-length))
  }
  return pieces
}

function isAt(bytes: Uint8Array, piece: Uint8Array, at: number): boolean {
  for (let i = 0; i < piece.length; i++) {
    const byte = bytes[at + i] ?? 0
    const folded = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    if (folded !== piece[i]) return false
  }
  return true
}
