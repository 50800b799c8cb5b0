import { BINS } from '../lib/exponential-bins.ts'
import type { RingWindow } from '../lib/ring-window.ts'
import type { FieldValue } from '../model/observation.ts'
import type { Item } from './kind.ts'
import type { Numbers } from './numbers.ts'

/** Classes of a field: no text is kept. */
export const CLASSES = 64
/** The channel of samples, after those of the classes. */
export const SAMPLES = CLASSES
export const CHANNELS = CLASSES + 1
/** log2 of the least number that has a class of its own is −20. */
const LOG2_OFFSET = 20

/** Of what is being added: weights by class, and samples. */
export class MixSums {
  readonly #sums = new Float64Array(CHANNELS)

  become({ weight, count }: Item, value: FieldValue): void {
    this.#sums.fill(0)
    this.#sums[classOf(value)] = weight
    this.#sums[SAMPLES] = count
  }

  becomeAll(numbers: Numbers): void {
    const { from, until, values, weights, counts } = numbers
    const bins = numbers.bins()
    const sums = this.#sums
    sums.fill(0)
    for (let i = from; i < until; i++) {
      if (Number.isNaN(values[i] as number)) continue
      const place = classOfBin(bins[i] as number)
      sums[place] = (sums[place] as number) + (weights[i] as number)
      sums[SAMPLES] = (sums[SAMPLES] as number) + (counts[i] as number)
    }
  }

  /** False when the window does not reach back so far. */
  addTo(window: RingWindow, atMs: number): boolean {
    if (!window.add(atMs, SAMPLES, this.#sums[SAMPLES] as number)) return false
    for (let channel = 0; channel < CLASSES; channel++) {
      const weight = this.#sums[channel] as number
      if (weight > 0) window.add(atMs, channel, weight)
    }
    return true
  }
}

/** The class of a number by its bin in an exponential sketch, where 20 octaves lie below 1 as well. */
function classOfBin(bin: number): number {
  return bin < 0 ? 0 : 1 + Math.min(CLASSES - 2, Math.floor(bin / BINS))
}

/** The class of a value, below CLASSES: by log2 for numbers (0 for zero and below), else by a hash. */
export function classOf(value: FieldValue): number {
  if (typeof value === 'number') {
    if (!(value > 0)) return 0
    return 1 + Math.max(0, Math.min(CLASSES - 2, Math.floor(Math.log2(value)) + LOG2_OFFSET))
  }
  const text = String(value)
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 15)) & (CLASSES - 1)
}

/** The least number of a class. */
export function leastOf(place: number): number {
  return place === 0 ? 0 : 2 ** (place - 1 - LOG2_OFFSET)
}
