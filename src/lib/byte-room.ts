/**
 * Room for large pieces of bytes that all go at the same time. It is kept: memory that the system
 * hands out anew is cleared page by page, which costs as much as filling it.
 */
export interface ByteRoom {
  /** Of any content; good until `clear`. */
  take(byteCount: number): Buffer
  /** All that was taken may be overwritten from now on. */
  clear(): void
}

const PIECE_BYTES = 8 << 20

/** As large as what is taken between two calls of `clear`. */
export function createByteRoom(): ByteRoom {
  const pieces: Buffer[] = []
  let piece = 0
  let used = 0
  return {
    take(byteCount) {
      while (piece < pieces.length && used + byteCount > (pieces[piece]?.length ?? 0)) {
        piece++
        used = 0
      }
      if (piece === pieces.length)
        pieces.push(Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, byteCount)))
      const from = used
      used += byteCount
      return (pieces[piece] as Buffer).subarray(from, used)
    },
    clear() {
      piece = 0
      used = 0
    },
  }
}
