// Names that differ from item to item (ids of spans, of requests) as numbers: 53 bits of hash, which is
// what a number holds exactly. Half a million of them hold two alike once in 10^5 times.

const LOW_SEED = 0x811c9dc5 | 0
const HIGH_SEED = 0x41c6ce57
const LOW_PRIME = 0x01000193
const HIGH_PRIME = 0x5bd1e995
const HIGH_BITS = 0x1fffff

/** The identity of what a text names. */
export function identityOf(text: string): number {
  let low = LOW_SEED
  let high = HIGH_SEED
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    low = Math.imul(low ^ code, LOW_PRIME)
    low ^= low >>> 15
    high = Math.imul(high ^ code, HIGH_PRIME)
    high ^= high >>> 13
  }
  return toIdentity(mix(low), mix(high))
}

const WORD_BYTES = 4

/**
 * The identity of a span by its ids as they stand in the bytes: 16 from `traceIdAt` on and 8 from
 * `spanIdAt` on. Another number than that of their text.
 */
export function identityOfIds(view: DataView, traceIdAt: number, spanIdAt: number): number {
  let low = LOW_SEED
  let high = HIGH_SEED
  for (let word = 0; word < 6; word++) {
    const at = word < 4 ? traceIdAt + word * WORD_BYTES : spanIdAt + (word - 4) * WORD_BYTES
    const own = view.getInt32(at, true)
    low = Math.imul(low ^ own, LOW_PRIME)
    low ^= low >>> 15
    high = Math.imul(high ^ own, HIGH_PRIME)
    high ^= high >>> 13
  }
  return toIdentity(mix(low), mix(high))
}

/** Of a hash of 64 bits that is there already. */
export function toIdentity(low: number, high: number): number {
  return (high & HIGH_BITS) * 2 ** 32 + (low >>> 0)
}

/** At the end, since tables take the lowest bits. */
function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}
