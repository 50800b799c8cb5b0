import type { Readable } from 'node:stream'
import {
  Metadata,
  type ServerInterceptingCallInterface,
  type StatusObject,
  status,
} from '@grpc/grpc-js'

// What the library decides by itself, it says without details, and where it inflates, nothing but
// the single message bounds it. Both are reached by replacing methods of one call, which are not all
// in its published types: in a version without them, the library's own behaviour is what remains.

interface LibraryCall extends ServerInterceptingCallInterface {
  readonly stream?: Readable
  decompressMessage?(framed: Buffer, coding: string): Buffer | Promise<Buffer>
}

/** Sees every status that is sent, also the library's own, and may send another in its place. */
export function replaceStatus(
  call: ServerInterceptingCallInterface,
  replace: (status: StatusObject) => StatusObject,
): void {
  const sendStatus = call.sendStatus.bind(call)
  // The library leaves out what its own type demands.
  call.sendStatus = ({ code = status.UNKNOWN, details = '', ...rest }) =>
    sendStatus(replace({ code, details, metadata: rest.metadata ?? new Metadata() }))
}

/**
 * The bytes of a message as they come: the library shows a message when it is whole. Without its
 * stream, messages count once they are whole.
 */
export function onBytes(
  call: ServerInterceptingCallInterface,
  count: (byteCount: number) => void,
): void {
  const { stream } = call as LibraryCall
  stream?.on('data', (chunk: Buffer) => count(chunk.length))
}

const FRAME_BYTES = 5

/** @param inflate rejects with a `StatusObject`, which the library then sends */
export function replaceInflating(
  call: ServerInterceptingCallInterface,
  inflate: (wire: Buffer, coding: 'gzip' | 'deflate') => Promise<Buffer>,
): void {
  const library = call as LibraryCall
  const own = library.decompressMessage?.bind(call)
  if (!own) return
  library.decompressMessage = (framed, coding) =>
    coding === 'gzip' || coding === 'deflate'
      ? inflate(framed.subarray(FRAME_BYTES), coding)
      : own(framed, coding)
}
