import type { CusumBaseline } from './cusum-baseline.ts'

/** The two sums of a CUSUM, upwards and downwards, and the values that are not yet baseline. */
export interface CusumSides {
  /**
   * Takes the value of a bucket; without a deviation it is only learned. A change when a sum passes
   * the limit: then the baseline begins anew with the values since that sum began to rise.
   */
  step(bucket: number, value: number, deviation: number | undefined): CusumChange | undefined
  /** The greater sum. */
  readonly value: number
  clear(): void
  save(): unknown
  /** False for what it did not save; then it is empty. */
  load(saved: unknown): boolean
}

export interface CusumChange {
  readonly from: number
  readonly to: number
  /** What the sum had come to. */
  readonly sum: number
}

/** Half of the shift that is found fastest, in deviations. */
const SLACK = 0.5
/** One odd bucket is no change of level: it takes three at least. */
const DEVIATIONS_MAX = 4
/** So many values wait before they are learned: the window. */
const WAITING = 10

export interface CusumSidesOptions {
  readonly above: number
  readonly bucketMs: number
  readonly baseline: CusumBaseline
}

export function createCusumSides({ above, bucketMs, baseline }: CusumSidesOptions): CusumSides {
  // Buckets and values in turn, oldest first, of `waitingCount`.
  const waiting = new Float64Array(WAITING * 2)
  let waitingCount = 0
  const up = createSide()
  const down = createSide()

  const learn = (index: number) => {
    const bucket = waiting[index * 2] as number
    baseline.learn((bucket + 0.5) * bucketMs, waiting[index * 2 + 1] as number)
  }
  const wait = (bucket: number, value: number) => {
    if (waitingCount === WAITING) {
      learn(0)
      waiting.copyWithin(0, 2)
      waitingCount--
    }
    waiting[waitingCount * 2] = bucket
    waiting[waitingCount * 2 + 1] = value
    waitingCount++
  }
  const reset = () => {
    waitingCount = 0
    up.clear()
    down.clear()
  }
  const change = (side: Side): CusumChange => {
    const found = { from: baseline.mean, to: side.mean, sum: side.sum }
    const { sinceBucket } = side
    baseline.clear()
    for (let index = 0; index < waitingCount; index++)
      if ((waiting[index * 2] as number) >= sinceBucket) learn(index)
    reset()
    return found
  }
  return {
    step(bucket, value, deviation) {
      if (deviation !== undefined) {
        const z = (value - baseline.mean) / deviation
        const bounded = Math.max(-DEVIATIONS_MAX, Math.min(DEVIATIONS_MAX, z))
        // The mean of a young baseline is itself uncertain by this much.
        const slack = SLACK + 1 / Math.sqrt(baseline.count)
        up.add(bucket, value, bounded - slack)
        down.add(bucket, value, -bounded - slack)
      }
      wait(bucket, value)
      const side = up.sum >= down.sum ? up : down
      return side.sum > above ? change(side) : undefined
    },
    get value() {
      return Math.max(up.sum, down.sum)
    },
    clear: reset,
    save: () => [waiting.slice(0, waitingCount * 2), up.save(), down.save()],
    load(saved) {
      reset()
      if (!Array.isArray(saved) || !up.load(saved[1]) || !down.load(saved[2])) return false
      const values: unknown = saved[0]
      if (!(values instanceof Float64Array) || values.length > waiting.length) return false
      waiting.set(values)
      waitingCount = Math.floor(values.length / 2)
      return true
    },
  }
}

type Side = ReturnType<typeof createSide>

function createSide() {
  let sum = 0
  let sinceBucket = 0
  let total = 0
  let count = 0
  return {
    get sum() {
      return sum
    },
    /** Where it last began to rise. */
    get sinceBucket() {
      return sinceBucket
    },
    /** Of the values since then. */
    get mean() {
      return total / Math.max(1, count)
    },
    add(bucket: number, value: number, rise: number) {
      if (sum === 0) {
        sinceBucket = bucket
        total = 0
        count = 0
      }
      sum = Math.max(0, sum + rise)
      total += value
      count++
    },
    clear() {
      sum = 0
      sinceBucket = 0
      total = 0
      count = 0
    },
    save: () => Float64Array.of(sum, sinceBucket, total, count),
    load(saved: unknown): boolean {
      if (!(saved instanceof Float64Array) || saved.length !== 4) return false
      if (!saved.every(Number.isFinite)) return false
      ;[sum = 0, sinceBucket = 0, total = 0, count = 0] = saved
      return true
    },
  }
}
