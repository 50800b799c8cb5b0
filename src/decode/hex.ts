import type { PlainColumn } from '../lib/native-column.ts'

const DIGITS = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
/** Both digits of a byte, as they stand one after the other. */
const PAIRS = Uint16Array.from(
  { length: 256 },
  (_, byte) => (DIGITS[byte >> 4] as number) | ((DIGITS[byte & 15] as number) << 8),
)

/** Appends an id as a text column has it: lower-case hex, or nothing for one that is not set, at −1. */
type PushId = (column: PlainColumn, bytes: Uint8Array, at: number) => void

export const pushTraceId = createPushId(16)
export const pushSpanId = createPushId(8)

function createPushId(byteCount: number): PushId {
  return ({ data }, bytes, at) => {
    if (at < 0) {
      data.byte(0)
      return
    }
    data.reserve(byteCount * 2 + 1)
    const { view } = data
    let to = data.length
    view.setUint8(to++, byteCount * 2)
    for (let i = 0; i < byteCount; i++, to += 2)
      view.setUint16(to, PAIRS[bytes[at + i] as number] as number, true)
    data.length = to
  }
}

/** An id as text; '' for an id that is not set. */
export function toHexId(bytes: Buffer, byteCount: number, at: number): string {
  return at < 0 ? '' : bytes.toString('hex', at, at + byteCount)
}
