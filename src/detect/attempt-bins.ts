import { createRingWindow, type RingWindow } from '../lib/ring-window.ts'
import type { Role } from '../model/attempt.ts'
import type { AttemptFacts } from './attempt-piles.ts'
import type { NewAttempts } from './columns.ts'
import type { Remembered } from './memory.ts'

/**
 * Attempts of the last hour by route and target: final outcomes (ok, failed) in bins of 1 s by
 * *start*, for where trouble began, and in coarse ones by *end*, for what was normal before.
 *
 * Memory: 100 kB per pair of route and target, at most 64 pairs, so 6.4 MB; as much is written with
 * the rule state. A further pair takes the place of the one unheard for longest, if that is so for
 * 10 s; else of one that no file lists, if it is listed itself; else it has no bins.
 */
export interface AttemptBins extends Remembered {
  add(attempts: NewAttempts): void
  pairs(): Iterable<PairBins>
}

export interface PairBins {
  readonly route: string
  readonly target: string
  /** As of its newest attempt. */
  readonly role: Role
  /** Channels as below. */
  readonly starts: RingWindow
  readonly ends: RingWindow
}

export const SAMPLES = 0
export const OK = 1
export const FAILED = 2

const START_BIN_MS = 1_000
const PAIRS_MAX = 64
const QUIET_MS = 10_000
/** Bins are whole, however wide: the hour begins within one of the widest. */
const SLACK_MS = 60_000

/** Of ends, by how long the hour is: 10 s, in rehearsals less. */
export const endBinMs = (hourMs: number) => hourMs / 360

export function createAttemptBins(options: { readonly hourMs: number }): AttemptBins {
  return new Pairs(options.hourMs)
}

type Pair = { -readonly [K in keyof PairBins]: PairBins[K] } & { heardUnixMs: number }

interface SavedPair extends Omit<Pair, 'starts' | 'ends'> {
  readonly starts: unknown
  readonly ends: unknown
}

/** A class, since every attempt comes by. */
class Pairs implements AttemptBins {
  changeCount = 0
  readonly #hourMs: number
  readonly #byRoute = new Map<string, Map<string, Pair>>()
  #pairCount = 0
  /** One for all: every attempt comes by. */
  readonly #item = { count: 1, weight: 1 }
  #last: Pair | undefined

  constructor(hourMs: number) {
    this.#hourMs = hourMs
  }

  add({ pile, columns }: NewAttempts): void {
    const { facts, rows, length } = pile
    const { outcome } = facts
    if (outcome !== 'ok' && outcome !== 'failed') return
    const { atUnixMs, tookMs, counts, weights } = columns
    let newestUnixMs = 0
    for (let at = 0; at < length; at++)
      newestUnixMs = Math.max(newestUnixMs, atUnixMs[rows[at] as number] as number)
    const pair = this.#pairOf(facts, newestUnixMs)
    if (!pair) return
    const channel = outcome === 'ok' ? OK : FAILED
    const item = this.#item
    for (let at = 0; at < length; at++) {
      const row = rows[at] as number
      const endUnixMs = atUnixMs[row] as number
      item.count = counts[row] as number
      item.weight = weights[row] as number
      pair.starts.addItem(endUnixMs - (tookMs[row] as number), item, channel)
      pair.ends.addItem(endUnixMs, item, channel)
    }
    if (newestUnixMs > pair.heardUnixMs) pair.heardUnixMs = newestUnixMs
    this.changeCount += length
  }

  *pairs(): Iterable<Pair> {
    for (const targets of this.#byRoute.values()) yield* targets.values()
  }

  save(): readonly SavedPair[] {
    return [...this.pairs()].map(({ starts, ends, ...pair }) => ({
      ...pair,
      starts: starts.save(),
      ends: ends.save(),
    }))
  }

  load(saved: unknown): void {
    for (const { starts, ends, ...facts } of saved as readonly SavedPair[]) {
      const pair = { ...facts, ...this.#createRings() }
      const isFitting = pair.starts.load(starts) && pair.ends.load(ends)
      if (isFitting && this.#pairCount < PAIRS_MAX) this.#put(pair)
    }
  }

  #pairOf(attempt: AttemptFacts, heardUnixMs: number): Pair | undefined {
    const { route, target, role } = attempt
    const last = this.#last
    if (last && last.route === route && last.target === target) return last
    let pair = this.#byRoute.get(route)?.get(target)
    if (!pair) {
      if (this.#pairCount >= PAIRS_MAX && !this.#makeRoom(role, heardUnixMs)) return undefined
      pair = { route, target, role, heardUnixMs, ...this.#createRings() }
      this.#put(pair)
    }
    pair.role = role
    this.#last = pair
    return pair
  }

  #makeRoom(role: Role, nowUnixMs: number): boolean {
    const all = [...this.pairs()].sort((a, b) => a.heardUnixMs - b.heardUnixMs)
    const quiet = all.find(({ heardUnixMs }) => nowUnixMs - heardUnixMs >= QUIET_MS)
    const gone = quiet ?? all.find((one) => role !== 'unlisted' && one.role === 'unlisted')
    if (!gone) return false
    const targets = this.#byRoute.get(gone.route)
    targets?.delete(gone.target)
    if (targets?.size === 0) this.#byRoute.delete(gone.route)
    this.#pairCount--
    this.#last = undefined
    return true
  }

  #put(pair: Pair): void {
    const targets = this.#byRoute.get(pair.route) ?? new Map<string, Pair>()
    if (!targets.has(pair.target)) this.#pairCount++
    targets.set(pair.target, pair)
    this.#byRoute.set(pair.route, targets)
  }

  #createRings(): Pick<Pair, 'starts' | 'ends'> {
    const ring = { spanMs: this.#hourMs + SLACK_MS, channelCount: 3 }
    const binMs = endBinMs(this.#hourMs)
    return {
      starts: createRingWindow({ ...ring, bucketMs: START_BIN_MS, windowMs: START_BIN_MS }),
      ends: createRingWindow({ ...ring, bucketMs: binMs, windowMs: binMs }),
    }
  }
}
