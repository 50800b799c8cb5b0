import { DOUBLE, INT } from './value-kinds.ts'
import type { Wire } from './wire.ts'

// Numbers that each span has of its own and that rules read of all of them: they are noted when it comes
// by, since finding them later means to read the span again.

export const COUNTED_KEYS = ['gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens'] as const

interface Counted {
  readonly wire: Wire
  readonly pairs: { readonly kinds: Uint8Array; readonly froms: Int32Array }
}

/** The number in a place of the list; undefined for what is none, or takes more than four bytes. */
export function readCount({ wire, pairs }: Counted, place: number): number | undefined {
  if (place < 0) return undefined
  const at = pairs.froms[place] as number
  if (pairs.kinds[place] === DOUBLE) return wire.view.getFloat64(at, true)
  return pairs.kinds[place] === INT ? readShort(wire.bytes, at) : undefined
}

/** A varint of up to four bytes; undefined for a longer one, as negative ones are. */
export function readShort(bytes: Uint8Array, from: number): number | undefined {
  let value = 0
  for (let at = from, shift = 0; shift < 28; at++, shift += 7) {
    const byte = bytes[at] as number
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
  return undefined
}
