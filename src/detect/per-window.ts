import { compileMatchers, type Matcher } from '../lib/matcher.ts'
import { createRingWindow } from '../lib/ring-window.ts'
import type { Item } from './kind.ts'
import { numberOf } from './number-of.ts'
import type { Numbers } from './numbers.ts'

/** A level over sliding windows, with the samples that it rests on. */
export interface LevelWindow {
  /** What the item adds to the level; undefined when it counts for nothing. */
  add(item: Item): number | undefined
  /** As `add` for each of many; false when they are too old. Absent where each is followed by itself. */
  addAll?(item: Item, numbers: Numbers): boolean
  /**
   * How much may come, whatever it is, before the level can be above that; until items leave. Absent
   * where a single number may move it as far as it likes.
   */
  spare?(endMs: number, lengthMs: number, above: number): number
  /** Undefined when there is nothing to tell it from. */
  level(endMs: number, lengthMs: number): Level | undefined
  /** Event time of the oldest item since the last clear; undefined before the first. */
  readonly sinceMs: number | undefined
  clear(): void
  save(): unknown
  load(saved: unknown): boolean
}

export interface Level {
  readonly level: number
  readonly count: number
}

export interface PerWindowOptions {
  /** The number that is summed; `volume` sums the items themselves. */
  readonly of: string
  readonly per: Readonly<Record<string, Matcher>>
  readonly bucketMs: number
  readonly windowMs: number
  readonly spanMs: number
}

const SAMPLES = 0
const WEIGHT = 1
const AMOUNT = 2

/**
 * Σ of a number over all items, per item that matches `per`: what a success costs, failures
 * included. Both are of weights, so that sampling cancels; `count` is samples that match. Memory:
 * 24 B a bucket.
 */
export function createPerWindow(options: PerWindowOptions): LevelWindow {
  const ring = createRingWindow({ ...options, channelCount: 3 })
  const amountOf = createAmount(options.of)
  const isCounted = compileMatchers(options.per)
  let sinceMs: number | undefined
  return {
    get sinceMs() {
      return sinceMs
    },
    add(item) {
      const amount = amountOf(item)
      const counts = isCounted(item.read)
      if (amount === undefined && !counts) return undefined
      const { atUnixMs, weight } = item
      if (!ring.add(atUnixMs, SAMPLES, counts ? item.count : 0)) return undefined
      if (counts) ring.add(atUnixMs, WEIGHT, weight)
      if (amount !== undefined) ring.add(atUnixMs, AMOUNT, amount * weight)
      if (sinceMs === undefined || atUnixMs < sinceMs) sinceMs = atUnixMs
      return amount ?? 0
    },
    addAll(item, numbers) {
      const counts = isCounted(item.read)
      const { values, weights, from, until } = numbers
      const { atUnixMs } = item
      let amount = 0
      for (let i = from; i < until; i++) {
        const value = values[i] as number
        if (!Number.isNaN(value)) amount += value * (weights[i] as number)
      }
      if (!ring.add(atUnixMs, SAMPLES, counts ? item.count : 0)) return false
      if (counts) ring.add(atUnixMs, WEIGHT, item.weight)
      ring.add(atUnixMs, AMOUNT, amount)
      if (sinceMs === undefined || atUnixMs < sinceMs) sinceMs = atUnixMs
      return true
    },
    ...(options.of === 'volume' && {
      spare: (endMs, lengthMs, above) =>
        above * ring.sum(WEIGHT, endMs, lengthMs) - ring.sum(AMOUNT, endMs, lengthMs),
    }),
    level(endMs, lengthMs) {
      const count = ring.sum(SAMPLES, endMs, lengthMs)
      if (count === 0) return undefined
      const level = ring.sum(AMOUNT, endMs, lengthMs) / ring.sum(WEIGHT, endMs, lengthMs)
      return { level, count }
    },
    clear() {
      ring.clear()
      sinceMs = undefined
    },
    save: () => [ring.save(), sinceMs ?? null],
    load(saved) {
      if (!Array.isArray(saved) || !ring.load(saved[0])) return false
      const since: unknown = saved[1]
      if (since !== null && !Number.isFinite(since)) return false
      sinceMs = since === null ? undefined : (since as number)
      return true
    },
  }
}

/**
 * The same window, which remembers the last level that was asked for until an item falls into it, or
 * before its end: a long baseline is asked for on every judgement, and changes once per bucket.
 */
export function remembering(window: LevelWindow, bucketMs: number): LevelWindow {
  let known = { end: Number.NEGATIVE_INFINITY, lengthMs: 0, level: undefined as Level | undefined }
  const forget = () => {
    known = { end: Number.NEGATIVE_INFINITY, lengthMs: 0, level: undefined }
  }
  return {
    get sinceMs() {
      return window.sinceMs
    },
    add(item) {
      if (Math.floor(item.atUnixMs / bucketMs) <= known.end) forget()
      return window.add(item)
    },
    addAll(item, numbers) {
      if (Math.floor(item.atUnixMs / bucketMs) <= known.end) forget()
      return window.addAll?.(item, numbers) ?? false
    },
    level(endMs, lengthMs) {
      const end = Math.floor(endMs / bucketMs)
      if (end !== known.end || lengthMs !== known.lengthMs)
        known = { end, lengthMs, level: window.level(endMs, lengthMs) }
      return known.level
    },
    clear() {
      forget()
      window.clear()
    },
    save: window.save,
    load(saved) {
      forget()
      return window.load(saved)
    },
  }
}

function createAmount(of: string): (item: Item) => number | undefined {
  return of === 'volume' ? () => 1 : (item) => numberOf(item, of)
}
