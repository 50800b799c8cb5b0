import { ringPlace } from './ring-place.ts'

/**
 * Samples, weight and bad weight over several sliding windows of event time at once, in one ring of
 * buckets. The sums of every window are kept running, so that a judgement over an hour costs what one
 * over a minute does. Memory: 24 B per bucket of the longest window.
 */
export interface ShareWindows {
  /** False, and nothing is added, when the time is older than the ring reaches back. */
  add(atMs: number, amount: ShareAmount, isBad: boolean): boolean
  /** Makes the windows that end there the newest. */
  moveTo(endMs: number): void
  /** One sum over (endMs − windowMs, endMs]; quick for a window of the options that ends newest. */
  sum(channel: number, endMs: number, windowMs: number): number
  clear(): void
  readonly bucketMs: number
  save(): SavedShares
  /** False for what no windows of this shape saved; then they are empty. */
  load(saved: unknown): boolean
}

export interface ShareAmount {
  readonly count: number
  readonly weight: number
}

export interface SavedShares {
  readonly bucketMs: number
  /** Number of the newest bucket; null when there is none. */
  readonly head: number | null
  /** Three numbers of each bucket, oldest first, without the empty ones before. */
  readonly amounts: Float64Array
}

export const SAMPLES = 0
export const TOTAL = 1
export const BAD = 2
const CHANNELS = 3

/** So often a sum is counted anew, before taking away what was added leaves crumbs of fractions. */
const RECOUNT_BUCKETS = 1_024

export interface ShareWindowsOptions {
  readonly bucketMs: number
  readonly windowsMs: readonly number[]
}

export function createShareWindows(options: ShareWindowsOptions): ShareWindows {
  return new ShareRing(options)
}

class ShareRing implements ShareWindows {
  readonly bucketMs: number
  /** Buckets of each window. */
  readonly #windows: readonly number[]
  readonly #ringCount: number
  readonly #amounts: Float64Array
  readonly #running: Float64Array
  /** Number of the newest bucket. */
  #head = Number.NEGATIVE_INFINITY

  constructor({ bucketMs, windowsMs }: ShareWindowsOptions) {
    this.bucketMs = bucketMs
    this.#windows = windowsMs.map((ms) => this.#bucketsIn(ms))
    // One more than the longest, for what is just leaving it.
    this.#ringCount = Math.max(...this.#windows) + 2
    this.#amounts = new Float64Array(this.#ringCount * CHANNELS)
    this.#running = new Float64Array(this.#windows.length * CHANNELS)
  }

  add(atMs: number, amount: ShareAmount, isBad: boolean): boolean {
    const bucket = Math.floor(atMs / this.bucketMs)
    if (!(bucket >= 0 && bucket > this.#head - this.#ringCount)) return false
    if (bucket > this.#head) this.#advance(bucket)
    const { count, weight } = amount
    const badWeight = isBad ? weight : 0
    const offset = this.#offsetOf(bucket)
    increase(this.#amounts, offset + SAMPLES, count)
    increase(this.#amounts, offset + TOTAL, weight)
    increase(this.#amounts, offset + BAD, badWeight)
    for (let window = 0; window < this.#windows.length; window++) {
      if (bucket <= this.#head - (this.#windows[window] as number)) continue
      increase(this.#running, window * CHANNELS + SAMPLES, count)
      increase(this.#running, window * CHANNELS + TOTAL, weight)
      increase(this.#running, window * CHANNELS + BAD, badWeight)
    }
    return true
  }

  moveTo(endMs: number): void {
    const bucket = Math.floor(endMs / this.bucketMs)
    if (bucket > this.#head) this.#advance(bucket)
  }

  sum(channel: number, endMs: number, windowMs: number): number {
    const end = Math.floor(endMs / this.bucketMs)
    const buckets = this.#bucketsIn(windowMs)
    const window = end === this.#head ? this.#windows.indexOf(buckets) : -1
    if (window >= 0) return this.#running[window * CHANNELS + channel] as number
    return this.#scan(channel, end - buckets + 1, end)
  }

  clear(): void {
    this.#amounts.fill(0)
    this.#running.fill(0)
    this.#head = Number.NEGATIVE_INFINITY
  }

  save(): SavedShares {
    const { bucketMs } = this
    if (!Number.isFinite(this.#head)) return { bucketMs, head: null, amounts: new Float64Array(0) }
    const head = this.#head
    let first = Math.max(0, head - this.#ringCount + 1)
    while (first < head && this.#scan(SAMPLES, first, first) === 0) first++
    const amounts = new Float64Array((head - first + 1) * CHANNELS)
    for (let bucket = first; bucket <= head; bucket++)
      for (let channel = 0; channel < CHANNELS; channel++)
        amounts[(bucket - first) * CHANNELS + channel] = this.#scan(channel, bucket, bucket)
    return { bucketMs, head, amounts }
  }

  load(saved: unknown): boolean {
    this.clear()
    if (!isSavedShares(saved, this.bucketMs)) return false
    const { head, amounts } = saved
    if (head === null) return true
    this.#head = head
    const first = head - amounts.length / CHANNELS + 1
    for (let index = 0; index < amounts.length; index++) {
      const bucket = first + Math.floor(index / CHANNELS)
      if (bucket < 0 || bucket <= head - this.#ringCount) continue
      this.#amounts[this.#offsetOf(bucket) + (index % CHANNELS)] = amounts[index] as number
    }
    this.#recount()
    return true
  }

  #advance(bucket: number): void {
    if (!(bucket - this.#head < this.#ringCount)) {
      this.clear()
      this.#head = bucket
      return
    }
    while (this.#head < bucket) {
      const next = this.#head + 1
      this.#amounts.fill(0, this.#offsetOf(next), this.#offsetOf(next) + CHANNELS)
      for (let window = 0; window < this.#windows.length; window++) {
        const leaving = next - (this.#windows[window] as number)
        if (leaving < 0) continue
        const offset = this.#offsetOf(leaving)
        for (let channel = 0; channel < CHANNELS; channel++)
          increase(
            this.#running,
            window * CHANNELS + channel,
            -(this.#amounts[offset + channel] as number),
          )
      }
      this.#head = next
      if (next % RECOUNT_BUCKETS === 0) this.#recount()
    }
  }

  #recount(): void {
    this.#windows.forEach((buckets, window) => {
      for (let channel = 0; channel < CHANNELS; channel++)
        this.#running[window * CHANNELS + channel] = this.#scan(
          channel,
          this.#head - buckets + 1,
          this.#head,
        )
    })
  }

  #scan(channel: number, from: number, to: number): number {
    let total = 0
    const first = Math.max(from, this.#head - this.#ringCount + 1, 0)
    for (let bucket = first; bucket <= Math.min(to, this.#head); bucket++)
      total += this.#amounts[this.#offsetOf(bucket) + channel] as number
    return total
  }

  #bucketsIn(ms: number): number {
    return Math.max(1, Math.ceil(ms / this.bucketMs - 1e-9))
  }

  #offsetOf(bucket: number): number {
    return ringPlace(bucket, this.#ringCount) * CHANNELS
  }
}

function increase(amounts: Float64Array, index: number, by: number): void {
  amounts[index] = (amounts[index] as number) + by
}

function isSavedShares(saved: unknown, bucketMs: number): saved is SavedShares {
  const one = saved as Partial<SavedShares> | null | undefined
  if (typeof one !== 'object' || one === null || one.bucketMs !== bucketMs) return false
  const { head, amounts } = one
  if (!(amounts instanceof Float64Array) || amounts.length % CHANNELS !== 0) return false
  if (!amounts.every((amount) => amount >= 0 && amount < 1e30)) return false
  if (head === null) return amounts.length === 0
  return Number.isSafeInteger(head) && (head as number) >= 0 && amounts.length > 0
}
