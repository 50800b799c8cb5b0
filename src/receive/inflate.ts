import { createGunzip, createInflate } from 'node:zlib'
import { BadSnappy, inflateSnappy, snappyLength } from '../lib/snappy.ts'
import type { BodyBytes } from './body-bytes.ts'
import { LATER, type Refusal, tooLarge } from './refusal.ts'

/** How a body was compressed on its way. `deflate` is a zlib stream, as Python's exporter sends. */
export type Coding = 'identity' | 'gzip' | 'deflate' | 'snappy'

export interface InflateOptions {
  readonly coding: Exclude<Coding, 'identity'>
  readonly bodyBytesMax: number
  hold(byteCount: number): boolean
  readonly into: BodyBytes
}

const CHUNK_BYTES_MIN = 16 * 1_024
const CHUNK_BYTES_MAX = 256 * 1_024

/**
 * Inflates a body, and stops a bomb at the limit, not after it. Every piece is held as it appears:
 * a few hundred bombs at once would be gigabytes before the first of them had reached its limit.
 * Resolves with why it was refused.
 */
export async function inflate(wire: Buffer, options: InflateOptions): Promise<Refusal | undefined> {
  const { coding, bodyBytesMax, hold, into } = options
  if (coding === 'snappy') return inflateBlock(wire, options)
  const chunkSize = Math.min(CHUNK_BYTES_MAX, Math.max(CHUNK_BYTES_MIN, 4 * wire.length))
  const stream = coding === 'gzip' ? createGunzip({ chunkSize }) : createInflate({ chunkSize })
  stream.end(wire)
  let byteCount = 0
  try {
    // Leaving the loop early ends the stream.
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      byteCount += chunk.length
      if (byteCount > bodyBytesMax) return tooLarge(bodyBytesMax)
      if (!hold(chunk.length)) return LATER.tooMuch
      into.append(chunk)
    }
  } catch {
    return { cause: 'coding', reason: `broken ${coding} stream` }
  }
  return undefined
}

/** A Snappy block says how much it holds: too much is refused before any of it is inflated. */
function inflateBlock(wire: Buffer, options: InflateOptions): Refusal | undefined {
  const { bodyBytesMax, hold, into } = options
  try {
    const byteCount = snappyLength(wire)
    if (byteCount > bodyBytesMax) return tooLarge(bodyBytesMax)
    if (!hold(byteCount)) return LATER.tooMuch
    into.append(Buffer.from(inflateSnappy(wire, bodyBytesMax)))
    return undefined
  } catch (fault) {
    if (!(fault instanceof BadSnappy)) throw fault
    return { cause: 'coding', reason: `broken snappy stream: ${fault.message}` }
  }
}
