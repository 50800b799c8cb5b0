import { createGrowingBytes } from './growing-bytes.ts'
import type { NativeColumn } from './native-column.ts'

/** The rows of one table since it was last sealed, by columns. */
export interface NativeTable {
  readonly name: string
  /** Of the block that was sealed last. */
  readonly columns: readonly string[]
  /** Rows whose every column has its value; the writer of rows counts them. */
  rowCount: number
  /** About the size of the block that it would be now. */
  readonly byteCount: number
  mark(): void
  rollback(): void
  /** All rows as one block, whose bytes are good until the next one; then it is empty. */
  seal(): Buffer
}

/** Columns that many senders leave empty: a `Nested` structure, mostly. */
export interface RareColumns {
  readonly columns: readonly NativeColumn[]
  /** Whether any row since the last seal has something in one of them. */
  isUsed(): boolean
}

/**
 * @param rare of the columns, by groups: left out of blocks until one is used, and in all from then
 * on, since blocks of other columns cannot share a file. The database fills in what is left out.
 * Links, empty, were a tenth of a block of spans.
 */
export function createNativeTable(
  name: string,
  columns: readonly NativeColumn[],
  rare: readonly RareColumns[] = [],
): NativeTable {
  return new Table(name, columns, rare)
}

class Table implements NativeTable {
  readonly name: string
  columns: readonly string[] = []
  rowCount = 0
  readonly #columns: readonly NativeColumn[]
  #unused: readonly RareColumns[] = []
  #written: readonly NativeColumn[] = []
  readonly #out = createGrowingBytes()
  #markedRows = 0

  constructor(name: string, columns: readonly NativeColumn[], rare: readonly RareColumns[]) {
    this.name = name
    this.#columns = columns
    this.#leaveOut(rare)
  }

  #leaveOut(unused: readonly RareColumns[]): void {
    const left = new Set(unused.flatMap((group) => group.columns))
    this.#unused = unused
    this.#written = this.#columns.filter((column) => !left.has(column))
    this.columns = this.#written.map((column) => column.name)
  }

  get byteCount(): number {
    return this.#columns.reduce((sum, { byteCount }) => sum + byteCount, 0)
  }

  mark(): void {
    this.#markedRows = this.rowCount
    for (const column of this.#columns) column.mark()
  }

  rollback(): void {
    this.rowCount = this.#markedRows
    for (const column of this.#columns) column.rollback()
  }

  seal(): Buffer {
    const unused = this.#unused.filter((group) => !group.isUsed())
    if (unused.length < this.#unused.length) this.#leaveOut(unused)
    const out = this.#out
    out.length = 0
    out.varint(this.#written.length)
    out.varint(this.rowCount)
    for (const column of this.#written) {
      out.text(column.name)
      out.text(column.type)
      // Of no rows the format has nothing, not even versions.
      if (this.rowCount === 0) continue
      column.writePrefix(out)
      column.writeData(out)
    }
    // Only now: some share their offsets.
    for (const column of this.#columns) column.clear()
    this.rowCount = 0
    return out.bytes.subarray(0, out.length)
  }
}
