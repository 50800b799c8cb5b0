import type { IncomingMessage } from 'node:http'
import { type Coding, inflate } from './inflate.ts'
import type { Place } from './intake.ts'
import { LATER, type Refusal, tooLarge } from './refusal.ts'

export type Body =
  | { readonly status: 'ok'; readonly bytes: Buffer; readonly wireBytes: number }
  | { readonly status: 'refused'; readonly refusal: Refusal }
  /** The sender went away; there is nobody to answer. */
  | { readonly status: 'gone' }

export interface BodyOptions {
  readonly coding: Coding
  readonly bodyBytesMax: number
  readonly place: Place
  readonly cutOff: CutOff
}

/** Ends the reading from outside. An AbortSignal would cost a tenth of a small request. */
export interface CutOff {
  /** Once it was called. */
  readonly refusal: Refusal | undefined
  cut(refusal: Refusal): void
  /** Called at the first cut; at most one listener. */
  onCut: ((refusal: Refusal) => void) | undefined
}

export function createCutOff(): CutOff {
  const cutOff: CutOff & { refusal: Refusal | undefined } = {
    ...{ refusal: undefined, onCut: undefined },
    cut(refusal) {
      cutOff.refusal ??= refusal
      cutOff.onCut?.(cutOff.refusal)
    },
  }
  return cutOff
}

/**
 * Reads a body of at most `bodyBytesMax` bytes. The limit holds for every chunk as it comes, since
 * senders stream without a Content-Length, and again while inflating.
 */
export async function readBody(request: IncomingMessage, options: BodyOptions): Promise<Body> {
  const { bodyBytesMax, coding, place } = options
  const wire = await readWire(request, options)
  if (wire.status !== 'ok') return wire
  place.arrived()
  if (coding === 'identity') return wire
  const inflated = await inflate(wire.bytes, { coding, bodyBytesMax, hold: place.hold })
  return inflated.status === 'ok' ? { ...wire, bytes: inflated.bytes } : inflated
}

/** By events: what stops early leaves the request open, since its sender has to get an answer. */
function readWire(request: IncomingMessage, options: BodyOptions): Promise<Body> {
  const { bodyBytesMax, place, cutOff } = options
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let wireBytes = 0
    const done = (body: Body) => {
      request.off('data', take)
      cutOff.onCut = undefined
      chunks.length = 0
      resolve(body)
    }
    const refuse = (refusal: Refusal) => done({ status: 'refused', refusal })
    function take(chunk: Buffer) {
      wireBytes += chunk.length
      if (wireBytes > bodyBytesMax) refuse(tooLarge(bodyBytesMax))
      else if (place.hold(chunk.length)) chunks.push(chunk)
      // Being put out is said by `cutOff`.
      else if (!cutOff.refusal) refuse(LATER.tooMuch)
    }
    if (cutOff.refusal) return refuse(cutOff.refusal)
    cutOff.onCut = refuse
    request.on('data', take)
    request.once('end', () => {
      const [only] = chunks
      const bytes = only && chunks.length === 1 ? only : Buffer.concat(chunks)
      done({ status: 'ok', bytes, wireBytes })
    })
    request.once('error', () => done({ status: 'gone' }))
    request.once('close', () => done({ status: 'gone' }))
  })
}
