import { binOf, type Page } from './exponential-bins.ts'
import { ExponentialSketch, HEAD_COUNT, type SketchValues } from './exponential-sketch.ts'
import { ringPlace } from './ring-place.ts'

/**
 * Sketches over a sliding window of event time, one per bucket; late items land in their own. The
 * sketch of one window is kept running, so that it can be asked on every arrival.
 *
 * A bucket takes only the bins that it uses: at most 2 KB, mostly 100 to 600 B.
 */
export interface SketchWindow {
  /** False, and nothing is added, when the time is older than the ring reaches back. */
  add(atMs: number, value: number, by: Amount): boolean
  /** As `add` for each of many values of the same bucket; `bins` are theirs (`binOf`). */
  addAll(atMs: number, bins: Int16Array, values: SketchValues): boolean
  /** Adds a whole sketch at a time. */
  merge(atMs: number, sketch: ExponentialSketch): void
  /** Of (endMs − windowMs, endMs] in whole buckets; good until the next call. */
  running(endMs: number): ExponentialSketch
  /** The same over any window up to `spanMs`. */
  over(endMs: number, ofMs: number): ExponentialSketch
  /**
   * The narrowest window ending at `endMs`, from `windowMs` to `windowMaxMs`, that holds `atLeast`
   * samples; undefined when none does.
   */
  widen(query: WidenSketches): number | undefined
  /** The bucket with this number (time / bucketMs); undefined when nothing fell there. */
  bucket(bucket: number): ExponentialSketch | undefined
  clear(): void
  readonly bucketMs: number
  /** Memory of all bins. */
  readonly bytes: number
  save(): SavedSketches
  /** False for what no window of this shape saved; then it is empty. */
  load(saved: unknown): boolean
}

export interface Amount {
  readonly weight: number
  /** Samples. */
  readonly count: number
}

export interface WidenSketches {
  readonly endMs: number
  readonly atLeast: number
  readonly windowMs: number
  readonly windowMaxMs: number
}

export interface SavedSketches {
  readonly bucketMs: number
  /** Of each bucket its number and what its sketch wrote. */
  readonly heads: Float64Array
  readonly bins: Float32Array
}

export interface SketchWindowOptions {
  readonly bucketMs: number
  readonly windowMs: number
  readonly spanMs: number
}

export function createSketchWindow(options: SketchWindowOptions): SketchWindow {
  return new SketchRing(options)
}

const HEAD = HEAD_COUNT + 1

class SketchRing implements SketchWindow {
  readonly bucketMs: number
  readonly #windowCount: number
  readonly #ringCount: number
  readonly #sketches: (ExponentialSketch | undefined)[]
  /** Number of the bucket that stands in each place. */
  readonly #numbers: Float64Array
  readonly #running = new ExponentialSketch('double')
  readonly #scratch = new ExponentialSketch('double')
  #end = Number.NaN
  #head = Number.NEGATIVE_INFINITY

  constructor({ bucketMs, windowMs, spanMs }: SketchWindowOptions) {
    this.bucketMs = bucketMs
    this.#windowCount = this.#bucketsIn(windowMs)
    this.#ringCount = Math.max(this.#windowCount, this.#bucketsIn(spanMs)) + 1
    this.#sketches = new Array(this.#ringCount).fill(undefined)
    this.#numbers = new Float64Array(this.#ringCount).fill(-1)
  }

  add(atMs: number, value: number, by: Amount): boolean {
    const number = Math.floor(atMs / this.bucketMs)
    const sketch = this.#sketchAt(number)
    if (!sketch) return false
    const bin = binOf(value)
    sketch.addAt(bin, value, by)
    if (this.#isRunning(number)) this.#running.addAt(bin, value, by)
    return true
  }

  addAll(atMs: number, bins: Int16Array, values: SketchValues): boolean {
    const number = Math.floor(atMs / this.bucketMs)
    const sketch = this.#sketchAt(number)
    if (!sketch) return false
    sketch.addAll(bins, values)
    if (this.#isRunning(number)) this.#running.addAll(bins, values)
    return true
  }

  merge(atMs: number, other: ExponentialSketch): void {
    const number = Math.floor(atMs / this.bucketMs)
    this.#sketchAt(number)?.merge(other)
    if (this.#isRunning(number)) this.#running.merge(other)
  }

  running(endMs: number): ExponentialSketch {
    const end = Math.floor(endMs / this.bucketMs)
    if (end !== this.#end) {
      this.#end = end
      this.#sum(this.#running, end - this.#windowCount + 1, end)
    }
    return this.#running
  }

  over(endMs: number, ofMs: number): ExponentialSketch {
    const end = Math.floor(endMs / this.bucketMs)
    return this.#sum(this.#scratch, end - this.#bucketsIn(ofMs) + 1, end)
  }

  widen({ endMs, atLeast, windowMs, windowMaxMs }: WidenSketches): number | undefined {
    const end = Math.floor(endMs / this.bucketMs)
    const least = this.#bucketsIn(windowMs)
    const most = this.#bucketsIn(windowMaxMs)
    let count = 0
    for (let buckets = 1; buckets <= most; buckets++) {
      count += this.bucket(end - buckets + 1)?.count ?? 0
      if (buckets >= least && count >= atLeast) return buckets * this.bucketMs
    }
    return undefined
  }

  bucket(number: number): ExponentialSketch | undefined {
    const place = this.#placeOf(number)
    return this.#numbers[place] === number ? this.#sketches[place] : undefined
  }

  clear(): void {
    for (const sketch of this.#sketches) sketch?.clear()
    this.#numbers.fill(-1)
    this.#running.clear()
    this.#end = Number.NaN
    this.#head = Number.NEGATIVE_INFINITY
  }

  get bytes(): number {
    let total = this.#running.bytes + this.#scratch.bytes
    for (const sketch of this.#sketches) total += sketch?.bytes ?? 0
    return total
  }

  save(): SavedSketches {
    const heads: number[] = []
    const pages: Page[] = []
    const first = Math.max(0, this.#head - this.#ringCount + 1)
    for (let number = first; number <= this.#head; number++) {
      const sketch = this.bucket(number)
      if (!sketch || sketch.count === 0) continue
      heads.push(number)
      sketch.write(heads, pages)
    }
    const bins = new Float32Array(pages.reduce((total, page) => total + page.length, 0))
    let from = 0
    for (const page of pages) {
      bins.set(page, from)
      from += page.length
    }
    return { bucketMs: this.bucketMs, heads: Float64Array.from(heads), bins }
  }

  load(saved: unknown): boolean {
    this.clear()
    if (!isSavedSketches(saved, this.bucketMs)) return false
    const { heads, bins } = saved
    let from = 0
    for (let place = 0; place < heads.length; place += HEAD) {
      const number = heads[place] as number
      const sketch = this.#sketchAt(number)
      const count = sketch?.read(heads.subarray(place + 1, place + HEAD), bins.subarray(from)) ?? -1
      if (count < 0) {
        this.clear()
        return false
      }
      from += count
    }
    return true
  }

  #isRunning(number: number): boolean {
    return number <= this.#end && number > this.#end - this.#windowCount
  }

  /** The sketch of a bucket, emptied when it stood for an older one; undefined when too old. */
  #sketchAt(number: number): ExponentialSketch | undefined {
    if (!(number >= 0 && number > this.#head - this.#ringCount)) return undefined
    const place = this.#placeOf(number)
    let sketch = this.#sketches[place]
    if (!sketch) {
      sketch = new ExponentialSketch()
      this.#sketches[place] = sketch
    }
    if (this.#numbers[place] !== number) {
      sketch.clear()
      this.#numbers[place] = number
    }
    if (number > this.#head) this.#head = number
    return sketch
  }

  #sum(into: ExponentialSketch, from: number, to: number): ExponentialSketch {
    into.clear()
    const first = Math.max(from, this.#head - this.#ringCount + 1, 0)
    for (let number = first; number <= Math.min(to, this.#head); number++) {
      const sketch = this.bucket(number)
      if (sketch) into.merge(sketch)
    }
    return into
  }

  #bucketsIn(ms: number): number {
    return Math.max(1, Math.ceil(ms / this.bucketMs - 1e-9))
  }

  #placeOf(number: number): number {
    return ringPlace(number, this.#ringCount)
  }
}

function isSavedSketches(saved: unknown, bucketMs: number): saved is SavedSketches {
  const one = saved as Partial<SavedSketches> | null | undefined
  if (typeof one !== 'object' || one === null || one.bucketMs !== bucketMs) return false
  const { heads, bins } = one
  if (!(heads instanceof Float64Array) || heads.length % HEAD !== 0) return false
  if (!(bins instanceof Float32Array)) return false
  for (let place = 0; place < heads.length; place += HEAD)
    if (!Number.isSafeInteger(heads[place])) return false
  return true
}
