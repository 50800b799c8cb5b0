import { createGrowingBytes } from './growing-bytes.ts'
import type { NativeColumn } from './native-column.ts'

/** The rows of one table since it was last sealed, by columns. */
export interface NativeTable {
  readonly name: string
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

export function createNativeTable(name: string, columns: readonly NativeColumn[]): NativeTable {
  return new Table(name, columns)
}

class Table implements NativeTable {
  readonly name: string
  readonly columns: readonly string[]
  rowCount = 0
  readonly #columns: readonly NativeColumn[]
  readonly #out = createGrowingBytes()
  #markedRows = 0

  constructor(name: string, columns: readonly NativeColumn[]) {
    this.name = name
    this.columns = columns.map((column) => column.name)
    this.#columns = columns
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
    const out = this.#out
    out.length = 0
    out.varint(this.#columns.length)
    out.varint(this.rowCount)
    for (const column of this.#columns) {
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
