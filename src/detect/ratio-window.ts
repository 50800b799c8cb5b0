import { bucketMsOf, createRingWindow, type SavedRing } from '../lib/ring-window.ts'
import type { Item } from './kind.ts'

/** Good and bad items over sliding windows: samples are counted, shares are of weights. */
export interface RatioWindow {
  /** False for an item older than any window reaches. */
  add(item: Pick<Item, 'atUnixMs' | 'weight' | 'count'>, isBad: boolean): boolean
  count(endMs: number, windowMs: number): number
  /** The share, and between what it lies with `missing` further items. */
  bounds(endMs: number, windowMs: number, missing: number): Bounds
  /** Good items of the bucket that the window is just leaving: some of them may still be in it. */
  edge(endMs: number): number
  /** How many bad ones may come until `untilMs` before the share in the window can be above that. */
  spare(query: { endMs: number; untilMs: number; windowMs: number; above: number }): number
  /** The narrowest window within the bounds that holds so many samples. */
  widen(query: { endMs: number; atLeast: number; windowMs: number; windowMaxMs: number }): number
  clear(): void
  save(): SavedRing
  load(saved: unknown): boolean
}

export interface Bounds {
  readonly value: number | null
  readonly low: number
  readonly high: number
}

const SAMPLES = 0
const TOTAL = 1
const BAD = 2

export function createRatioWindow(options: { windowMs: number; spanMs: number }): RatioWindow {
  const { windowMs } = options
  const bucketMs = bucketMsOf(windowMs)
  const ring = createRingWindow({ ...options, bucketMs, channelCount: 3 })
  const good = (endMs: number, ofMs: number) =>
    ring.sum(TOTAL, endMs, ofMs) - ring.sum(BAD, endMs, ofMs)
  return {
    add(item, isBad) {
      if (!ring.addItem(item.atUnixMs, item, TOTAL)) return false
      if (isBad) ring.add(item.atUnixMs, BAD, item.weight)
      return true
    },
    count: (endMs, ofMs) => ring.sum(SAMPLES, endMs, ofMs),
    bounds(endMs, ofMs, missing) {
      const total = ring.sum(TOTAL, endMs, ofMs)
      const bad = ring.sum(BAD, endMs, ofMs)
      const all = total + missing
      return {
        value: total === 0 ? null : bad / total,
        low: all === 0 ? 0 : bad / all,
        high: all === 0 ? 0 : (bad + missing) / all,
      }
    },
    edge: (endMs) => good(endMs, windowMs + bucketMs) - good(endMs, windowMs),
    spare({ endMs, untilMs, windowMs: ofMs, above }) {
      if (above >= 1) return Number.POSITIVE_INFINITY
      // Of those that are there, so many are there still, and all that come are bad.
      const total = ring.sum(TOTAL, untilMs, ofMs)
      return (above * total - ring.sum(BAD, endMs, ofMs)) / (1 - above)
    },
    widen: (query) => ring.widen({ ...query, channel: SAMPLES }),
    clear: () => ring.clear(),
    save: () => ring.save(),
    load: (saved) => ring.load(saved),
  }
}
