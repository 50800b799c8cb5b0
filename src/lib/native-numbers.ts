// Columns of numbers as they lie in an answer: each is made when it is asked for.

/** UInt8 to UInt32, Int64 and UInt64 (exact up to 2^53), Float64. */
export interface NumberColumn {
  at(row: number): number
  /** Of 64-bit integers only: the lower half, unsigned. */
  low(row: number): number
  /** Of 64-bit integers only: the upper half, signed. */
  high(row: number): number
}

export const NUMBER_WIDTHS = {
  ...{ UInt8: 1, UInt16: 2, UInt32: 4, Int64: 8, UInt64: 8, Float64: 8 },
} as const
export type NumberType = keyof typeof NUMBER_WIDTHS

const HIGH = 0x1_0000_0000

/** @param view of nothing but the column */
export function createNumbers(view: DataView, type: NumberType): NumberColumn {
  switch (type) {
    case 'UInt8':
      return new Numbers((row) => view.getUint8(row))
    case 'UInt16':
      return new Numbers((row) => view.getUint16(row * 2, true))
    case 'UInt32':
      return new Numbers((row) => view.getUint32(row * 4, true))
    case 'Float64':
      return new Numbers((row) => view.getFloat64(row * 8, true))
    default:
      return new Longs(view, type === 'Int64')
  }
}

/** A column that was not fetched: what its rows have is known otherwise. */
export const computedNumbers = (at: (row: number) => number): NumberColumn => new Numbers(at)

class Numbers implements NumberColumn {
  readonly at: (row: number) => number

  constructor(at: (row: number) => number) {
    this.at = at
  }

  low(): number {
    throw new Error('only 64-bit integers have halves')
  }

  high(): number {
    throw new Error('only 64-bit integers have halves')
  }
}

class Longs implements NumberColumn {
  readonly #view: DataView
  readonly #isSigned: boolean

  constructor(view: DataView, isSigned: boolean) {
    this.#view = view
    this.#isSigned = isSigned
  }

  at(row: number): number {
    const high = this.high(row)
    return (this.#isSigned ? high : high >>> 0) * HIGH + this.low(row)
  }

  low(row: number): number {
    return this.#view.getUint32(row * 8, true)
  }

  high(row: number): number {
    return this.#view.getInt32(row * 8 + 4, true)
  }
}
