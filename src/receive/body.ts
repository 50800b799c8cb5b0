import type { IncomingMessage } from 'node:http'
import type { BodyBytes, BodyMemory } from './body-bytes.ts'
import { type Coding, inflate } from './inflate.ts'
import type { Place } from './intake.ts'
import { LATER, type Refusal, tooLarge } from './refusal.ts'

export type Body =
  | {
      readonly status: 'ok'
      /** Good until `release`. */
      readonly bytes: Buffer
      readonly wireBytes: number
      release(): void
    }
  | { readonly status: 'refused'; readonly refusal: Refusal }
  /** The sender went away; there is nobody to answer. */
  | { readonly status: 'gone' }

export interface BodyOptions {
  readonly coding: Coding
  readonly bodyBytesMax: number
  readonly place: Place
  readonly cutOff: CutOff
  readonly memory: BodyMemory
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
  const { bodyBytesMax, coding, memory, place } = options
  const wire = memory.open(Number(request.headers['content-length'] ?? 0))
  const fault = await readWire(request, wire, options)
  if (fault) {
    wire.release()
    return fault
  }
  place.arrived()
  const wireBytes = wire.bytes().length
  if (coding === 'identity') return toBody(wire, wireBytes)
  const into = memory.open()
  const refusal = await inflate(wire.bytes(), { coding, bodyBytesMax, hold: place.hold, into })
  wire.release()
  if (refusal === undefined) return toBody(into, wireBytes)
  into.release()
  return { status: 'refused', refusal }
}

function toBody(bytes: BodyBytes, wireBytes: number): Body {
  return { status: 'ok', bytes: bytes.bytes(), wireBytes, release: () => bytes.release() }
}

type Unread = Exclude<Body, { readonly status: 'ok' }>

/** By events: what stops early leaves the request open, since its sender has to get an answer. */
function readWire(
  request: IncomingMessage,
  into: BodyBytes,
  options: BodyOptions,
): Promise<Unread | undefined> {
  const { bodyBytesMax, place, cutOff } = options
  return new Promise((resolve) => {
    let wireBytes = 0
    const done = (fault?: Unread) => {
      request.off('data', take)
      cutOff.onCut = undefined
      resolve(fault)
    }
    const refuse = (refusal: Refusal) => done({ status: 'refused', refusal })
    function take(piece: Buffer) {
      wireBytes += piece.length
      if (wireBytes > bodyBytesMax) refuse(tooLarge(bodyBytesMax))
      else if (place.hold(piece.length)) into.append(piece)
      // Being put out is said by `cutOff`.
      else if (!cutOff.refusal) refuse(LATER.tooMuch)
    }
    if (cutOff.refusal) return refuse(cutOff.refusal)
    cutOff.onCut = refuse
    request.on('data', take)
    request.once('end', () => done())
    request.once('error', () => done({ status: 'gone' }))
    request.once('close', () => done({ status: 'gone' }))
  })
}
