/** Draws from [0, 1): the same seed gives the same run of draws, on every machine. */
export function createDraws(seed: number): () => number {
  let state = seed >>> 0
  // mulberry32: 32 bits of state are plenty for a rehearsal, and fit on one line.
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
