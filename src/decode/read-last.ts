import { BYTES, type Wire } from './wire.ts'

/**
 * Reads the last submessage with a number, wherever it stands: a resource may follow its spans, and
 * a later one replaces an earlier one. Without one it is read as empty. The wire stays where it was.
 *
 * @param read is given the end of the submessage, and the wire at its beginning
 */
export function readLast<T>(
  wire: Wire,
  { end, number }: { readonly end: number; readonly number: number },
  read: (end: number) => T,
): T {
  const start = wire.at
  let from = end
  let to = end
  while (wire.at < end) {
    const tag = wire.varint(end)
    if (tag === number * 8 + BYTES) {
      to = wire.lengthEnd(end)
      from = wire.at
      wire.at = to
    } else wire.skip(tag, end)
  }
  wire.at = from
  const found = read(to)
  wire.at = start
  return found
}
