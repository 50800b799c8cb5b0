import { BYTES, createWire, type Wire } from './wire.ts'

/**
 * Reads the submessage with a number, wherever it stands: a resource may follow its spans. Several
 * are the pieces of one, by the protocol's rule that joined bytes are joined messages. Without one
 * it is read as empty. The wire stays where it was.
 *
 * @param read is given a wire at the submessage's beginning, and its end
 */
export function readSub<T>(
  wire: Wire,
  { end, number }: { readonly end: number; readonly number: number },
  read: (wire: Wire, end: number) => T,
): T {
  const start = wire.at
  const pieces: number[] = []
  while (wire.at < end) {
    const tag = wire.tag(end)
    if (tag === number * 8 + BYTES) {
      const to = wire.lengthEnd(end)
      pieces.push(wire.at, to)
      wire.at = to
    } else wire.skip(tag, end)
  }
  const [from = end, to = end] = pieces
  wire.at = from
  const found = pieces.length > 2 ? readPieces(wire.bytes, pieces, read) : read(wire, to)
  wire.at = start
  return found
}

function readPieces<T>(
  bytes: Buffer,
  pieces: readonly number[],
  read: (wire: Wire, end: number) => T,
): T {
  const joined = createWire()
  joined.open(joinPieces(bytes, pieces))
  return read(joined, joined.bytes.length)
}

/** @param pieces begin and end of each, one after the other */
export function joinPieces(bytes: Buffer, pieces: readonly number[]): Buffer {
  const all: Buffer[] = []
  for (let i = 0; i < pieces.length; i += 2) all.push(bytes.subarray(pieces[i], pieces[i + 1]))
  return Buffer.concat(all)
}
