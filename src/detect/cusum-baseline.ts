import { createRingWindow } from '../lib/ring-window.ts'

/** Mean and deviation of bucket means over the time before the window. Memory: 24 B × 61. */
export interface CusumBaseline {
  learn(atMs: number, value: number): void
  /** Values that it rests on. */
  readonly count: number
  readonly mean: number
  /** Of the values; 0 below two. */
  readonly deviation: number
  /** Time of the oldest value since the last clear; undefined before the first. */
  readonly sinceMs: number | undefined
  clear(): void
  save(): unknown
  /** False for what it did not save; then it is empty. */
  load(saved: unknown): boolean
}

const BUCKETS = 60
const COUNT = 0
const SUM = 1
const SQUARES = 2

export function createCusumBaseline(options: {
  readonly baselineMs: number
  readonly bucketMs: number
}): CusumBaseline {
  const { baselineMs } = options
  const ring = createRingWindow({
    bucketMs: Math.max(options.bucketMs, baselineMs / BUCKETS),
    windowMs: baselineMs,
    channelCount: 3,
  })
  let sinceMs: number | undefined
  let lastMs = 0
  // Sums of squares around it, and not around 0, lose no digits to a large mean.
  let origin = 0
  const sum = (channel: number) => ring.sum(channel, lastMs, baselineMs)
  const clear = () => {
    ring.clear()
    sinceMs = undefined
    lastMs = 0
    origin = 0
  }
  return {
    learn(atMs, value) {
      if (sinceMs === undefined) origin = value
      if (sinceMs === undefined || atMs < sinceMs) sinceMs = atMs
      const apart = value - origin
      ring.add(atMs, COUNT, 1)
      ring.add(atMs, SUM, apart)
      ring.add(atMs, SQUARES, apart * apart)
      if (atMs > lastMs) lastMs = atMs
    },
    get count() {
      return sum(COUNT)
    },
    get mean() {
      return origin + sum(SUM) / Math.max(1, sum(COUNT))
    },
    get deviation() {
      const count = sum(COUNT)
      if (count < 2) return 0
      return Math.sqrt(Math.max(0, (sum(SQUARES) - sum(SUM) ** 2 / count) / (count - 1)))
    },
    get sinceMs() {
      return sinceMs
    },
    clear,
    save: () => [ring.save(), { sinceMs: sinceMs ?? null, lastMs, origin }],
    load(saved) {
      clear()
      if (!Array.isArray(saved) || typeof saved[1] !== 'object' || saved[1] === null) return false
      const facts = saved[1] as { sinceMs?: unknown; lastMs?: unknown; origin?: unknown }
      const isKnown = facts.sinceMs === null || Number.isFinite(facts.sinceMs)
      if (!isKnown || !Number.isFinite(facts.lastMs) || !Number.isFinite(facts.origin)) return false
      if (!ring.load(saved[0])) return false
      sinceMs = (facts.sinceMs as number | null) ?? undefined
      lastMs = facts.lastMs as number
      origin = facts.origin as number
      return true
    },
  }
}
