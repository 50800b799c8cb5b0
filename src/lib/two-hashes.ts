import { randomInt } from 'node:crypto'

// 64 bits of hash as two numbers of 32, of words and bytes one after the other: fast where there are
// millions a second, and no object is made. Seeded, so that nobody can tell from outside what is alike.

const LOW_PRIME = 0x85ebca6b | 0
const HIGH_PRIME = 0xc2b2ae35 | 0
const SEED_MAX = 2 ** 31

export class TwoHashes {
  low = 0
  high = 0
  readonly #lowSeed = randomInt(SEED_MAX)
  readonly #highSeed = randomInt(SEED_MAX)

  start(): void {
    this.low = this.#lowSeed
    this.high = this.#highSeed
  }

  /** Adds 32 bits. */
  add(word: number): void {
    this.addTwo(word, word)
  }

  /** Adds what two hashes say of the same thing. */
  addTwo(low: number, high: number): void {
    const nextLow = Math.imul(this.low ^ low, LOW_PRIME)
    const nextHigh = Math.imul(this.high ^ high, HIGH_PRIME)
    this.low = nextLow ^ (nextLow >>> 15)
    this.high = nextHigh ^ (nextHigh >>> 13)
  }

  /** Adds the bytes from `from` (inclusive) to `to`, and how many they are. */
  addBytes(view: DataView, from: number, to: number): void {
    this.add(to - from)
    let at = from
    for (; at + 4 <= to; at += 4) this.add(view.getInt32(at, true))
    for (; at < to; at++) this.add(view.getUint8(at))
  }
}
