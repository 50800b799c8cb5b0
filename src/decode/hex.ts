import type { GrowingBytes } from '../lib/growing-bytes.ts'

const DIGITS = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
/** Both digits of a byte, as they stand one after the other. */
const PAIRS = Uint16Array.from(
  { length: 256 },
  (_, byte) => (DIGITS[byte >> 4] as number) | ((DIGITS[byte & 15] as number) << 8),
)

export interface IdBytes {
  readonly bytes: Uint8Array
  /** −1 for an id that is not set. */
  readonly at: number
}

/** An id of `byteCount` bytes as a text column has it: lower-case hex, or nothing. */
export function pushHexId(out: GrowingBytes, byteCount: number, { bytes, at }: IdBytes): void {
  if (at < 0) {
    out.byte(0)
    return
  }
  out.reserve(byteCount * 2 + 1)
  const { view } = out
  let to = out.length
  view.setUint8(to++, byteCount * 2)
  for (let i = 0; i < byteCount; i++, to += 2)
    view.setUint16(to, PAIRS[bytes[at + i] as number] as number, true)
  out.length = to
}

/** The same as text; '' for an id that is not set. */
export function toHexId(bytes: Buffer, byteCount: number, at: number): string {
  return at < 0 ? '' : bytes.toString('hex', at, at + byteCount)
}
