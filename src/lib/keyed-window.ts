import { ringPlace } from './ring-place.ts'
import { isSavedKeys, type SavedKeys, turned } from './saved-keys.ts'

/**
 * Samples, weight and bad weight of each of many keys over a sliding window of event time. All keys
 * share one ring of buckets, so that the sums of the newest window are kept running for all of them
 * and one pass over the keys is cheap.
 *
 * Bounded by `keysMax`: a further key takes the place of the one heard least recently. Place `ALL`
 * counts every item, also those of keys that went. Memory: 12 B per key and bucket.
 */
export interface KeyedWindow {
  /** The place of the key; -1, and nothing is added, when the time is older than the ring reaches back. */
  add(atMs: number, key: string, amount: KeyedAmount): number
  /** Makes the window that ends there the newest; places below `placeCount` can be read then. */
  moveTo(endMs: number): void
  /** One sum of a place over the newest window. */
  running(place: number, channel: number): number
  /** One sum of a place over (endMs − windowMs, endMs]. */
  sum(query: KeyedQuery): number
  readonly placeCount: number
  keyAt(place: number): string
  placeOf(key: string): number | undefined
  clear(): void
  save(): SavedKeys
  /** False for what no window of this shape saved; then it is empty. */
  load(saved: unknown): boolean
}

export interface KeyedAmount {
  readonly count: number
  readonly weight: number
  readonly isBad: boolean
}

export interface KeyedQuery {
  readonly place: number
  readonly channel: number
  readonly endMs: number
  readonly windowMs: number
}

export const ALL = 0
export const SAMPLES = 0
export const TOTAL = 1
export const BAD = 2
const CHANNELS = 3

interface KeyedWindowOptions {
  readonly bucketMs: number
  readonly windowMs: number
  readonly spanMs: number
  readonly keysMax: number
}

export function createKeyedWindow(options: KeyedWindowOptions): KeyedWindow {
  return new KeyedRing(options)
}

class KeyedRing implements KeyedWindow {
  readonly #bucketMs: number
  readonly #windowCount: number
  readonly #ringCount: number
  readonly #keysMax: number
  readonly #places = new Map<string, number>()
  readonly #keys: string[] = []
  readonly #amounts: Float32Array[] = []
  readonly #running: Float64Array
  /** Number of the last item of each place, by which the least recent is found. */
  readonly #heard: Float64Array
  #itemCount = 0
  /** Number of the newest bucket. */
  #head = Number.NEGATIVE_INFINITY

  constructor({ bucketMs, windowMs, spanMs, keysMax }: KeyedWindowOptions) {
    this.#bucketMs = bucketMs
    this.#windowCount = this.#bucketsIn(windowMs)
    this.#ringCount = Math.max(this.#windowCount, this.#bucketsIn(spanMs)) + 1
    this.#keysMax = keysMax
    this.#running = new Float64Array((keysMax + 1) * CHANNELS)
    this.#heard = new Float64Array(keysMax + 1)
    this.#append('')
  }

  get placeCount(): number {
    return this.#keys.length
  }

  add(atMs: number, key: string, amount: KeyedAmount): number {
    const bucket = Math.floor(atMs / this.#bucketMs)
    if (!(bucket >= 0 && bucket > this.#head - this.#ringCount)) return -1
    if (bucket > this.#head) this.#advance(bucket)
    const place = this.#places.get(key) ?? this.#settle(key)
    this.#heard[place] = ++this.#itemCount
    this.#put(ALL, bucket, amount)
    this.#put(place, bucket, amount)
    return place
  }

  moveTo(endMs: number): void {
    this.#advance(Math.floor(endMs / this.#bucketMs))
  }

  sum(query: KeyedQuery): number {
    const isNewest = Math.floor(query.endMs / this.#bucketMs) === this.#head
    if (isNewest && this.#bucketsIn(query.windowMs) === this.#windowCount)
      return this.running(query.place, query.channel)
    return this.#scan(query)
  }

  running(place: number, channel: number): number {
    return this.#running[place * CHANNELS + channel] as number
  }

  keyAt(place: number): string {
    return this.#keys[place] ?? ''
  }

  placeOf(key: string): number | undefined {
    return this.#places.get(key)
  }

  clear(): void {
    this.#places.clear()
    this.#keys.length = 0
    this.#amounts.length = 0
    this.#running.fill(0)
    this.#heard.fill(0)
    this.#head = Number.NEGATIVE_INFINITY
    this.#append('')
  }

  save(): SavedKeys {
    const head = Number.isFinite(this.#head) ? this.#head : null
    const places = [...this.#keys.keys()]
    const byHeard = places.sort((a, b) => (this.#heard[a] as number) - (this.#heard[b] as number))
    const kept = byHeard.filter((place) => place === ALL || this.#amounts[place]?.some(Boolean))
    const length = this.#ringCount * CHANNELS
    const amounts = new Float32Array(kept.length * length)
    kept.forEach((place, index) => {
      const ring = this.#amounts[place] as Float32Array
      amounts.set(turned(ring, head === null ? 0 : this.#offsetOf(head + 1)), index * length)
    })
    return { bucketMs: this.#bucketMs, head, keys: kept.map((place) => this.keyAt(place)), amounts }
  }

  load(saved: unknown): boolean {
    this.clear()
    const length = this.#ringCount * CHANNELS
    const limits = { bucketMs: this.#bucketMs, length, keysMax: this.#keysMax }
    if (!isSavedKeys(saved, limits)) return false
    if (saved.head === null) return true
    this.#head = saved.head
    const turn = this.#offsetOf(saved.head + 1)
    const endMs = (saved.head + 0.5) * this.#bucketMs
    const newest = { endMs, windowMs: this.#windowCount * this.#bucketMs }
    saved.keys.forEach((key, index) => {
      const place = index === 0 ? ALL : this.#append(key)
      const from = saved.amounts.subarray(index * length, (index + 1) * length)
      this.#amounts[place]?.set(turned(from, length - turn))
      this.#heard[place] = index === 0 ? 0 : ++this.#itemCount
      for (let channel = 0; channel < CHANNELS; channel++)
        this.#run(place, channel, this.#scan({ place, channel, ...newest }))
    })
    return true
  }

  #put(place: number, bucket: number, { count, weight, isBad }: KeyedAmount): void {
    const amounts = this.#amounts[place] as Float32Array
    const offset = this.#offsetOf(bucket)
    const isRunning = bucket > this.#head - this.#windowCount
    for (let channel = 0; channel < CHANNELS; channel++) {
      if (channel === BAD && !isBad) return
      const before = amounts[offset + channel] as number
      amounts[offset + channel] = before + (channel === SAMPLES ? count : weight)
      // What rounding left of it, so that the same is taken away again.
      const added = (amounts[offset + channel] as number) - before
      if (isRunning) this.#run(place, channel, added)
    }
  }

  #run(place: number, channel: number, added: number): void {
    this.#running[place * CHANNELS + channel] = this.running(place, channel) + added
  }

  #append(key: string): number {
    const place = this.#keys.length
    this.#keys.push(key)
    this.#amounts.push(new Float32Array(this.#ringCount * CHANNELS))
    if (place !== ALL) this.#places.set(key, place)
    return place
  }

  /** A place for a new key, if need be that of the one heard least recently. */
  #settle(key: string): number {
    if (this.#keys.length <= this.#keysMax) return this.#append(key)
    let least = 1
    for (let place = 2; place < this.#keys.length; place++)
      if ((this.#heard[place] as number) < (this.#heard[least] as number)) least = place
    this.#places.delete(this.keyAt(least))
    this.#places.set(key, least)
    this.#keys[least] = key
    this.#amounts[least]?.fill(0)
    this.#running.fill(0, least * CHANNELS, (least + 1) * CHANNELS)
    return least
  }

  #advance(bucket: number): void {
    if (!(bucket - this.#head < this.#ringCount)) {
      for (const amounts of this.#amounts) amounts.fill(0)
      this.#running.fill(0)
      this.#head = bucket
      return
    }
    while (this.#head < bucket) {
      const next = this.#head + 1
      const leaving = next - this.#windowCount
      for (let place = 0; place < this.#amounts.length; place++) this.#step(place, next, leaving)
      this.#head = next
    }
  }

  #step(place: number, next: number, leaving: number): void {
    const amounts = this.#amounts[place] as Float32Array
    const from = this.#offsetOf(leaving)
    const to = this.#offsetOf(next)
    for (let channel = 0; channel < CHANNELS; channel++) {
      if (leaving >= 0) this.#run(place, channel, -(amounts[from + channel] as number))
      amounts[to + channel] = 0
    }
  }

  #scan({ place, channel, endMs, windowMs }: KeyedQuery): number {
    const end = Math.floor(endMs / this.#bucketMs)
    const amounts = this.#amounts[place] as Float32Array
    const first = Math.max(end - this.#bucketsIn(windowMs), this.#head - this.#ringCount, -1) + 1
    let total = 0
    for (let bucket = first; bucket <= Math.min(end, this.#head); bucket++)
      total += amounts[this.#offsetOf(bucket) + channel] as number
    return total
  }

  #bucketsIn(ms: number): number {
    return Math.max(1, Math.ceil(ms / this.#bucketMs - 1e-9))
  }

  #offsetOf(bucket: number): number {
    return ringPlace(bucket, this.#ringCount) * CHANNELS
  }
}
