import { createGunzip, createInflate } from 'node:zlib'
import { LATER, type Refusal, tooLarge } from './refusal.ts'

/** How a body was compressed on its way. `deflate` is a zlib stream, as Python's exporter sends. */
export type Coding = 'identity' | 'gzip' | 'deflate'

export type Inflated =
  | { readonly status: 'ok'; readonly bytes: Buffer }
  | { readonly status: 'refused'; readonly refusal: Refusal }

const CHUNK_BYTES_MIN = 16 * 1_024
const CHUNK_BYTES_MAX = 256 * 1_024

/**
 * Inflates a body, and stops a bomb at the limit, not after it. Every piece is held as it appears:
 * a few hundred bombs at once would be gigabytes before the first of them had reached its limit.
 */
export async function inflate(
  wire: Buffer,
  options: {
    readonly coding: Exclude<Coding, 'identity'>
    readonly bodyBytesMax: number
    hold(byteCount: number): boolean
  },
): Promise<Inflated> {
  const { coding, bodyBytesMax, hold } = options
  const refused = (refusal: Refusal): Inflated => ({ status: 'refused', refusal })
  const chunkSize = Math.min(CHUNK_BYTES_MAX, Math.max(CHUNK_BYTES_MIN, 4 * wire.length))
  const stream = coding === 'gzip' ? createGunzip({ chunkSize }) : createInflate({ chunkSize })
  stream.end(wire)
  const chunks: Buffer[] = []
  let byteCount = 0
  try {
    // Leaving the loop early ends the stream.
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      byteCount += chunk.length
      if (byteCount > bodyBytesMax) return refused(tooLarge(bodyBytesMax))
      if (!hold(chunk.length)) return refused(LATER.tooMuch)
      chunks.push(chunk)
    }
  } catch {
    return refused({ cause: 'coding', reason: `broken ${coding} stream` })
  }
  const [only] = chunks
  return { status: 'ok', bytes: only && chunks.length === 1 ? only : Buffer.concat(chunks) }
}
