import { createGrowingIntegers, type GrowingIntegers } from './growing-integers.ts'
import { type ArrayColumn, createArrayColumn, type NativeColumn } from './native-column.ts'
import { endOf, isAnything } from './native-offsets.ts'
import type { RareColumns } from './native-table.ts'

/** Columns of one `Nested` structure: arrays that share their offsets. */
export interface Nested extends RareColumns {
  /** The arrays, in the order of the columns given. */
  readonly columns: readonly ArrayColumn<NativeColumn>[]
  /** Ends a row that got `count` more elements in each inner column. */
  endRow(count: number): void
}

export function createNested(inner: readonly NativeColumn[]): Nested {
  const offsets: GrowingIntegers = createGrowingIntegers()
  return {
    columns: inner.map((column) => createArrayColumn(column, offsets)),
    isUsed: () => isAnything(offsets),
    endRow: (count) => offsets.push(endOf(offsets) + count),
  }
}
