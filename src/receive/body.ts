import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { BadSnappy, inflateSnappy, snappyLength } from '../lib/snappy.ts'
import type { Refusal } from './answer.ts'
import { type Coding, tooLarge } from './request-head.ts'

const inflaters = { gzip: promisify(gunzip), deflate: promisify(inflate), snappy }

/** The block says how much it holds: too much is refused before any of it is inflated. */
function snappy(wire: Buffer, limits: { readonly maxOutputLength: number }): Uint8Array {
  const byteCount = snappyLength(wire)
  if (byteCount > limits.maxOutputLength) throw new TooLarge(`${byteCount} bytes`)
  return inflateSnappy(wire, limits.maxOutputLength)
}

class TooLarge extends RangeError {
  readonly code = 'ERR_BUFFER_TOO_LARGE'
}

export type Body =
  | { readonly status: 'ok'; readonly bytes: Uint8Array }
  | { readonly status: 'refused'; readonly refusal: Refusal }
  /** The sender went away; there is nobody to answer. */
  | { readonly status: 'gone' }

/**
 * Reads a body of at most `bodyBytesMax` bytes. The limit holds for every chunk as it comes, since
 * senders stream without a Content-Length, and again while inflating: a bomb is stopped at the
 * limit, not after it.
 *
 * @param reserve asks for memory for so many more bytes; false refuses the request for now
 */
export async function readBody(
  request: IncomingMessage,
  options: {
    readonly coding: Coding
    readonly bodyBytesMax: number
    reserve(byteCount: number): boolean
  },
): Promise<Body> {
  const { bodyBytesMax, coding, reserve } = options
  const chunks: Buffer[] = []
  let byteCount = 0
  try {
    // Without destroying the request when we stop early: its sender still has to get an answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      byteCount += (chunk as Buffer).length
      if (byteCount > bodyBytesMax) return { status: 'refused', refusal: tooLarge(bodyBytesMax) }
      if (!reserve((chunk as Buffer).length)) return { status: 'refused', refusal: OUT_OF_MEMORY }
      chunks.push(chunk as Buffer)
    }
  } catch {
    return { status: 'gone' }
  }
  const wire = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
  if (coding === 'identity') return { status: 'ok', bytes: wire }
  try {
    const bytes = await inflaters[coding](wire, { maxOutputLength: bodyBytesMax })
    return reserve(bytes.length)
      ? { status: 'ok', bytes }
      : { status: 'refused', refusal: OUT_OF_MEMORY }
  } catch (fault) {
    if (isTooLarge(fault)) return { status: 'refused', refusal: tooLarge(bodyBytesMax) }
    return {
      status: 'refused',
      refusal: { status: 400, reason: `broken ${coding} stream${detailOf(fault)}` },
    }
  }
}

function detailOf(fault: unknown): string {
  return fault instanceof BadSnappy ? `: ${fault.message}` : ''
}

const OUT_OF_MEMORY: Refusal = {
  status: 503,
  reason: 'too much is being received at once',
  headers: { 'retry-after': '1' },
}

function isTooLarge(fault: unknown): boolean {
  return fault instanceof RangeError && 'code' in fault && fault.code === 'ERR_BUFFER_TOO_LARGE'
}
