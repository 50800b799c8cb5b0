import { createGunzip, createInflate } from 'node:zlib'
import { BadSnappy, inflateSnappy, snappyLength } from '../lib/snappy.ts'
import { LATER, type Refusal, tooLarge } from './refusal.ts'

/** How a body was compressed on its way. `deflate` is a zlib stream, as Python's exporter sends. */
export type Coding = 'identity' | 'gzip' | 'deflate' | 'snappy'

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
  if (coding === 'snappy') return inflateBlock(wire, options)
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

/** A Snappy block says how much it holds: too much is refused before any of it is inflated. */
function inflateBlock(
  wire: Buffer,
  { bodyBytesMax, hold }: { readonly bodyBytesMax: number; hold(byteCount: number): boolean },
): Inflated {
  try {
    const byteCount = snappyLength(wire)
    if (byteCount > bodyBytesMax) return { status: 'refused', refusal: tooLarge(bodyBytesMax) }
    if (!hold(byteCount)) return { status: 'refused', refusal: LATER.tooMuch }
    return { status: 'ok', bytes: Buffer.from(inflateSnappy(wire, bodyBytesMax)) }
  } catch (fault) {
    if (!(fault instanceof BadSnappy)) throw fault
    const reason = `broken snappy stream: ${fault.message}`
    return { status: 'refused', refusal: { cause: 'coding', reason } }
  }
}
