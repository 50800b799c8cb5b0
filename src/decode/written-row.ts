import type { GrowingBytes } from '../lib/growing-bytes.ts'
import type { MapColumn } from '../lib/native-map.ts'
import type { ShapeFacts } from './attribute-shapes.ts'
import type { PairSource } from './pair-values.ts'
import type { PairList } from './pairs.ts'
import { COMPLEX } from './value-kinds.ts'

/** The values of a row of a map column, of which most are mostly those of the row before. */
export interface WrittenRow<C> {
  /** The values in their order; the row's keys and its end are the caller's. */
  write(column: MapColumn, source: C, facts: ShapeFacts): void
  /** A row was written in another way. */
  forget(): void
}

interface RowSource extends PairSource {
  readonly pairs: PairList
}

/** No row has this number, nor stands before the first. */
const NO_ROW = -2
const PAIRS_AT_FIRST = 64

/** @param writeValue writes the value in this place of the pairs */
export function createWrittenRow<C extends RowSource>(
  writeValue: (out: GrowingBytes, source: C, place: number) => void,
): WrittenRow<C> {
  return new Row(writeValue)
}

class Row<C extends RowSource> implements WrittenRow<C> {
  readonly #writeValue: (out: GrowingBytes, source: C, place: number) => void
  /** Which row it is, of which column, what it was written from. */
  #row = NO_ROW
  #column: MapColumn | undefined
  #facts: ShapeFacts | undefined
  #pairs: PairList | undefined
  #serial = 0
  /** Where each value begins in the column, and where the last one ends. */
  #starts = new Int32Array(PAIRS_AT_FIRST + 1)

  constructor(writeValue: (out: GrowingBytes, source: C, place: number) => void) {
    this.#writeValue = writeValue
  }

  write(column: MapColumn, source: C, facts: ShapeFacts): void {
    const { pairs } = source
    const { order } = facts
    if (this.#isBefore(column, pairs, facts)) this.#writeChanged(column.values, source, order)
    else this.#writeAll(column.values, source, order)
    this.#row = column.offsets.length
    this.#column = column
    this.#facts = facts
    this.#pairs = pairs
    this.#serial = pairs.serial
  }

  forget(): void {
    this.#row = NO_ROW
  }

  /** Whether the last row of the column is this one, of the item before, with the same keys. */
  #isBefore(column: MapColumn, pairs: PairList, facts: ShapeFacts): boolean {
    return (
      this.#row === column.offsets.length - 1 &&
      this.#serial === pairs.serial - 1 &&
      this.#facts === facts &&
      this.#column === column &&
      this.#pairs === pairs
    )
  }

  #writeAll(out: GrowingBytes, source: C, order: Int32Array): void {
    const count = order.length
    if (count >= this.#starts.length) this.#starts = new Int32Array(count * 2)
    const starts = this.#starts
    for (let i = 0; i < count; i++) {
      starts[i] = out.length
      this.#writeValue(out, source, order[i] as number)
    }
    starts[count] = out.length
  }

  /** What stands next to each other and is the same again is copied in one go. */
  #writeChanged(out: GrowingBytes, source: C, order: Int32Array): void {
    const { again, kinds } = source.pairs
    const starts = this.#starts
    const count = order.length
    let start = starts[0] as number
    let copyFrom = start
    for (let i = 0; i < count; i++) {
      const place = order[i] as number
      const end = starts[i + 1] as number
      // What is private inside a complex value must be counted each time.
      if (again[place] === 1 && kinds[place] !== COMPLEX) starts[i] = out.length + start - copyFrom
      else {
        out.copyOwn(copyFrom, start)
        copyFrom = end
        starts[i] = out.length
        this.#writeValue(out, source, place)
      }
      start = end
    }
    out.copyOwn(copyFrom, start)
    starts[count] = out.length
  }
}
