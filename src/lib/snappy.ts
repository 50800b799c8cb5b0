/** A block that is not whole, or larger than what was asked for. */
export class BadSnappy extends Error {
  override readonly name = 'BadSnappy'
}

const LENGTH_BYTES_MAX = 5

/**
 * Bytes that a block says it inflates to; nothing of it is read or reserved.
 * @throws BadSnappy
 */
export function snappyLength(block: Uint8Array): number {
  return readLength(block).length
}

/**
 * Inflates one block of Snappy's raw format (not the framed one), as Prometheus remote write sends.
 * Total: any bytes either inflate to exactly the length that they announce, or throw. Memory is
 * reserved only when the announced length is within `bytesMax`.
 *
 * @throws BadSnappy
 * @see google/snappy, format_description.txt
 */
export function inflateSnappy(block: Uint8Array, bytesMax: number): Uint8Array {
  const { length, at } = readLength(block)
  if (length > bytesMax) throw new BadSnappy(`inflates to ${length} bytes, at most ${bytesMax}`)
  // Three bytes give 64 at best: what announces more than that is a lie, and not worth the memory.
  if (length > (block.length - at) * 64) throw new BadSnappy('shorter than it says')
  const out = Buffer.allocUnsafe(length)
  let from = at
  let to = 0
  while (from < block.length) {
    const tag = block[from++] ?? 0
    const isLiteral = (tag & 3) === 0
    const element = isLiteral ? literalAt(block, { tag, from }) : copyAt(block, { tag, from })
    from = element.next
    if (to + element.length > length) throw new BadSnappy('longer than it says')
    if (element.offset === 0) {
      if (from + element.length > block.length) throw new BadSnappy('a literal is cut off')
      out.set(block.subarray(from, from + element.length), to)
      from += element.length
    } else {
      if (element.offset > to) throw new BadSnappy('a copy from before the start')
      copyWithin(out, { to, ...element })
    }
    to += element.length
  }
  if (to !== length) throw new BadSnappy('shorter than it says')
  return out
}

/** A literal has offset 0, and its bytes follow; a copy repeats what stands `offset` bytes back. */
interface Element {
  readonly offset: number
  readonly length: number
  readonly next: number
}

interface Place {
  readonly tag: number
  readonly from: number
}

function literalAt(block: Uint8Array, { tag, from }: Place): Element {
  const short = tag >> 2
  if (short < 60) return { offset: 0, length: short + 1, next: from }
  const byteCount = short - 59
  return { offset: 0, length: littleEndian(block, { from, byteCount }) + 1, next: from + byteCount }
}

function copyAt(block: Uint8Array, { tag, from }: Place): Element {
  const kind = tag & 3
  const byteCount = kind === 3 ? 4 : kind
  const low = littleEndian(block, { from, byteCount })
  const next = from + byteCount
  const offset = kind === 1 ? ((tag >> 5) << 8) | low : low
  // A copy from here has nothing to copy, and offset 0 means a literal to the caller.
  if (offset === 0) throw new BadSnappy('a copy of nothing')
  return { offset, length: kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1, next }
}

function littleEndian(
  block: Uint8Array,
  { from, byteCount }: { readonly from: number; readonly byteCount: number },
): number {
  if (from + byteCount > block.length) throw new BadSnappy('it is cut off')
  let value = 0
  for (let index = byteCount - 1; index >= 0; index--)
    value = value * 256 + (block[from + index] ?? 0)
  return value
}

/** A copy may overlap itself: then what it writes is what it goes on to read. */
function copyWithin(
  out: Uint8Array,
  { to, offset, length }: { readonly to: number; readonly offset: number; readonly length: number },
): void {
  if (offset >= length) {
    out.copyWithin(to, to - offset, to - offset + length)
    return
  }
  for (let index = 0; index < length; index++) out[to + index] = out[to + index - offset] ?? 0
}

function readLength(block: Uint8Array): { readonly length: number; readonly at: number } {
  let length = 0
  for (let at = 0, scale = 1; at < LENGTH_BYTES_MAX; at++, scale *= 128) {
    const byte = block[at]
    if (byte === undefined) break
    length += (byte & 0x7f) * scale
    if (byte >= 0x80) continue
    if (length > 0xffff_ffff) break
    return { length, at: at + 1 }
  }
  throw new BadSnappy('no length at its start')
}
