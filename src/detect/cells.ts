// What is counted up of a batch before rules are told of it: of each tally, a cell for each stretch of
// time that it had items of and in which no bucket of its rules begins. Side by side, so that what an
// item touches is fetched at once, and begun anew with each batch, so that few are touched at all.

/** So many numbers each, which is what a processor fetches at once. */
const LINE = 8
const CELLS_MIN = 256
/** Of one tally; then rules are told. */
export const CELLS_MAX = 64
/** After a batch of more, their memory is given back. */
const CELLS_KEPT = 65_536

/** Where its numbers stand, from its beginning on. */
export const CELL = {
  count: 0,
  weight: 1,
  /** Event time of the newest. */
  atUnixMs: 2,
  fromUnixMs: 3,
  untilUnixMs: 4,
  /** The next cell of the same tally. */
  next: 5,
  /** How many items it has. */
  items: 6,
  /** Which one of its tally it is. */
  number: 7,
} as const

export class Cells {
  values: Float64Array = new Float64Array(LINE * CELLS_MIN)
  #used = 0

  /** Where the numbers of one more cell begin: zeros. Good until `clear`. */
  take(): number {
    const at = this.#used
    this.#used += LINE
    if (this.#used > this.values.length) {
      const next = new Float64Array(this.values.length * 2)
      next.set(this.values)
      this.values = next
    }
    return at
  }

  clear(): void {
    if (this.#used > LINE * CELLS_KEPT) this.values = new Float64Array(LINE * CELLS_MIN)
    else this.values.fill(0, 0, this.#used)
    this.#used = 0
  }
}
