// Unsigned 32-bit integers that are only ever appended to: offsets and dictionary indexes.

export interface GrowingIntegers {
  /** Replaced when it grows: read it anew after every `reserve`. */
  readonly values: Uint32Array
  length: number
  reserve(count: number): void
  push(value: number): void
  /** The same value `times` times. */
  fill(value: number, times: number): void
}

const FIRST_COUNT = 256

export function createGrowingIntegers(): GrowingIntegers {
  return new Growing()
}

class Growing implements GrowingIntegers {
  values = new Uint32Array(FIRST_COUNT)
  length = 0

  reserve(count: number): void {
    if (this.length + count > this.values.length) this.#grow(this.length + count)
  }

  #grow(count: number): void {
    let size = this.values.length * 2
    while (size < count) size *= 2
    const grown = new Uint32Array(size)
    grown.set(this.values.subarray(0, this.length))
    this.values = grown
  }

  push(value: number): void {
    this.reserve(1)
    this.values[this.length++] = value
  }

  fill(value: number, times: number): void {
    this.reserve(times)
    this.values.fill(value, this.length, this.length + times)
    this.length += times
  }
}
